//! The GraphQL interface: a pull request read whole, files and history out of git, guarded commits,
//! and GitHub's ways of failing with 200.
#![allow(
    clippy::unwrap_used,
    reason = "a test stops where something is missing"
)]

mod forge_world;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use forge_world::World;
use serde_json::{Value, json};

const PULL_REQUEST: &str = include_str!("forge_world/pull_request.graphql");

#[tokio::test]
async fn one_query_reads_a_promotion_whole() {
    let world = World::seeded().await;
    let number = world
        .forge
        .open_promotion("stg")
        .await
        .unwrap()
        .unwrap()
        .number;
    let variables = json!({ "owner": "demo", "name": "podinfo", "number": number });
    let body = world.graphql("sam", PULL_REQUEST, variables.clone()).await;
    assert_eq!(body["errors"], Value::Null, "{body:#}");
    assert_eq!(
        body["data"]["viewer"],
        json!({ "login": "sam", "databaseId": 1002 })
    );
    assert_eq!(body["data"]["repository"]["viewerPermission"], "WRITE");
    let pull = &body["data"]["repository"]["pullRequest"];
    assert_eq!(pull["title"], "Promote app-podinfo/podinfo in stg to 1.1.7");
    assert_eq!(pull["author"]["__typename"], "Bot");
    assert_eq!(pull["state"], "OPEN");
    assert_eq!(pull["mergeable"], "MERGEABLE");
    assert_eq!(pull["mergeStateStatus"], "BLOCKED");
    assert_eq!(pull["reviewDecision"], "REVIEW_REQUIRED");
    assert_eq!(pull["viewerDidAuthor"], false);
    assert_eq!(pull["viewerLatestReview"], Value::Null);
    let rule = &pull["baseRef"]["refUpdateRule"];
    assert_eq!(rule["requiredApprovingReviewCount"], 1);
    assert_eq!(
        rule["requiredStatusCheckContexts"],
        json!(["test", "versions agree", "chart lint"])
    );
    let path = &pull["files"]["nodes"][0]["path"];
    assert_eq!(path, "environments/stg/podinfo-helmrelease.yaml");
    let contexts = pull["statusCheckRollup"]["contexts"]["nodes"]
        .as_array()
        .unwrap();
    assert_eq!(contexts.len(), 3);
    assert!(contexts.iter().all(|context| context["isRequired"] == true));
    assert_eq!(pull["statusCheckRollup"]["state"], "SUCCESS");
    let wanted = pull["reviewRequests"]["nodes"].as_array().unwrap();
    assert!(
        wanted
            .iter()
            .any(|node| node["requestedReviewer"]["slug"] == "approvers")
    );

    let head = pull["headRefOid"].as_str().unwrap().to_owned();
    world
        .forge
        .review(number, "sam", "APPROVE", "")
        .await
        .unwrap();
    let approved = world.graphql("sam", PULL_REQUEST, variables.clone()).await;
    let pull = &approved["data"]["repository"]["pullRequest"];
    assert_eq!(pull["reviewDecision"], "APPROVED");
    assert_eq!(pull["mergeStateStatus"], "CLEAN");
    assert_eq!(
        pull["viewerLatestReview"],
        json!({ "state": "APPROVED", "commit": { "oid": head } })
    );

    world.forge.move_head("stg", "ana").await.unwrap();
    let moved = world.graphql("sam", PULL_REQUEST, variables).await;
    let pull = &moved["data"]["repository"]["pullRequest"];
    assert_eq!(pull["reviewDecision"], "REVIEW_REQUIRED");
    assert_ne!(pull["headRefOid"], head);
    assert_eq!(
        pull["timelineItems"]["nodes"][0]["__typename"],
        "ReviewDismissedEvent"
    );
}

#[tokio::test]
async fn open_promotions_are_found_by_state_and_branch() {
    let world = World::seeded().await;
    let query = "query($head: String) { repository(owner: \"demo\", name: \"podinfo\") {
        open: pullRequests(states: OPEN, first: 5) { totalCount nodes { number } }
        merged: pullRequests(states: [MERGED], first: 3, orderBy: {field: UPDATED_AT, direction: DESC}) {
          totalCount nodes { title mergedBy { login } mergeCommit { oid } } pageInfo { hasNextPage endCursor } }
        stg: pullRequests(states: OPEN, first: 1, headRefName: $head) { nodes { ...Short } } } }
        fragment Short on PullRequest { headRefName }";
    let head = "promotion-app-podinfo-podinfo-stg";
    let body = world.graphql("kim", query, json!({ "head": head })).await;
    let found = &body["data"]["repository"];
    assert_eq!(found["open"]["totalCount"], 1, "{body:#}");
    assert_eq!(found["stg"]["nodes"], json!([{ "headRefName": head }]));
    assert_eq!(found["merged"]["nodes"].as_array().unwrap().len(), 3);
    assert_eq!(found["merged"]["pageInfo"]["hasNextPage"], true);
    assert_eq!(
        found["merged"]["nodes"][0]["title"],
        "Promote app-podinfo/podinfo in uat to 1.1.7"
    );
}

#[tokio::test]
async fn files_directories_and_history_come_out_of_git() {
    let world = World::seeded().await;
    let query = "{ repository(owner: \"demo\", name: \"podinfo\") {
        file: object(expression: \"main:environments/uat/podinfo-helmrelease.yaml\") { __typename ... on Blob { text oid } }
        none: object(expression: \"main:no/such/file\") { ... on Blob { text } }
        dir: object(expression: \"main:environments\") { ... on Tree { entries { name type object { ... on Tree { entries { name object { ... on Blob { byteSize } } } } } } } }
        ref(qualifiedName: \"refs/heads/main\") { name target { ... on Commit { oid committedDate
          history(first: 2, path: \"environments/prod\") { totalCount nodes { oid committedDate messageHeadline author { user { login } } } } } } } } }";
    let body = world.graphql("sam", query, json!({})).await;
    let found = &body["data"]["repository"];
    assert_eq!(found["file"]["__typename"], "Blob", "{body:#}");
    assert!(
        found["file"]["text"]
            .as_str()
            .unwrap()
            .contains("version: 1.1.7")
    );
    assert_eq!(found["none"], Value::Null);
    let names: Vec<_> = found["dir"]["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["dev-test", "dev", "prod", "stg", "uat"]);
    let history = &found["ref"]["target"]["history"];
    assert_eq!(history["nodes"].as_array().unwrap().len(), 2);
    let headline = &history["nodes"][0]["messageHeadline"];
    assert_eq!(headline, "Promote app-podinfo/podinfo in prod to 1.1.6");
}

#[tokio::test]
async fn a_commit_on_a_branch_is_made_only_where_the_branch_was_seen() {
    let world = World::fresh().await;
    let mutation =
        "mutation($input: CreateCommitOnBranchInput!) { createCommitOnBranch(input: $input) {
        commit { oid messageHeadline author { user { login } } } ref { name } } }";
    let main = world.forge.branch("main").unwrap();
    let reference = json!({ "ref": "refs/heads/mine", "sha": main });
    let made = world
        .api("ana", reqwest::Method::POST, "git/refs", Some(reference))
        .await;
    assert_eq!(made.status, 201, "{}", made.text);
    let input = |branch: &str, expected: &str| {
        json!({ "input": {
            "branch": { "repositoryNameWithOwner": "demo/podinfo", "branchName": branch },
            "expectedHeadOid": expected,
            "message": { "headline": "Add notes", "body": "Two of them" },
            "fileChanges": {
                "additions": [
                    { "path": "one.txt", "contents": STANDARD.encode("one\n") },
                    { "path": "docs/two.txt", "contents": STANDARD.encode("two\n") },
                ],
                "deletions": [{ "path": "README.md" }],
            },
        } })
    };
    let body = world.graphql("ana", mutation, input("mine", &main)).await;
    let commit = &body["data"]["createCommitOnBranch"]["commit"];
    assert_eq!(commit["author"]["user"]["login"], "ana", "{body:#}");
    assert_eq!(commit["oid"], world.forge.branch("mine").unwrap());
    assert_eq!(
        world.forge.file("mine", "docs/two.txt").await.unwrap(),
        "two\n"
    );
    assert!(world.forge.file("mine", "README.md").await.is_err());

    let stale = world.graphql("ana", mutation, input("mine", &main)).await;
    assert_eq!(stale["errors"][0]["type"], "STALE_DATA", "{stale:#}");
    assert_eq!(stale["data"]["createCommitOnBranch"], Value::Null);
    let protected = world.graphql("ana", mutation, input("main", &main)).await;
    assert_eq!(
        protected["errors"][0]["type"], "UNPROCESSABLE",
        "{protected:#}"
    );
    assert_eq!(world.forge.branch("main").unwrap(), main);
}

#[tokio::test]
async fn what_is_wrong_with_a_query_is_said_with_200() {
    let world = World::fresh().await;
    for (query, sentence) in [
        (
            "{ viewer { shoeSize } }",
            "Field 'shoeSize' doesn't exist on type 'User'",
        ),
        ("{ viewer }", "must have selections"),
        ("{ viewer { login ", "Parse error"),
        ("query($n: Int!) { rateLimit { cost } }", "Variable $n"),
    ] {
        let body = world.graphql("sam", query, json!({})).await;
        let message = body["errors"][0]["message"].as_str().unwrap_or_default();
        assert!(message.contains(sentence), "{body:#}");
        assert_eq!(body["data"], Value::Null);
    }
    let missing =
        "{ repository(owner: \"demo\", name: \"podinfo\") { pullRequest(number: 99) { id } } }";
    let body = world.graphql("sam", missing, json!({})).await;
    assert_eq!(body["errors"][0]["type"], "NOT_FOUND");
    assert_eq!(
        body["errors"][0]["path"],
        json!(["repository", "pullRequest"])
    );
    assert_eq!(body["data"]["repository"]["pullRequest"], Value::Null);
}
