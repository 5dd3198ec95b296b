//! Single objects of a cluster over HTTP: their last events, and having Flux look now. The clusters are
//! the lab's.

use std::net::SocketAddr;
use std::time::Duration;

use lab::clusters::{Cluster, Key, Kind, Timings};
use lab::{Lab, LabOptions};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::world::{Browser, TestApp, World, assert_problem, pipeline, serve, status_and_json};

const RELEASE: &str = "HelmRelease/app-podinfo/podinfo";

/// A server in front of the lab's clusters.
struct Server {
    weft: TestApp,
    lab: Lab,
    _ending: tokio_util::sync::DropGuard,
}

/// What Weft's account may do in the clusters.
#[derive(Clone, Copy)]
enum Account {
    Reads,
    Annotates,
}

impl Server {
    async fn start(account: Account, more: &'static str) -> Self {
        let lab = Lab::start(LabOptions {
            timings: Timings::instant(),
            ..LabOptions::default()
        })
        .await
        .unwrap();
        let place = |environment: &str| {
            let cluster = lab.cluster(environment).unwrap();
            let token = match account {
                Account::Reads => cluster.viewer_token(),
                Account::Annotates => cluster.token(),
            };
            (cluster.url().to_string(), token.to_owned())
        };
        let world = World {
            clusters: vec![place("dev-test"), place("uat")],
            more,
            ..World::default()
        };
        let weft = world.start().await;
        let ending = CancellationToken::new();
        proxy::sources::start(&weft.app, &ending);
        Self {
            weft,
            lab,
            _ending: ending.drop_guard(),
        }
    }

    fn uat(&self) -> &Cluster {
        self.lab.cluster("uat").unwrap()
    }

    fn object(&self, key: &Key) -> Value {
        (*self.uat().store().get(key).unwrap()).clone()
    }

    fn asked(&self, key: &Key) -> Value {
        let object = self.object(key);
        object["metadata"]["annotations"]["reconcile.fluxcd.io/requestedAt"].clone()
    }

    /// Waits until the last order is no longer under way.
    async fn ended(&self, browser: &Browser) -> Value {
        let ended = async {
            loop {
                let view = shown(browser).await;
                if view["order"]["state"] != "running" {
                    return view;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), ended)
            .await
            .expect("it ends")
    }
}

fn in_uat(rest: &str) -> String {
    pipeline(&format!("/environments/uat/{rest}"))
}

/// The address of the events of an object of an environment, in the cluster of the same name.
fn events(environment: &str, object: &str) -> String {
    let query = format!("cluster={environment}&object={object}");
    pipeline(&format!("/environments/{environment}/events?{query}"))
}

fn key(kind: &str, namespace: &str) -> Key {
    Key::new(Kind::named(kind).unwrap(), namespace, "podinfo")
}

/// Has Flux asked to look at uat.
async fn order(browser: &Browser) -> (u16, Value) {
    status_and_json(browser.post(&in_uat("reconcile"))).await
}

/// What uat's page shows of that.
async fn shown(browser: &Browser) -> Value {
    browser.json(&in_uat("reconcile")).await
}

#[tokio::test]
async fn the_last_events_of_an_object_come_newest_first_and_no_more_than_twenty() {
    let server = Server::start(Account::Reads, "").await;
    for second in 0..30 {
        // Named so that the API server does not list them by time.
        let event = json!({
            "apiVersion": "v1", "kind": "Event", "type": "Warning", "reason": "UpgradeFailed",
            "metadata": {"name": format!("podinfo.{}", (second * 7) % 30), "namespace": "app-podinfo"},
            "involvedObject": {"kind": "HelmRelease", "namespace": "app-podinfo", "name": "podinfo"},
            "message": format!("try {second}"), "count": 1, "eventTime": null,
            // Several in one second, as Flux says them when it fails and rolls back at once.
            "lastTimestamp": format!("2026-11-22T10:00:{:02}Z", second / 4),
        });
        server.uat().store().apply(&event, &[]).unwrap();
    }
    let answer = server.weft.json(&events("uat", RELEASE)).await;
    let said = answer["events"].as_array().unwrap().iter();
    let expected = (10..30).rev().map(|second| format!("try {second}"));
    let said: Vec<&str> = said
        .map(|event| event["message"].as_str().unwrap())
        .collect();
    assert_eq!(said, expected.collect::<Vec<_>>());
    assert_eq!(answer["events"][0]["warning"], true);
    assert_eq!(answer["events"][0]["at"], "2026-11-22T10:00:07Z");
    assert_eq!(answer["why"], Value::Null);

    let quiet = events("uat", "Kustomization/flux-system/app-promo-podinfo-uat");
    let quiet = server.weft.json(&quiet).await;
    assert_eq!(quiet["events"], json!([]));
    let why = quiet["why"].as_str().unwrap();
    assert!(why.contains("no event"), "{why}");
}

#[tokio::test]
async fn only_objects_that_the_environment_is_made_of_can_be_asked_for() {
    let weft = World::default().start().await;
    let assert_refused = async |address: String, status: u16| {
        let request = weft.stranger().get(&address);
        let (found, problem) = status_and_json(request).await;
        assert_eq!(found, status, "{address}");
        assert!(problem["request_id"].is_string(), "{address}: {problem}");
    };
    for query in ["", "?cluster=uat"] {
        assert_refused(in_uat(&format!("events{query}")), 400).await;
    }
    assert_refused(events("uat", RELEASE) + "&limit=9", 400).await;
    for object in [
        "",
        "HelmRelease",
        "Secret/flux-system/git-auth",
        "HelmRelease/kube-system/podinfo",
        "HelmRelease/app-podinfo/podinfo,involvedObject.name!=x",
        "HelmRelease/app-podinfo/podinfo/more",
        "HelmRelease/..%2F..%2Fkube-system/podinfo",
    ] {
        assert_refused(events("uat", object), 404).await;
    }
    for cluster in ["dev-test", "prod"] {
        let query = format!("events?cluster={cluster}&object={RELEASE}");
        assert_refused(in_uat(&query), 404).await;
    }
    assert_refused(events("moon", "x"), 404).await;
}

#[tokio::test]
async fn where_events_cannot_be_read_a_sentence_says_why() {
    let forbids = axum::Router::new().fallback(|| async {
        let status = json!({
            "apiVersion": "v1", "kind": "Status", "metadata": {}, "status": "Failure",
            "message": "events is forbidden", "reason": "Forbidden", "code": 403,
        });
        (http::StatusCode::FORBIDDEN, axum::Json(status))
    });
    let address = serve(forbids).await;
    let servers = ["http://127.0.0.1:1".to_owned(), format!("http://{address}")];
    let world = World {
        clusters: servers.map(|server| (server, "token".into())).into(),
        dashboard: Some(SocketAddr::from(([127, 0, 0, 1], 1))),
        ..World::default()
    };
    let weft = world.start().await;
    let answer = weft.json(&events("uat", RELEASE)).await;
    assert_eq!(
        answer["why"],
        "Weft's account in uat may not read events in the namespace app-podinfo."
    );
    // Neither cluster is the one that the dashboard shows.
    assert_eq!(answer["dashboard"], Value::Null);
    let away = weft.json(&events("dev-test", RELEASE)).await;
    let why = away["why"].as_str().unwrap();
    assert!(why.contains("nothing listens there"), "{why}");
}

#[tokio::test]
async fn flux_is_asked_object_by_object_as_the_person_and_it_is_written_down() {
    let server = Server::start(Account::Annotates, "").await;
    let kim = server.weft.signed_in("kim").await;
    let view = shown(&kim).await;
    assert_eq!(view["permission"]["allowed"], false);
    assert_problem(order(&kim).await, 403, "no_write_access");

    server.uat().pause_controllers(true);
    let sam = server.weft.signed_in("sam").await;
    let view = shown(&sam).await;
    assert_eq!(view["permission"]["allowed"], true, "{view:#}");
    let (status, ordered) = order(&sam).await;
    assert_eq!(status, 202, "{ordered:#}");
    assert_eq!(ordered["order"]["state"], "running");
    assert_problem(order(&sam).await, 409, "under_way");
    let asked = ordered["order"]["at"].clone();
    let first = async {
        while server.asked(&key("GitRepository", "flux-system")) != asked {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let first = tokio::time::timeout(Duration::from_secs(10), first).await;
    first.expect("the source is annotated");
    let release = key("HelmRelease", "app-podinfo");
    assert_eq!(server.asked(&release), Value::Null, "not before its source");

    server.uat().pause_controllers(false);
    let view = server.ended(&sam).await;
    assert_eq!(view["order"]["state"], "done", "{view:#}");
    assert_eq!(
        view["order"]["sentence"],
        "Flux took it up: GitRepository, Kustomization, HelmRepository, HelmChart, HelmRelease."
    );
    assert_eq!(server.asked(&release), asked);
    let handled = server.object(&release);
    assert_eq!(handled["status"]["lastHandledReconcileAt"], asked);
    let record = sam.json(&pipeline("/journal")).await;
    let entries = record["entries"].as_array().unwrap().iter();
    let kinds = entries.filter(|entry| entry["who"] == "sam").map(|entry| {
        let text = |field: &str| entry[field].as_str().unwrap();
        (text("kind"), text("sentence"))
    });
    let kinds: Vec<(&str, &str)> = kinds
        .filter(|(kind, _)| kind.starts_with("reconcile"))
        .collect();
    assert_eq!(kinds.len(), 2, "{kinds:?}");
    assert!(kinds.contains(&("reconcile_ordered", "@sam ordered: reconcile uat.")));
}

#[tokio::test]
async fn where_weft_may_not_annotate_it_says_what_to_do_instead() {
    let server = Server::start(Account::Reads, "").await;
    let view = shown(&server.weft.stranger()).await;
    assert_eq!(view["permission"]["why"], "Sign in with GitHub first.");
    let sam = server.weft.signed_in("sam").await;
    let view = shown(&sam).await;
    let why = view["permission"]["why"].as_str().unwrap();
    assert!(
        why.starts_with("Weft's account in uat may not annotate"),
        "{why}"
    );
    assert_eq!(
        view["command"],
        "flux reconcile kustomization app-promo-podinfo-uat --namespace flux-system --with-source && \
         flux reconcile helmrelease podinfo --namespace app-podinfo --with-source"
    );
    assert_problem(order(&sam).await, 403, "no_cluster_access");
    let source = key("GitRepository", "flux-system");
    assert_eq!(server.asked(&source), Value::Null);
}

#[tokio::test]
async fn an_order_that_flux_does_not_take_up_ends_with_a_sentence() {
    let server = Server::start(Account::Annotates, "tolerances: {settle: 0.3}\n").await;
    server.uat().pause_controllers(true);
    let sam = server.weft.signed_in("sam").await;
    let (status, ordered) = order(&sam).await;
    assert_eq!(status, 202, "{ordered:#}");
    let view = server.ended(&sam).await;
    assert_eq!(view["order"]["state"], "failed");
    let sentence = view["order"]["sentence"].as_str().unwrap();
    assert!(
        sentence.starts_with("Flux has not taken it up: GitRepository flux-system/podinfo in uat"),
        "{sentence}"
    );
    assert_eq!(
        view["permission"]["allowed"], true,
        "it can be ordered again"
    );
}

#[tokio::test]
async fn a_suspended_object_is_told_before_anything_is_annotated() {
    let server = Server::start(Account::Annotates, "").await;
    let suspend = json!({"spec": {"suspend": true}});
    server.uat().pause_controllers(true);
    let release = key("HelmRelease", "app-podinfo");
    let store = server.uat().store();
    store.merge_patch(&release, &suspend).unwrap();
    let sam = server.weft.signed_in("sam").await;
    assert_problem(order(&sam).await, 409, "suspended");
    let source = key("GitRepository", "flux-system");
    assert_eq!(server.asked(&source), Value::Null);
}

#[tokio::test]
async fn an_order_from_elsewhere_or_from_nobody_is_refused() {
    let weft = World::default().start().await;
    let (status, _) = order(&weft.stranger()).await;
    assert_eq!(status, 401);
    let mut sam = weft.signed_in("sam").await;
    sam.origin = "https://evil.example".into();
    assert_problem(order(&sam).await, 403, "not_from_here");
}
