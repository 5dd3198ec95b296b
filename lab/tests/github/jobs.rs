//! The jobs: promotions by dispatch, and never by a rollback; builds; webhooks to the outside.
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::routing::post;
use lab::{PullState, sign};
use parking_lot::Mutex;
use serde_json::Value;

use crate::world::{World, eventually, until};

/// A forge whose release 1.1.5 is in the chart repository.
async fn released() -> World {
    let (world, number) = World::with_release().await;
    world.approve(number).await;
    world.forge.merge(number, "sam").await.unwrap();
    until("the chart is released", async || {
        world.forge.charts()[0] == "1.1.5"
    })
    .await;
    world
}

/// How many promotion runs have ended.
async fn runs(world: &World) -> u64 {
    let path = "actions/runs?event=repository_dispatch&status=completed";
    world.rest(path).await["total_count"].as_u64().unwrap()
}

async fn after_runs(world: &World, count: u64) {
    until("the promotion runs end", async || {
        runs(world).await >= count
    })
    .await;
}

#[tokio::test]
async fn a_succeeded_test_opens_exactly_one_promotion_however_often_it_is_told() {
    let world = released().await;
    for _ in 0..3 {
        world.test_succeeded("dev-test", "1.1.5+0cc9a8446c95").await;
    }
    after_runs(&world, 3).await;
    let number = eventually("the promotion is open and checked", async || {
        let found = world.promotion("uat").await?;
        found.checks_passed.then_some(found.number)
    })
    .await;
    let pulls = world.forge.pulls().await.unwrap().into_iter();
    let open: Vec<_> = pulls.filter(|pull| pull.state == PullState::Open).collect();
    let [pull] = &open[..] else {
        panic!("{open:?}");
    };
    assert_eq!(pull.number, number);
    assert_eq!(pull.title, "Promote app-podinfo/podinfo in uat to 1.1.5");
    assert_eq!(pull.author, "weft-demo[bot]");
    assert!(pull.body.contains("**1.1.4** → **1.1.5**"), "{}", pull.body);
    let files = world.rest(&format!("pulls/{number}/files")).await;
    assert_eq!(files.as_array().unwrap().len(), 1);
    let path = "environments/uat/podinfo-helmrelease.yaml";
    assert_eq!(files[0]["filename"], path);
    assert_eq!(files[0]["changes"], 2);
    let pull = world.rest(&format!("pulls/{number}")).await;
    assert_eq!(pull["requested_teams"][0]["slug"], "approvers");
    assert_eq!(pull["requested_reviewers"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_rollback_or_a_mere_upgrade_promotes_nothing() {
    let world = released().await;
    for reason in ["RollbackSucceeded", "UpgradeSucceeded", "TestFailed"] {
        world.dispatch(reason, "dev-test", "1.1.5").await;
    }
    world.test_succeeded("prod", "1.1.5").await;
    world.test_succeeded("dev-test", "not a version").await;
    after_runs(&world, 5).await;
    for environment in ["uat", "stg", "prod"] {
        assert!(world.promotion(environment).await.is_none());
    }
}

#[tokio::test]
async fn a_promotion_never_goes_back_to_an_older_version() {
    let world = World::seeded().await;
    let before = runs(&world).await;
    world.test_succeeded("dev-test", "1.1.5").await;
    world.test_succeeded("uat", "1.1.6").await;
    after_runs(&world, before + 2).await;
    assert!(world.promotion("uat").await.is_none());
    let stg = world.promotion("stg").await.unwrap();
    assert_eq!(stg.title, "Promote app-podinfo/podinfo in stg to 1.1.7");
}

#[tokio::test]
async fn a_newer_release_takes_over_the_open_promotion_and_says_so() {
    let world = World::seeded().await;
    let waiting = world.promotion("stg").await.unwrap();
    world.approve(waiting.number).await;
    world.test_succeeded("uat", "1.1.8").await;
    let pull = eventually("the promotion is taken over", async || {
        let pull = world.pull(waiting.number).await;
        pull.title.ends_with("1.1.8").then_some(pull)
    })
    .await;
    assert_ne!(pull.head, waiting.head);
    assert!(pull.approved_by.is_empty());
    let path = format!("issues/{}/comments", pull.number);
    until("a comment says so", async || {
        let said = &world.rest(&path).await[0]["body"];
        said.as_str()
            .is_some_and(|said| said.contains("superseded"))
    })
    .await;
}

#[tokio::test]
async fn a_branch_with_another_colour_is_built_and_a_second_colour_after_it() {
    let world = World::seeded().await;
    let push = async |colour: &str| world.forge.push_branch_build(colour, "ana").await;
    let build = push("#112233").await.unwrap();
    let start = format!("{}-{}-", build.branch, &build.sha[..7]);
    until("the branch is the newest build", async || {
        let images = world.forge.images().into_iter();
        let builds = images.filter_map(|tag| {
            let built_at: i64 = tag.rsplit_once('-')?.1.parse().ok()?;
            Some((built_at, tag))
        });
        builds.max().is_some_and(|(_, tag)| tag.starts_with(&start))
    })
    .await;
    assert!(push("#112233").await.is_err());
    assert!(push("red").await.is_err());
}

#[tokio::test]
async fn webhooks_tell_of_a_moved_head_and_are_signed() {
    let world = World::seeded().await;
    let heard: Arc<Mutex<Vec<(String, Value)>>> = Arc::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hooks", listener.local_addr().unwrap());
    let ears = heard.clone();
    let receive = async move |headers: HeaderMap, body: Bytes| {
        let signature = sign("secret", &body);
        assert_eq!(headers["x-hub-signature-256"], signature.as_str());
        assert!(headers.contains_key("x-github-delivery"));
        let event = headers["x-github-event"].to_str().unwrap().to_owned();
        let body = serde_json::from_slice(&body).unwrap();
        ears.lock().push((event, body));
    };
    let receiver = axum::serve(listener, Router::new().route("/hooks", post(receive)));
    let receiver = tokio::spawn(receiver.into_future());
    world.forge.add_webhook(url.parse().unwrap(), "secret");

    let head = world.forge.move_head("stg", "ana").await.unwrap();
    let find = |event: &str, action: &str| {
        let heard = heard.lock();
        let mut heard = heard.iter();
        let found = heard.find(|(name, body)| name == event && body["action"] == action);
        found.map(|(_, body)| body.clone())
    };
    let told = eventually("the pull request's move is told", async || {
        find("pull_request", "synchronize")
    })
    .await;
    assert_eq!(told["pull_request"]["head"]["sha"], head.as_str());
    assert_eq!(told["repository"]["full_name"], "demo/podinfo");
    assert_eq!(told["sender"]["login"], "ana");
    eventually("the new head's checks are told", async || {
        find("check_run", "completed")
    })
    .await;
    receiver.abort();
}
