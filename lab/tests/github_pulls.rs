//! Reviewing and merging: who may, what is refused, and with which status.
#![allow(
    clippy::unwrap_used,
    reason = "a test stops where something is missing"
)]

mod github_world;

use github_world::World;
use reqwest::Method;
use serde_json::{Value, json};

async fn approve(world: &World, login: &str, number: u64) -> github_world::Answer {
    let path = format!("pulls/{number}/reviews");
    world
        .api(
            login,
            Method::POST,
            &path,
            Some(json!({ "event": "APPROVE" })),
        )
        .await
}

async fn merge(world: &World, login: &str, number: u64, body: Value) -> github_world::Answer {
    world
        .api(
            login,
            Method::PUT,
            &format!("pulls/{number}/merge"),
            Some(body),
        )
        .await
}

#[tokio::test]
async fn a_release_is_approved_by_another_and_merged_into_a_chart_and_an_image() {
    let world = World::fresh().await;
    let number = world.release("#2f6b52", "5.1.6", "1.1.5").await;
    let pull = world.rest(&format!("pulls/{number}")).await;
    assert_eq!(pull["mergeable_state"], "blocked");
    assert_eq!(pull["changed_files"], 4);
    assert_eq!(approve(&world, "sam", number).await.status, 200);
    let pull = world.rest(&format!("pulls/{number}")).await;
    assert_eq!(pull["mergeable_state"], "clean");

    let sha = pull["head"]["sha"].clone();
    let merged = merge(&world, "sam", number, json!({ "sha": sha })).await;
    assert_eq!(merged.status, 200, "{}", merged.text);
    assert_eq!(merged.json["merged"], true);
    let oid = merged.json["sha"].as_str().unwrap();
    assert_eq!(world.forge.branch("main").unwrap(), oid);
    let commit = world.rest(&format!("commits/{oid}")).await;
    assert_eq!(commit["parents"][1]["sha"], sha);
    assert_eq!(commit["author"]["login"], "sam");
    world
        .eventually("the release is published", async || {
            let charts = world.forge.charts();
            let images = world.forge.images();
            (charts[0] == "1.1.5" && images.contains(&"5.1.6".to_owned())).then_some(())
        })
        .await;
    let after = world.rest(&format!("pulls/{number}")).await;
    assert_eq!(
        (&after["state"], &after["merged"]),
        (&json!("closed"), &json!(true))
    );
    assert_eq!(after["merged_by"]["login"], "sam");
    assert!(world.forge.branch("release-1.1.5").is_err());
}

#[tokio::test]
async fn nobody_approves_their_own_pull_request() {
    let world = World::fresh().await;
    let number = world.release("#2f6b52", "5.1.6", "1.1.5").await;
    let refused = approve(&world, "ana", number).await;
    assert_eq!(refused.status, 422);
    assert_eq!(
        refused.json["errors"][0],
        "Can not approve your own pull request"
    );
}

#[tokio::test]
async fn a_readers_approval_is_recorded_and_does_not_count() {
    let world = World::fresh().await;
    let number = world.release("#2f6b52", "5.1.6", "1.1.5").await;
    assert_eq!(approve(&world, "kim", number).await.status, 200);
    let refused = merge(&world, "sam", number, json!({})).await;
    assert_eq!(refused.status, 405);
    assert!(
        refused.text.contains("approving review is required"),
        "{}",
        refused.text
    );
    assert_eq!(merge(&world, "kim", number, json!({})).await.status, 403);
}

#[tokio::test]
async fn a_merge_names_the_head_that_was_seen() {
    let world = World::fresh().await;
    let number = world.release("#2f6b52", "5.1.6", "1.1.5").await;
    approve(&world, "sam", number).await;
    let refused = merge(&world, "sam", number, json!({ "sha": "0".repeat(40) })).await;
    assert_eq!(refused.status, 409);
    assert!(refused.text.contains("Head branch was modified"));
}

#[tokio::test]
async fn a_failing_check_stands_in_the_way_and_says_which() {
    let world = World::fresh().await;
    let number = world
        .forge
        .open_release("#2f6b52", "5.1.6", "1.1.5", "ana")
        .await
        .unwrap();
    let values = world
        .forge
        .file("release-1.1.5", "charts/podinfo/values.yaml")
        .await
        .unwrap();
    let wrong = values.replace("5.1.6", "5.1.7");
    let files = [("charts/podinfo/values.yaml", Some(wrong.as_str()))];
    world
        .forge
        .commit("release-1.1.5", "Another tag", &files, "ana")
        .await
        .unwrap();
    approve(&world, "sam", number).await;
    world
        .eventually("the versions disagree", async || {
            let unmet = world.forge.pull(number).await.unwrap().unmet;
            unmet
                .iter()
                .any(|line| line.contains("\"versions agree\" is failing"))
                .then_some(())
        })
        .await;
    assert_eq!(merge(&world, "sam", number, json!({})).await.status, 405);
}

#[tokio::test]
async fn a_push_dismisses_the_approvals_before_it() {
    let world = World::fresh().await;
    let number = world.release("#2f6b52", "5.1.6", "1.1.5").await;
    approve(&world, "sam", number).await;
    assert_eq!(world.forge.pull(number).await.unwrap().approved_by, ["sam"]);
    let files = [("notes.txt", Some("one more thing\n"))];
    world
        .forge
        .commit("release-1.1.5", "One more thing", &files, "ana")
        .await
        .unwrap();
    let query = "query($n: Int!) { repository(owner: \"demo\", name: \"podinfo\") {
        pullRequest(number: $n) { reviews(first: 1) { nodes { state } } } } }";
    let found = world.graphql("sam", query, json!({ "n": number })).await;
    let reviews = &found["data"]["repository"]["pullRequest"]["reviews"];
    assert_eq!(reviews["nodes"][0]["state"], "DISMISSED");
    assert!(
        world
            .forge
            .pull(number)
            .await
            .unwrap()
            .approved_by
            .is_empty()
    );
    assert_eq!(merge(&world, "sam", number, json!({})).await.status, 405);
}

#[tokio::test]
async fn a_refusal_stands_until_it_is_dismissed() {
    let world = World::fresh().await;
    let number = world.release("#2f6b52", "5.1.6", "1.1.5").await;
    approve(&world, "sam", number).await;
    let path = format!("pulls/{number}/reviews");
    let body = json!({ "event": "REQUEST_CHANGES", "body": "Not on a Friday" });
    let review = world.api("li", Method::POST, &path, Some(body)).await.json;
    assert_eq!(merge(&world, "sam", number, json!({})).await.status, 405);
    let path = format!("pulls/{number}/reviews/{}/dismissals", review["id"]);
    let body = json!({ "message": "It is Monday" });
    let dismissed = world.api("sam", Method::PUT, &path, Some(body)).await;
    assert_eq!(dismissed.json["state"], "DISMISSED");
    assert_eq!(merge(&world, "sam", number, json!({})).await.status, 200);
}

#[tokio::test]
async fn what_has_not_changed_is_304_and_costs_nothing() {
    let world = World::seeded().await;
    let token = world.token("sam");
    let path = "api/v3/repos/demo/podinfo/pulls?state=all&per_page=2";
    let first = github_world::read(world.request(Method::GET, path).bearer_auth(&token)).await;
    assert_eq!(first.json.as_array().unwrap().len(), 2);
    let link = first.headers["link"].to_str().unwrap();
    assert!(
        link.contains("rel=\"next\"") && link.contains("page=2"),
        "{link}"
    );
    assert!(first.headers.contains_key("x-github-request-id"));
    let left = |answer: &github_world::Answer| {
        answer.headers["x-ratelimit-remaining"]
            .to_str()
            .unwrap()
            .parse::<u32>()
            .unwrap()
    };
    let again = world
        .request(Method::GET, path)
        .bearer_auth(&token)
        .header("If-None-Match", &first.headers["etag"]);
    let again = github_world::read(again).await;
    assert_eq!((again.status, again.text.as_str()), (304, ""));
    assert_eq!(left(&again), left(&first));
}

#[tokio::test]
async fn errors_have_githubs_shape() {
    let world = World::fresh().await;
    let missing = world.api("sam", Method::GET, "pulls/999", None).await;
    assert_eq!(missing.status, 404);
    assert_eq!(missing.json["message"], "Not Found");
    assert_eq!(missing.json["status"], "404");
    assert!(missing.json["documentation_url"].is_string());
    let body = json!({ "title": "Nothing", "head": "main", "base": "main" });
    let empty = world.api("ana", Method::POST, "pulls", Some(body)).await;
    assert_eq!(empty.status, 422);
    assert_eq!(empty.json["errors"][0]["code"], "custom");
    let anonymous = world
        .request(Method::POST, "repos/demo/podinfo/pulls")
        .json(&json!({}));
    assert_eq!(github_world::read(anonymous).await.status, 401);
}

#[tokio::test]
async fn a_compare_shows_each_file_with_its_patch() {
    let world = World::seeded().await;
    let compared = world
        .rest("compare/main...promotion-app-podinfo-podinfo-stg")
        .await;
    assert_eq!(compared["status"], "ahead");
    assert_eq!(compared["ahead_by"], 1);
    let file = &compared["files"][0];
    assert_eq!(
        file["filename"],
        "environments/stg/podinfo-helmrelease.yaml"
    );
    assert_eq!(
        (&file["additions"], &file["deletions"]),
        (&json!(1), &json!(1))
    );
    let patch = file["patch"].as_str().unwrap();
    assert!(
        patch.contains("-      version: 1.1.6\n+      version: 1.1.7"),
        "{patch}"
    );
}

#[tokio::test]
async fn a_status_is_set_and_read() {
    let world = World::fresh().await;
    let main = world.forge.branch("main").unwrap();
    let body = json!({ "state": "failure", "context": "kustomization/uat/1234abcd" });
    let set = world
        .api(
            "fluxcdbot",
            Method::POST,
            &format!("statuses/{main}"),
            Some(body),
        )
        .await;
    assert_eq!(set.status, 201, "{}", set.text);
    let list = world.rest(&format!("commits/{main}/statuses")).await;
    assert_eq!(list[0]["creator"]["login"], "fluxcdbot");
    let body = json!({ "state": "success" });
    let refused = world
        .api("kim", Method::POST, &format!("statuses/{main}"), Some(body))
        .await;
    assert_eq!(refused.status, 403);
}

#[tokio::test]
async fn a_body_that_is_no_json_and_a_path_that_is_no_number_are_told_so() {
    let world = World::fresh().await;
    let token = world.token("sam");
    let path = "repos/demo/podinfo/pulls/1/reviews";
    let garbled = world
        .request(Method::POST, path)
        .bearer_auth(&token)
        .header("Content-Type", "application/json")
        .body("{\"event\": ");
    let answer = github_world::read(garbled).await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.json["message"], "Problems parsing JSON");
    let huge = world
        .request(Method::POST, path)
        .bearer_auth(&token)
        .header("Content-Type", "application/json")
        .body(vec![b' '; 3 << 20]);
    assert_eq!(github_world::read(huge).await.status, 413);
}

#[tokio::test]
async fn the_api_answers_502_while_the_forge_is_ordered_down() {
    let world = World::fresh().await;
    world.faults.order("forge-down", None).unwrap();
    assert_eq!(world.get("api/v3/repos/demo/podinfo").await.status, 502);
    assert_eq!(world.get("pages/demo/podinfo/index.yaml").await.status, 200);
    world.faults.cancel("forge-down", None).unwrap();
    assert_eq!(world.get("api/v3/repos/demo/podinfo").await.status, 200);
}

#[tokio::test]
async fn a_deleted_branch_closes_its_pull_request_and_a_closed_one_may_be_opened_again() {
    let world = World::fresh().await;
    let number = world.release("#2f6b52", "5.1.6", "1.1.5").await;
    let path = format!("pulls/{number}");
    world.forge.close(number, "ana").await.unwrap();
    let body = json!({ "state": "open" });
    let opened = world
        .api("ana", Method::PATCH, &path, Some(body.clone()))
        .await;
    assert_eq!(opened.json["state"], "open");
    let branch = "git/refs/heads/release-1.1.5";
    assert_eq!(
        world.api("ana", Method::DELETE, branch, None).await.status,
        204
    );
    let closed = world.rest(&path).await;
    assert_eq!(
        (&closed["state"], &closed["merged"]),
        (&json!("closed"), &json!(false))
    );
    assert_eq!(
        world
            .api("ana", Method::PATCH, &path, Some(body))
            .await
            .status,
        422
    );
    let main = "git/refs/heads/main";
    assert_eq!(
        world.api("ana", Method::DELETE, main, None).await.status,
        422
    );
}
