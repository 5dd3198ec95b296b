//! The API of the clusters, called by the Kubernetes client that Weft uses, and by hand where a client hides
//! the answer.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod clusters_world;

use std::time::Duration;

use clusters_world::World;
use futures::{StreamExt as _, TryStreamExt as _};
use kube::api::{
    Api, ApiResource, DynamicObject, ListParams, Patch, PatchParams, PostParams, WatchEvent,
    WatchParams,
};
use kube::core::GroupVersionKind;
use kube::runtime::watcher::{self, Event};
use lab::clusters::{Cluster, Timings};
use serde_json::{Value, json};

const NAMESPACES: &str = "apiVersion: v1\nkind: Namespace\nmetadata: {name: flux-system}\n";

/// A cluster without controllers' work: what is in it is what a test puts there.
async fn cluster(window: usize) -> (World, Cluster) {
    let world = World::new().await;
    world.push("clusters/uat/namespaces.yaml", NAMESPACES, "namespaces");
    let cluster = world.cluster("uat", Timings::instant(), window).await;
    cluster.pause_controllers(true);
    (world, cluster)
}

fn put(cluster: &Cluster, name: &str, version: &str) {
    let release = json!({
        "apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease",
        "metadata": {"name": name, "namespace": "app-podinfo"},
        "spec": {"chart": {"spec": {"chart": "podinfo", "version": version}}},
    });
    cluster.store().apply(&release, &[]).unwrap();
}

fn client(cluster: &Cluster, token: &str) -> kube::Client {
    // Fails only when another test has chosen a provider already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut config = kube::Config::new(cluster.url().as_str().parse().unwrap());
    config.auth_info.token = Some(token.to_owned().into());
    kube::Client::try_from(config).unwrap()
}

fn releases(client: kube::Client) -> Api<DynamicObject> {
    let kind = GroupVersionKind::gvk("helm.toolkit.fluxcd.io", "v2", "HelmRelease");
    Api::all_with(
        client,
        &ApiResource::from_gvk_with_plural(&kind, "helmreleases"),
    )
}

fn name(object: &DynamicObject) -> String {
    object.metadata.name.clone().unwrap()
}

/// What a watcher says next, in a word each: `init`, `listed podinfo`, `ready`, `podinfo 1.0.0`.
async fn next<S>(events: &mut S) -> String
where
    S: futures::Stream<Item = watcher::Result<Event<DynamicObject>>> + Unpin,
{
    let deadline = Duration::from_secs(20);
    loop {
        let event = tokio::time::timeout(deadline, events.next())
            .await
            .expect("the watcher goes on");
        match event.expect("the watcher does not end") {
            Ok(Event::Init) => return "init".to_owned(),
            Ok(Event::InitApply(object)) => return format!("listed {}", name(&object)),
            Ok(Event::InitDone) => return "ready".to_owned(),
            Ok(Event::Apply(object)) => {
                let version = object.data.pointer("/spec/chart/spec/version").unwrap();
                return format!("{} {}", name(&object), version.as_str().unwrap());
            }
            Ok(Event::Delete(object)) => return format!("deleted {}", name(&object)),
            // A watcher tells of every error, and goes on by itself.
            Err(_) => {}
        }
    }
}

async fn watch_through(config: watcher::Config) {
    let (_world, cluster) = cluster(64).await;
    put(&cluster, "podinfo", "1.0.0");
    let events = watcher::watcher(releases(client(&cluster, cluster.token())), config);
    let mut events = std::pin::pin!(events);
    assert_eq!(next(&mut events).await, "init");
    assert_eq!(next(&mut events).await, "listed podinfo");
    assert_eq!(next(&mut events).await, "ready");
    put(&cluster, "podinfo", "1.0.1");
    assert_eq!(next(&mut events).await, "podinfo 1.0.1");
    put(&cluster, "other", "2.0.0");
    assert_eq!(next(&mut events).await, "other 2.0.0");
    let key = lab::clusters::Key::of(&json!({
        "apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease",
        "metadata": {"name": "other", "namespace": "app-podinfo"},
    }));
    cluster.store().remove(&key.unwrap());
    assert_eq!(next(&mut events).await, "deleted other");
}

#[tokio::test]
async fn a_watcher_that_lists_and_watches_sees_every_change() {
    watch_through(watcher::Config::default()).await;
}

#[tokio::test]
async fn a_watcher_that_lists_in_small_pages_sees_every_change() {
    watch_through(watcher::Config::default().page_size(1)).await;
}

#[tokio::test]
async fn a_watcher_that_streams_its_list_sees_every_change() {
    watch_through(watcher::Config::default().streaming_lists()).await;
}

#[tokio::test]
async fn a_watcher_that_was_away_for_too_long_lists_again() {
    let (_world, cluster) = cluster(8).await;
    put(&cluster, "podinfo", "1.0.0");
    let events = watcher::watcher(
        releases(client(&cluster, cluster.token())),
        watcher::Config::default(),
    );
    let mut events = std::pin::pin!(events);
    for expected in ["init", "listed podinfo", "ready"] {
        assert_eq!(next(&mut events).await, expected);
    }
    put(&cluster, "podinfo", "1.0.1");
    assert_eq!(next(&mut events).await, "podinfo 1.0.1");
    cluster.set_unavailable(true);
    for patch in 2..20 {
        put(&cluster, "podinfo", &format!("1.0.{patch}"));
    }
    cluster.set_unavailable(false);
    for expected in ["init", "listed podinfo", "ready"] {
        assert_eq!(next(&mut events).await, expected);
    }
}

#[tokio::test]
async fn a_watch_from_a_forgotten_version_is_told_that_it_is_gone() {
    let (_world, cluster) = cluster(4).await;
    put(&cluster, "podinfo", "1.0.0");
    let old = cluster.store().revision();
    for patch in 1..10 {
        put(&cluster, "podinfo", &format!("1.0.{patch}"));
    }
    let api = releases(client(&cluster, cluster.token()));
    let watched = api
        .watch(&WatchParams::default(), &old.to_string())
        .await
        .unwrap();
    let first = std::pin::pin!(watched).try_next().await.unwrap().unwrap();
    let WatchEvent::Error(status) = first else {
        panic!("not an error: {first:?}");
    };
    assert_eq!(status.code, 410);
}

#[tokio::test]
async fn watches_are_bookmarked_while_nothing_happens() {
    let (_world, cluster) = cluster(64).await;
    put(&cluster, "podinfo", "1.0.0");
    let api = releases(client(&cluster, cluster.token()));
    let from = api
        .list(&ListParams::default())
        .await
        .unwrap()
        .metadata
        .resource_version
        .unwrap();
    let parameters = WatchParams::default().timeout(10);
    let mut watched = std::pin::pin!(api.watch(&parameters, &from).await.unwrap());
    let first = tokio::time::timeout(Duration::from_secs(8), watched.try_next())
        .await
        .unwrap();
    let Some(WatchEvent::Bookmark(bookmark)) = first.unwrap() else {
        panic!("no bookmark");
    };
    assert_eq!(bookmark.metadata.resource_version, from);
}

#[tokio::test]
async fn lists_take_field_selectors() {
    let (_world, cluster) = cluster(64).await;
    put(&cluster, "podinfo", "1.0.0");
    put(&cluster, "other", "1.0.0");
    let api = releases(client(&cluster, cluster.token()));
    let listed = async |parameters: ListParams| {
        let listed = api.list(&parameters).await.unwrap();
        listed.iter().map(name).collect::<Vec<_>>()
    };
    assert_eq!(listed(ListParams::default()).await, ["other", "podinfo"]);
    assert_eq!(
        listed(ListParams::default().fields("metadata.name=other")).await,
        ["other"]
    );
}

#[tokio::test]
async fn a_reader_may_not_write_and_an_owner_may_ask_for_a_reconciliation() {
    let (_world, cluster) = cluster(64).await;
    put(&cluster, "podinfo", "1.0.0");
    let kind = GroupVersionKind::gvk("helm.toolkit.fluxcd.io", "v2", "HelmRelease");
    let resource = ApiResource::from_gvk_with_plural(&kind, "helmreleases");
    let asked = json!({"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": "now"}}});
    let patch = async |token: &str| {
        let api: Api<DynamicObject> =
            Api::namespaced_with(client(&cluster, token), "app-podinfo", &resource);
        api.patch("podinfo", &PatchParams::default(), &Patch::Merge(&asked))
            .await
    };
    let refused = patch(cluster.viewer_token()).await.unwrap_err();
    assert!(
        matches!(refused, kube::Error::Api(ref status) if status.code == 403),
        "{refused:?}"
    );
    let patched = patch(cluster.token()).await.unwrap();
    assert_eq!(patched.metadata.generation, Some(1));
    assert_eq!(
        patched.metadata.annotations.unwrap()["reconcile.fluxcd.io/requestedAt"],
        "now"
    );
    let missing = releases(client(&cluster, "someone"))
        .list(&ListParams::default())
        .await
        .unwrap_err();
    assert!(
        matches!(missing, kube::Error::Api(ref status) if status.code == 401),
        "{missing:?}"
    );
}

#[tokio::test]
async fn events_are_asked_for_by_what_they_are_of_and_rights_for_oneself() {
    let (_world, cluster) = cluster(64).await;
    for name in ["podinfo", "other"] {
        let event = json!({
            "apiVersion": "v1", "kind": "Event", "reason": "UpgradeFailed", "message": name,
            "metadata": {"name": format!("{name}.1"), "namespace": "app-podinfo"},
            "involvedObject": {"kind": "HelmRelease", "namespace": "app-podinfo", "name": name},
        });
        cluster.store().apply(&event, &[]).unwrap();
    }
    let kind = GroupVersionKind::gvk("", "v1", "Event");
    let resource = ApiResource::from_gvk_with_plural(&kind, "events");
    let client = |token: &str| client(&cluster, token);
    let events: Api<DynamicObject> =
        Api::namespaced_with(client(cluster.viewer_token()), "app-podinfo", &resource);
    let of = |fields: &str| ListParams::default().fields(fields);
    let found = events
        .list(&of(
            "involvedObject.kind=HelmRelease,involvedObject.name=podinfo",
        ))
        .await
        .unwrap();
    let found: Vec<String> = found.iter().map(name).collect();
    assert_eq!(found, ["podinfo.1"]);
    let unknown = events.list(&of("spec.node=a")).await.unwrap_err();
    assert!(
        matches!(unknown, kube::Error::Api(ref status) if status.code == 400),
        "{unknown:?}"
    );

    let kind = GroupVersionKind::gvk("authorization.k8s.io", "v1", "SelfSubjectAccessReview");
    let resource = ApiResource::from_gvk_with_plural(&kind, "selfsubjectaccessreviews");
    let may = async |token: &str, verb: &str| {
        let reviews: Api<DynamicObject> = Api::all_with(client(token), &resource);
        let review = DynamicObject::new("", &resource)
            .data(json!({"spec": {"resourceAttributes": {"verb": verb}}}));
        let answer = reviews.create(&PostParams::default(), &review).await;
        answer.unwrap().data["status"]["allowed"].clone()
    };
    let (viewer, owner) = (cluster.viewer_token(), cluster.token());
    assert_eq!(may(viewer, "list").await, true);
    assert_eq!(may(viewer, "patch").await, false);
    assert_eq!(may(owner, "patch").await, true);
    assert_eq!(may(owner, "delete").await, false);
}

#[tokio::test]
async fn the_version_is_told_to_everyone() {
    let (_world, cluster) = cluster(64).await;
    let client = client(&cluster, "someone");
    assert_eq!(client.apiserver_version().await.unwrap().minor, "34");
}

#[tokio::test]
async fn errors_are_status_objects() {
    let (_world, cluster) = cluster(64).await;
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let ask = async |path: &str, token: Option<&str>| {
        let mut request = http.get(cluster.url().join(path).unwrap());
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.json::<Value>().await.unwrap())
    };
    let path = "apis/helm.toolkit.fluxcd.io/v2/namespaces/a/helmreleases/missing";
    let (status, body) = ask(path, Some(cluster.token())).await;
    assert_eq!((status, body["reason"].as_str()), (404, Some("NotFound")));
    assert_eq!(
        body["message"],
        "helmreleases.helm.toolkit.fluxcd.io \"missing\" not found"
    );
    let (status, body) = ask(path, None).await;
    assert_eq!((status, body["kind"].as_str()), (401, Some("Status")));
    cluster.set_unavailable(true);
    assert_eq!(ask(path, Some(cluster.token())).await.0, 503);
}
