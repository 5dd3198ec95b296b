//! The GraphQL interface: a pull request read whole, files and history out of git, guarded commits,
//! and GitHub's ways of failing with 200.
#![allow(
    clippy::unwrap_used,
    reason = "a test stops where something is missing"
)]

mod github_world;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use github_world::{World, query};
use serde_json::{Value, json};

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
    let promotion = query("Promotion");
    let path = "environments/stg/podinfo-helmrelease.yaml";
    let variables = json!({ "owner": "demo", "name": "podinfo", "number": number, "path": path });
    let body = world.graphql("sam", &promotion, variables.clone()).await;
    assert_eq!(body["errors"], Value::Null, "{body:#}");
    let viewer = "query { viewer { login databaseId } }";
    let viewer = world.graphql("sam", viewer, json!({})).await;
    assert_eq!(
        viewer["data"]["viewer"],
        json!({ "login": "sam", "databaseId": 1002 })
    );
    assert_eq!(body["data"]["repository"]["viewerPermission"], "WRITE");
    let pull = &body["data"]["repository"]["pullRequest"];
    assert_eq!(pull["title"], "Promote app-podinfo/podinfo in stg to 1.1.7");
    assert_eq!(pull["author"]["__typename"], "Bot");
    assert_eq!(pull["state"], "OPEN");
    assert_eq!(pull["mergeable"], "MERGEABLE");
    assert_eq!(pull["reviewDecision"], "REVIEW_REQUIRED");
    assert_eq!(pull["author"]["login"], "weft-demo");
    assert_eq!(merge_state(&world, number).await, "BLOCKED");
    let rule = &pull["baseRef"]["refUpdateRule"];
    assert_eq!(rule["requiredApprovingReviewCount"], 1);
    assert_eq!(
        rule["requiredStatusCheckContexts"],
        json!(["test", "versions agree", "chart lint"])
    );
    let commit = &pull["commits"]["nodes"][0]["commit"];
    let contexts = &commit["statusCheckRollup"]["contexts"]["nodes"];
    let contexts = contexts.as_array().unwrap();
    assert_eq!(contexts.len(), 3);
    let succeeded = |context: &Value| context["conclusion"] == "SUCCESS";
    assert!(contexts.iter().all(succeeded), "{contexts:#?}");
    let declared = &pull["declares"]["nodes"][0]["commit"]["file"]["object"]["text"];
    assert!(declared.as_str().unwrap().contains("version: 1.1.7"));
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
    let approved = world.graphql("sam", &promotion, variables.clone()).await;
    let pull = &approved["data"]["repository"]["pullRequest"];
    assert_eq!(pull["reviewDecision"], "APPROVED");
    assert_eq!(merge_state(&world, number).await, "CLEAN");
    let opinion = &pull["opinions"]["nodes"][0];
    assert_eq!(
        (&opinion["state"], &opinion["author"]["login"]),
        (&json!("APPROVED"), &json!("sam"))
    );
    assert_eq!(opinion["commit"]["oid"], head.as_str());

    world.forge.move_head("stg", "ana").await.unwrap();
    let moved = world.graphql("sam", &promotion, variables).await;
    let pull = &moved["data"]["repository"]["pullRequest"];
    assert_eq!(pull["reviewDecision"], "REVIEW_REQUIRED");
    assert_ne!(pull["headRefOid"], head);
    assert_eq!(pull["opinions"]["nodes"][0]["state"], "DISMISSED");
}

async fn merge_state(world: &World, number: u64) -> String {
    let query = "query($n: Int!) { repository(owner: \"demo\", name: \"podinfo\") {
        pullRequest(number: $n) { mergeStateStatus statusCheckRollup { state } } } }";
    let body = world.graphql("sam", query, json!({ "n": number })).await;
    let pull = &body["data"]["repository"]["pullRequest"];
    assert_eq!(pull["statusCheckRollup"]["state"], "SUCCESS");
    pull["mergeStateStatus"].as_str().unwrap().to_owned()
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
async fn files_and_history_come_out_of_git() {
    let world = World::seeded().await;
    let query = "{ repository(owner: \"demo\", name: \"podinfo\") {
        file: object(expression: \"main:environments/uat/podinfo-helmrelease.yaml\") { __typename ... on Blob { text oid } }
        none: object(expression: \"main:no/such/file\") { ... on Blob { text } }
        dir: object(expression: \"main:environments\") { __typename }
        ref(qualifiedName: \"refs/heads/main\") { name target { ... on Commit { oid committedDate
          history(first: 2) { totalCount nodes { oid committedDate messageHeadline author { user { login } } } } } } } } }";
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
    assert_eq!(found["dir"]["__typename"], "Tree");
    let history = &found["ref"]["target"]["history"];
    assert_eq!(history["nodes"].as_array().unwrap().len(), 2);
    let headline = &history["nodes"][0]["messageHeadline"];
    assert!(
        headline
            .as_str()
            .unwrap()
            .starts_with("Merge pull request #")
    );
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
    for (query, word) in [
        ("{ viewer { shoeSize } }", "shoeSize"),
        ("{ viewer }", "subselection"),
        ("{ viewer { login ", "syntax error"),
        (
            "query($n: Int!) { viewer { login @include(if: $n) } }",
            "$n",
        ),
        (
            "query($n: Int!) { repository(owner: \"demo\", name: \"podinfo\") {
                pullRequest(number: $n) { number } } }",
            "'n'",
        ),
        (
            "{ repository(owner: \"demo\", name: 7) { viewerPermission } }",
            "String!",
        ),
    ] {
        let body = world.graphql("sam", query, json!({})).await;
        let errors = body["errors"].to_string();
        assert!(errors.contains(word), "{body:#}");
        assert!(
            body["errors"][0]["locations"][0]["line"].is_u64(),
            "{body:#}"
        );
        assert_eq!(body["data"], Value::Null);
    }
    let missing =
        "{ repository(owner: \"demo\", name: \"podinfo\") { pullRequest(number: 99) { title } } }";
    let body = world.graphql("sam", missing, json!({})).await;
    assert_eq!(body["errors"][0]["type"], "NOT_FOUND");
    assert_eq!(
        body["errors"][0]["path"],
        json!(["repository", "pullRequest"])
    );
    assert_eq!(body["data"]["repository"]["pullRequest"], Value::Null);
}
