//! The jobs: promotions by dispatch, and never by a rollback; builds; webhooks to the outside.
#![allow(
    clippy::unwrap_used,
    reason = "a test stops where something is missing"
)]

mod github_world;

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::routing::post;
use github_world::World;
use lab::PullState;
use lab::sign;
use parking_lot::Mutex;
use serde_json::Value;

/// Carries release 1.1.5 up to the chart repository.
async fn released(world: &World) {
    let number = world.release("#2f6b52", "5.1.6", "1.1.5").await;
    world
        .forge
        .review(number, "sam", "APPROVE", "")
        .await
        .unwrap();
    world.forge.merge(number, "sam").await.unwrap();
    world
        .eventually("the chart is released", async || {
            (world.forge.charts()[0] == "1.1.5").then_some(())
        })
        .await;
}

/// How many promotion runs have ended.
async fn runs(world: &World) -> usize {
    let path = "actions/runs?event=repository_dispatch&status=completed";
    let runs = world.rest(path).await;
    usize::try_from(runs["total_count"].as_u64().unwrap()).unwrap()
}

async fn after_runs(world: &World, count: usize) {
    world
        .eventually("the promotion runs end", async || {
            (runs(world).await >= count).then_some(())
        })
        .await;
}

#[tokio::test]
async fn a_succeeded_test_opens_exactly_one_promotion_however_often_it_is_told() {
    let world = World::fresh().await;
    released(&world).await;
    for _ in 0..3 {
        world.test_succeeded("dev-test", "1.1.5+0cc9a8446c95").await;
    }
    after_runs(&world, 3).await;
    let number = world.promotion("uat").await;
    let pulls = world.forge.pulls().await.unwrap();
    let open: Vec<_> = pulls
        .iter()
        .filter(|pull| pull.state == PullState::Open)
        .collect();
    assert_eq!(open.len(), 1);
    let pull = open[0];
    assert_eq!(pull.number, number);
    assert_eq!(pull.title, "Promote app-podinfo/podinfo in uat to 1.1.5");
    assert_eq!(pull.author, "weft-demo[bot]");
    assert!(pull.body.contains("**1.1.4** → **1.1.5**"), "{}", pull.body);
    let files = world.rest(&format!("pulls/{number}/files")).await;
    assert_eq!(files.as_array().unwrap().len(), 1);
    assert_eq!(
        files[0]["filename"],
        "environments/uat/podinfo-helmrelease.yaml"
    );
    assert_eq!(files[0]["changes"], 2);
    let pull = world.rest(&format!("pulls/{number}")).await;
    assert_eq!(pull["requested_teams"][0]["slug"], "approvers");
    assert_eq!(pull["requested_reviewers"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_rollback_or_a_mere_upgrade_promotes_nothing() {
    let world = World::fresh().await;
    released(&world).await;
    let reasons = ["RollbackSucceeded", "UpgradeSucceeded", "TestFailed"];
    for reason in reasons {
        world.dispatch(reason, "dev-test", "1.1.5").await;
    }
    world.test_succeeded("prod", "1.1.5").await;
    world.test_succeeded("dev-test", "not a version").await;
    after_runs(&world, reasons.len() + 2).await;
    for environment in ["uat", "stg", "prod"] {
        assert!(
            world
                .forge
                .open_promotion(environment)
                .await
                .unwrap()
                .is_none()
        );
    }
}

#[tokio::test]
async fn a_promotion_never_goes_back_to_an_older_version() {
    let world = World::seeded().await;
    let before = runs(&world).await;
    world.test_succeeded("dev-test", "1.1.5").await;
    world.test_succeeded("uat", "1.1.6").await;
    after_runs(&world, before + 2).await;
    assert!(world.forge.open_promotion("uat").await.unwrap().is_none());
    let stg = world.forge.open_promotion("stg").await.unwrap().unwrap();
    assert_eq!(stg.title, "Promote app-podinfo/podinfo in stg to 1.1.7");
}

#[tokio::test]
async fn a_newer_release_takes_over_the_open_promotion_and_says_so() {
    let world = World::seeded().await;
    let waiting = world.forge.open_promotion("stg").await.unwrap().unwrap();
    world
        .forge
        .review(waiting.number, "sam", "APPROVE", "")
        .await
        .unwrap();
    world.test_succeeded("uat", "1.1.8").await;
    let pull = world
        .eventually("the promotion is taken over", async || {
            let pull = world.forge.pull(waiting.number).await.unwrap();
            pull.title.ends_with("1.1.8").then_some(pull)
        })
        .await;
    assert_ne!(pull.head, waiting.head);
    assert!(pull.approved_by.is_empty());
    let path = format!("issues/{}/comments", pull.number);
    world
        .eventually("a comment says so", async || {
            let said = world.rest(&path).await;
            said[0]["body"]
                .as_str()?
                .contains("superseded")
                .then_some(())
        })
        .await;
}

#[tokio::test]
async fn a_branch_with_another_colour_is_built_and_a_second_colour_after_it() {
    let world = World::seeded().await;
    let newest = |images: Vec<String>| {
        images
            .into_iter()
            .filter_map(|tag| Some((tag.rsplit_once('-')?.1.parse::<i64>().ok()?, tag.clone())))
            .max()
    };
    let build = world
        .forge
        .push_branch_build("#112233", "ana")
        .await
        .unwrap();
    let start = format!("{}-{}-", build.branch, &build.sha[..7]);
    world
        .eventually("the branch is the newest build", async || {
            let (_, tag) = newest(world.forge.images())?;
            tag.starts_with(&start).then_some(())
        })
        .await;
    assert!(
        world
            .forge
            .push_branch_build("#112233", "ana")
            .await
            .is_err()
    );
    assert!(world.forge.push_branch_build("red", "ana").await.is_err());
}

#[tokio::test]
async fn webhooks_tell_of_a_moved_head_and_are_signed() {
    let world = World::seeded().await;
    let heard: Arc<Mutex<Vec<(String, Value)>>> = Arc::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hooks", listener.local_addr().unwrap());
    let ears = heard.clone();
    let receive = async move |headers: HeaderMap, body: Bytes| {
        assert_eq!(
            headers["x-hub-signature-256"],
            sign("secret", &body).as_str()
        );
        assert!(headers.contains_key("x-github-delivery"));
        let event = headers["x-github-event"].to_str().unwrap().to_owned();
        ears.lock()
            .push((event, serde_json::from_slice(&body).unwrap()));
    };
    let receiver = axum::serve(listener, Router::new().route("/hooks", post(receive)));
    let receiver = tokio::spawn(receiver.into_future());
    world.forge.add_webhook(url.parse().unwrap(), "secret");

    let head = world.forge.move_head("stg", "ana").await.unwrap();
    let find = |event: &str, action: &str| {
        let heard = heard.lock();
        let found = heard
            .iter()
            .find(|(name, body)| name == event && body["action"] == action);
        found.map(|(_, body)| body.clone())
    };
    let told = world
        .eventually("the pull request's move is told", async || {
            find("pull_request", "synchronize")
        })
        .await;
    assert_eq!(told["pull_request"]["head"]["sha"], head.as_str());
    assert_eq!(told["repository"]["full_name"], "demo/podinfo");
    assert_eq!(told["sender"]["login"], "ana");
    world
        .eventually("the new head's checks are told", async || {
            find("check_run", "completed")
        })
        .await;
    receiver.abort();
}
