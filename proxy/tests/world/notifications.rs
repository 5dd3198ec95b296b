//! An environment that Weft cannot look into: a real cluster of the lab, known by its signed notifications
//! only, over HTTP.

use http::StatusCode;
use lab::sign;
use model::Timestamp;
use model::api::{Board, EnvironmentView};
use model::chain::{LinkState, VerdictState};
use proxy::config::NotifyingCluster;
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::hooks::deliver;
use crate::world::{World, view};

const SECRET: &str = "uat-notifies";

/// Returns a Weft without access to uat, and the address of uat's notifications.
async fn start() -> (World, String) {
    let world = World::start_with(|config| {
        config.clusters.retain(|cluster| cluster.name != "uat");
        config.notifying_clusters.push(NotifyingCluster {
            name: "uat".into(),
            hook_secret: SecretString::from(SECRET),
        });
        let environments = &mut config.pipelines[0].environments;
        let uat = environments
            .iter_mut()
            .find(|environment| environment.name.as_str() == "uat");
        uat.expect("uat").targets[0].flux.notifications_only = true;
    })
    .await;
    let hooks = format!("{}hooks/flux/uat", world.serve().await);
    (world, hooks)
}

/// That a Kustomization applied the head of `main`, or did not.
fn applied(world: &World, reason: &str) -> Value {
    let head = world.lab.forge().branch("main").expect("the head");
    let revision = format!("main@sha1:{head}");
    let object = ("flux-system", "app-promo-podinfo-uat");
    event(world, "Kustomization", object, reason, &revision)
}

/// A notification of the lab's present time.
fn event(world: &World, kind: &str, object: (&str, &str), reason: &str, revision: &str) -> Value {
    let at = Timestamp::from(world.lab.clock().now());
    json!({
        "involvedObject": {"kind": kind, "namespace": object.0, "name": object.1, "apiVersion": "x/v1", "uid": "0"},
        "severity": if reason.ends_with("Failed") { "error" } else { "info" },
        "timestamp": at.to_string(), "reason": reason, "message": "in full",
        "metadata": {"revision": revision, "app-version": revision},
        "reportingController": "helm-controller", "reportingInstance": "helm-controller-0",
    })
}

const RELEASE: (&str, &str) = ("app-podinfo", "podinfo");

async fn notify(to: &str, body: &Value) -> StatusCode {
    let body = body.to_string();
    deliver(to, "X-Signature", &sign(SECRET, body.as_bytes()), &body).await
}

fn uat(board: &Board) -> &EnvironmentView {
    view(board, "uat")
}

/// Sends that the declared release was applied, and the reason that Helm gives for it.
async fn notify_of_release(world: &World, hooks: &str, reason: &str) {
    let board = world
        .board_until("git and the app of uat are read", |board| {
            uat(board).links[0].state == LinkState::Holds && uat(board).release.app.is_some()
        })
        .await;
    let view = uat(&board);
    let applied = applied(world, "ReconciliationSucceeded");
    assert_eq!(notify(hooks, &applied).await, StatusCode::ACCEPTED);
    let desired = view.desired.clone().expect("what git asks for");
    let mut released = event(world, "HelmRelease", RELEASE, reason, &desired);
    let app = view.release.app.as_ref().expect("it answers");
    released["metadata"]["app-version"] = json!(app.to_string());
    assert_eq!(notify(hooks, &released).await, StatusCode::ACCEPTED);
}

#[tokio::test]
async fn it_is_proven_by_its_notifications_and_the_live_app_together() {
    let (world, hooks) = start().await;
    notify_of_release(&world, &hooks, "TestSucceeded").await;
    let board = world.until("uat", VerdictState::Proven).await;
    let said = &uat(&board).links[2].sentence;
    assert!(said.contains("Weft cannot look itself"), "{said}");
    notify_of_release(&world, &hooks, "TestFailed").await;
    world.until("uat", VerdictState::Failed).await;
    world.end().await;
}

#[tokio::test]
async fn hostile_bodies_change_nothing() {
    let (world, hooks) = start().await;
    notify_of_release(&world, &hooks, "TestFailed").await;
    let known = world.until("uat", VerdictState::Failed).await;
    let good = event(&world, "HelmRelease", RELEASE, "TestSucceeded", "1.1.7");
    let text = good.to_string();
    for wrong in ["", "sha256=00", &sign("another", text.as_bytes())] {
        let status = deliver(&hooks, "X-Signature", wrong, &text).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED);
    }
    // Signed by uat, but sent to another cluster's address.
    let elsewhere = hooks.replace("/uat", "/stg");
    assert_eq!(notify(&elsewhere, &good).await, StatusCode::UNAUTHORIZED);
    let with = |pointer: &str, value: &str| {
        let mut event = good.clone();
        *event.pointer_mut(pointer).expect("a field") = json!(value);
        event
    };
    let large = with("/message", &"x".repeat(300 * 1024));
    assert_eq!(notify(&hooks, &large).await, StatusCode::PAYLOAD_TOO_LARGE);
    for odd in [
        with("/involvedObject/name", "another"),
        with("/timestamp", "2020-01-01T00:00:00Z"),
        with("/timestamp", "2100-01-01T00:00:00Z"),
        with("/reason", "RollbackSucceeded"),
        json!({}),
        json!([1]),
    ] {
        assert_eq!(notify(&hooks, &odd).await, StatusCode::ACCEPTED);
    }
    // A word that is taken comes after all of those.
    let broken = applied(&world, "BuildFailed");
    assert_eq!(notify(&hooks, &broken).await, StatusCode::ACCEPTED);
    let board = world
        .board_until("the Kustomization failed", |board| {
            uat(board).links[1].state == LinkState::Failed
        })
        .await;
    let [before, after] = [&known, &board].map(|board| uat(board).links[2].state);
    assert_eq!((before, after), (LinkState::Failed, LinkState::Failed));
    world.end().await;
}
