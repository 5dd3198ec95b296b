//! The GraphQL interface: a pull request read whole, files and history out of git, guarded commits,
//! and GitHub's ways of failing with 200.
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::world::{World, query};

#[tokio::test]
async fn one_query_reads_a_promotion_whole() {
    let world = World::seeded().await;
    let number = world.promotion("stg").await.unwrap().number;
    let promotion = query("Promotion");
    let path = "environments/stg/podinfo-helmrelease.yaml";
    let variables = json!({ "owner": "demo", "name": "podinfo", "number": number, "path": path });
    let body = world.graphql("sam", &promotion, variables.clone()).await;
    assert_eq!(body["errors"], Value::Null, "{body:#}");
    let viewer = "query { viewer { login databaseId } }";
    let viewer = world.graphql("sam", viewer, json!({})).await;
    let sam = json!({ "login": "sam", "databaseId": 1002 });
    assert_eq!(viewer["data"]["viewer"], sam);
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
    let checks = json!(["test", "versions agree", "chart lint"]);
    assert_eq!(rule["requiredStatusCheckContexts"], checks);
    let commit = &pull["commits"]["nodes"][0]["commit"];
    let contexts = list(&commit["statusCheckRollup"]["contexts"]["nodes"]);
    assert_eq!(contexts.len(), 3);
    let succeeded = |context: &Value| context["conclusion"] == "SUCCESS";
    assert!(contexts.iter().all(succeeded), "{contexts:#?}");
    let declared = &pull["declares"]["nodes"][0]["commit"]["file"]["object"]["text"];
    assert!(declared.as_str().unwrap().contains("version: 1.1.7"));
    let mut wanted = list(&pull["reviewRequests"]["nodes"]).iter();
    assert!(wanted.any(|node| node["requestedReviewer"]["slug"] == "approvers"));

    let head = pull["headRefOid"].as_str().unwrap().to_owned();
    world.approve(number).await;
    let approved = world.graphql("sam", &promotion, variables.clone()).await;
    let pull = &approved["data"]["repository"]["pullRequest"];
    assert_eq!(pull["reviewDecision"], "APPROVED");
    assert_eq!(merge_state(&world, number).await, "CLEAN");
    let opinion = &pull["opinions"]["nodes"][0];
    assert_eq!(opinion["state"], "APPROVED");
    assert_eq!(opinion["author"]["login"], "sam");
    assert_eq!(opinion["commit"]["oid"], head.as_str());

    world.forge.move_head("stg", "ana").await.unwrap();
    let moved = world.graphql("sam", &promotion, variables).await;
    let pull = &moved["data"]["repository"]["pullRequest"];
    assert_eq!(pull["reviewDecision"], "REVIEW_REQUIRED");
    assert_ne!(pull["headRefOid"], head);
    assert_eq!(pull["opinions"]["nodes"][0]["state"], "DISMISSED");
}

fn list(nodes: &Value) -> &[Value] {
    nodes.as_array().unwrap()
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
    let merged = list(&found["merged"]["nodes"]);
    assert_eq!(merged.len(), 3);
    assert_eq!(found["merged"]["pageInfo"]["hasNextPage"], true);
    let title = "Promote app-podinfo/podinfo in uat to 1.1.7";
    assert_eq!(merged[0]["title"], title);
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
    let text = found["file"]["text"].as_str().unwrap();
    assert!(text.contains("version: 1.1.7"));
    assert_eq!(found["none"], Value::Null);
    assert_eq!(found["dir"]["__typename"], "Tree");
    let history = list(&found["ref"]["target"]["history"]["nodes"]);
    assert_eq!(history.len(), 2);
    let headline = history[0]["messageHeadline"].as_str().unwrap();
    assert!(headline.starts_with("Merge pull request #"));
}

#[tokio::test]
async fn a_commit_on_a_branch_is_made_only_where_the_branch_was_seen() {
    let world = World::fresh().await;
    let mutation =
        "mutation($input: CreateCommitOnBranchInput!) { createCommitOnBranch(input: $input) {
        commit { oid messageHeadline author { user { login } } } ref { name } } }";
    let main = world.forge.branch("main").unwrap();
    let reference = json!({ "ref": "refs/heads/mine", "sha": main });
    let made = world.post("ana", "git/refs", reference).await;
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
    let two = world.forge.file("mine", "docs/two.txt").await;
    assert_eq!(two.unwrap(), "two\n");
    assert!(world.forge.file("mine", "README.md").await.is_err());

    let stale = world.graphql("ana", mutation, input("mine", &main)).await;
    assert_eq!(stale["errors"][0]["type"], "STALE_DATA", "{stale:#}");
    assert_eq!(stale["data"]["createCommitOnBranch"], Value::Null);
    let protected = world.graphql("ana", mutation, input("main", &main)).await;
    let error = &protected["errors"][0];
    assert_eq!(error["type"], "UNPROCESSABLE", "{protected:#}");
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
        let location = &body["errors"][0]["locations"][0];
        assert!(location["line"].is_u64(), "{body:#}");
        assert_eq!(body["data"], Value::Null);
    }
    let missing =
        "{ repository(owner: \"demo\", name: \"podinfo\") { pullRequest(number: 99) { title } } }";
    let body = world.graphql("sam", missing, json!({})).await;
    let error = &body["errors"][0];
    assert_eq!(error["type"], "NOT_FOUND");
    assert_eq!(error["path"], json!(["repository", "pullRequest"]));
    assert_eq!(body["data"]["repository"]["pullRequest"], Value::Null);
}
