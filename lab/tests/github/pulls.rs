//! Reviewing and merging: who may, what is refused, and with which status.

use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{Answer, World, read, until};

async fn approve(world: &World, login: &str, number: u64) -> Answer {
    let path = format!("pulls/{number}/reviews");
    world
        .post(login, &path, json!({ "event": "APPROVE" }))
        .await
}

async fn merge(world: &World, login: &str, number: u64, body: Value) -> Answer {
    let path = format!("pulls/{number}/merge");
    world.api(login, Method::PUT, &path, body).await
}

/// The status with which sam's merge of a pull request is answered.
async fn merge_status(world: &World, number: u64) -> u16 {
    merge(world, "sam", number, json!({})).await.status
}

#[tokio::test]
async fn a_release_is_approved_by_another_and_merged_into_a_chart_and_an_image() {
    let (world, number) = World::with_release().await;
    let path = format!("pulls/{number}");
    let pull = world.rest(&path).await;
    assert_eq!(pull["mergeable_state"], "blocked");
    assert_eq!(pull["changed_files"], 4);
    assert_eq!(approve(&world, "sam", number).await.status, 200);
    let pull = world.rest(&path).await;
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
    until("the release is published", async || {
        let image = "5.1.6".to_owned();
        world.forge.charts()[0] == "1.1.5" && world.forge.images().contains(&image)
    })
    .await;
    let after = world.rest(&path).await;
    assert_eq!(after["state"], "closed");
    assert_eq!(after["merged"], true);
    assert_eq!(after["merged_by"]["login"], "sam");
    assert!(world.forge.branch("release-1.1.5").is_err());
}

#[tokio::test]
async fn nobody_approves_their_own_pull_request() {
    let (world, number) = World::with_release().await;
    let refused = approve(&world, "ana", number).await;
    assert_eq!(refused.status, 422);
    let error = "Can not approve your own pull request";
    assert_eq!(refused.json["errors"][0], error);
}

#[tokio::test]
async fn a_readers_approval_is_recorded_and_does_not_count() {
    let (world, number) = World::with_release().await;
    assert_eq!(approve(&world, "kim", number).await.status, 200);
    let refused = merge(&world, "sam", number, json!({})).await;
    assert_eq!(refused.status, 405);
    let text = refused.text;
    assert!(text.contains("approving review is required"), "{text}");
    assert_eq!(merge(&world, "kim", number, json!({})).await.status, 403);
}

#[tokio::test]
async fn a_merge_names_the_head_that_was_seen() {
    let (world, number) = World::with_release().await;
    world.approve(number).await;
    let refused = merge(&world, "sam", number, json!({ "sha": "0".repeat(40) })).await;
    assert_eq!(refused.status, 409);
    assert!(refused.text.contains("Head branch was modified"));
}

#[tokio::test]
async fn a_failing_check_stands_in_the_way_and_says_which() {
    let (world, number) = World::with_release().await;
    let (branch, path) = ("release-1.1.5", "charts/podinfo/values.yaml");
    let values = world.forge.file(branch, path).await.unwrap();
    let wrong = values.replace("5.1.6", "5.1.7");
    let files = [(path, Some(wrong.as_str()))];
    let pushed = world.forge.commit(branch, "Another tag", &files, "ana");
    pushed.await.unwrap();
    world.approve(number).await;
    until("the versions disagree", async || {
        let unmet = world.pull(number).await.unmet;
        let mut unmet = unmet.iter();
        unmet.any(|line| line.contains("\"versions agree\" is failing"))
    })
    .await;
    assert_eq!(merge_status(&world, number).await, 405);
}

#[tokio::test]
async fn a_push_dismisses_the_approvals_before_it() {
    let (world, number) = World::with_release().await;
    world.approve(number).await;
    assert_eq!(world.pull(number).await.approved_by, ["sam"]);
    let files = [("notes.txt", Some("one more thing\n"))];
    let message = "One more thing";
    let pushed = world.forge.commit("release-1.1.5", message, &files, "ana");
    pushed.await.unwrap();
    let query = "query($n: Int!) { repository(owner: \"demo\", name: \"podinfo\") {
        pullRequest(number: $n) { reviews(first: 1) { nodes { state } } } } }";
    let found = world.graphql("sam", query, json!({ "n": number })).await;
    let reviews = &found["data"]["repository"]["pullRequest"]["reviews"];
    assert_eq!(reviews["nodes"][0]["state"], "DISMISSED");
    assert!(world.pull(number).await.approved_by.is_empty());
    assert_eq!(merge_status(&world, number).await, 405);
}

#[tokio::test]
async fn a_refusal_stands_until_it_is_dismissed() {
    let (world, number) = World::with_release().await;
    world.approve(number).await;
    let path = format!("pulls/{number}/reviews");
    let body = json!({ "event": "REQUEST_CHANGES", "body": "Not on a Friday" });
    let review = world.post("li", &path, body).await.json;
    assert_eq!(merge_status(&world, number).await, 405);
    let path = format!("{path}/{}/dismissals", review["id"]);
    let body = json!({ "message": "It is Monday" });
    let dismissed = world.api("sam", Method::PUT, &path, body).await;
    assert_eq!(dismissed.json["state"], "DISMISSED");
    assert_eq!(merge_status(&world, number).await, 200);
}

#[tokio::test]
async fn what_has_not_changed_is_304_and_costs_nothing() {
    let world = World::seeded().await;
    let path = "api/v3/repos/demo/podinfo/pulls?state=all&per_page=2";
    let request = || {
        let request = world.request(Method::GET, path);
        request.bearer_auth(world.token("sam"))
    };
    let first = read(request()).await;
    assert_eq!(first.json.as_array().unwrap().len(), 2);
    let link = first.headers["link"].to_str().unwrap();
    let next = link.contains("rel=\"next\"") && link.contains("page=2");
    assert!(next, "{link}");
    assert!(first.headers.contains_key("x-github-request-id"));
    let again = request().header("If-None-Match", &first.headers["etag"]);
    let again = read(again).await;
    assert_eq!((again.status, again.text.as_str()), (304, ""));
    let left = |answer: &Answer| {
        let left = answer.headers["x-ratelimit-remaining"].to_str();
        left.unwrap().parse::<u32>().unwrap()
    };
    assert_eq!(left(&again), left(&first));
}

#[tokio::test]
async fn errors_have_githubs_shape() {
    let world = World::fresh().await;
    let missing = world.api("sam", Method::GET, "pulls/999", Value::Null);
    let missing = missing.await;
    assert_eq!(missing.status, 404);
    assert_eq!(missing.json["message"], "Not Found");
    assert_eq!(missing.json["status"], "404");
    assert!(missing.json["documentation_url"].is_string());
    let body = json!({ "title": "Nothing", "head": "main", "base": "main" });
    let empty = world.post("ana", "pulls", body).await;
    assert_eq!(empty.status, 422);
    assert_eq!(empty.json["errors"][0]["code"], "custom");
    let anonymous = world.request(Method::POST, "repos/demo/podinfo/pulls");
    let anonymous = read(anonymous.json(&json!({}))).await;
    assert_eq!(anonymous.status, 401);
}

#[tokio::test]
async fn a_compare_shows_each_file_with_its_patch() {
    let world = World::seeded().await;
    let path = "compare/main...promotion-app-podinfo-podinfo-stg";
    let compared = world.rest(path).await;
    assert_eq!(compared["status"], "ahead");
    assert_eq!(compared["ahead_by"], 1);
    let file = &compared["files"][0];
    let path = "environments/stg/podinfo-helmrelease.yaml";
    assert_eq!(file["filename"], path);
    assert_eq!(file["additions"], 1);
    assert_eq!(file["deletions"], 1);
    let patch = file["patch"].as_str().unwrap();
    let changed = "-      version: 1.1.6\n+      version: 1.1.7";
    assert!(patch.contains(changed), "{patch}");
}

#[tokio::test]
async fn a_status_is_set_and_read() {
    let world = World::fresh().await;
    let main = world.forge.branch("main").unwrap();
    let path = format!("statuses/{main}");
    let body = json!({ "state": "failure", "context": "kustomization/uat/1234abcd" });
    let set = world.post("fluxcdbot", &path, body).await;
    assert_eq!(set.status, 201, "{}", set.text);
    let list = world.rest(&format!("commits/{main}/statuses")).await;
    assert_eq!(list[0]["creator"]["login"], "fluxcdbot");
    let refused = world.post("kim", &path, json!({ "state": "success" }));
    assert_eq!(refused.await.status, 403);
}

#[tokio::test]
async fn a_body_that_is_no_json_and_a_path_that_is_no_number_are_told_so() {
    let world = World::fresh().await;
    let review = async |body: Vec<u8>| {
        let request = world
            .request(Method::POST, "repos/demo/podinfo/pulls/1/reviews")
            .bearer_auth(world.token("sam"))
            .header("Content-Type", "application/json")
            .body(body);
        read(request).await
    };
    let garbled = review(b"{\"event\": ".to_vec()).await;
    assert_eq!(garbled.status, 400);
    assert_eq!(garbled.json["message"], "Problems parsing JSON");
    assert_eq!(review(vec![b' '; 3 << 20]).await.status, 413);
}

#[tokio::test]
async fn the_api_answers_502_while_the_forge_is_ordered_down() {
    let world = World::fresh().await;
    let (api, pages) = ("api/v3/repos/demo/podinfo", "pages/demo/podinfo/index.yaml");
    world.faults.order("forge-down", None).unwrap();
    assert_eq!(world.get(api).await.status, 502);
    assert_eq!(world.get(pages).await.status, 200);
    world.faults.cancel("forge-down", None).unwrap();
    assert_eq!(world.get(api).await.status, 200);
}

#[tokio::test]
async fn a_deleted_branch_closes_its_pull_request_and_a_closed_one_may_be_opened_again() {
    let (world, number) = World::with_release().await;
    let path = format!("pulls/{number}");
    let reopen = async || {
        let body = json!({ "state": "open" });
        world.api("ana", Method::PATCH, &path, body).await
    };
    let delete = async |branch: &str| {
        let path = format!("git/refs/heads/{branch}");
        let answer = world.api("ana", Method::DELETE, &path, Value::Null).await;
        answer.status
    };
    world.forge.close(number, "ana").await.unwrap();
    assert_eq!(reopen().await.json["state"], "open");
    assert_eq!(delete("release-1.1.5").await, 204);
    let closed = world.rest(&path).await;
    assert_eq!(closed["state"], "closed");
    assert_eq!(closed["merged"], false);
    assert_eq!(reopen().await.status, 422);
    assert_eq!(delete("main").await, 422);
}
