//! The API of the clusters, called by the Kubernetes client that Weft uses, and by hand where a client hides
//! the answer.

use std::fmt::Debug;
use std::time::Duration;

use futures::stream::BoxStream;
use futures::{StreamExt as _, TryStreamExt as _};
use k8s_openapi::api::authorization::v1::SelfSubjectAccessReview;
use k8s_openapi::api::core::v1::Event;
use kube::ResourceExt as _;
use kube::api::{
    Api, ApiResource, DynamicObject, ListParams, Patch, PatchParams, PostParams, WatchEvent,
    WatchParams,
};
use kube::core::GroupVersionKind;
use kube::runtime::watcher;
use lab::clusters::{Cluster, Key, Kind};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::world::World;

const NAMESPACES: &str = "apiVersion: v1\nkind: Namespace\nmetadata: {name: flux-system}\n";

/// A cluster without controllers' work: what is in it is what a test puts there.
async fn cluster(window: usize) -> (World, Cluster) {
    let world = World::new().await;
    world.push("clusters/uat/namespaces.yaml", NAMESPACES, "namespaces");
    let cluster = world.cluster("uat", window).await;
    cluster.pause_controllers(true);
    (world, cluster)
}

/// The same with the release `podinfo` in it.
async fn with_release(window: usize) -> (World, Cluster) {
    let (world, cluster) = cluster(window).await;
    put(&cluster, "podinfo", "1.0.0");
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

fn helm_releases() -> ApiResource {
    let kind = GroupVersionKind::gvk("helm.toolkit.fluxcd.io", "v2", "HelmRelease");
    ApiResource::from_gvk_with_plural(&kind, "helmreleases")
}

/// The releases in all namespaces, as Weft watches them.
fn all_releases(cluster: &Cluster, token: &str) -> Api<DynamicObject> {
    Api::all_with(client(cluster, token), &helm_releases())
}

/// The names of the objects that a list finds, or the code that it is refused with.
async fn names<K>(api: &Api<K>, fields: &str) -> Result<Vec<String>, u16>
where
    K: kube::Resource + Clone + DeserializeOwned + Debug,
{
    let listed = api.list(&ListParams::default().fields(fields)).await;
    let listed = listed.map_err(|error| code(&error))?;
    Ok(listed.iter().map(K::name_any).collect())
}

fn code(error: &kube::Error) -> u16 {
    match error {
        kube::Error::Api(status) => status.code,
        other => panic!("no answer: {other}"),
    }
}

type Events = BoxStream<'static, watcher::Result<watcher::Event<DynamicObject>>>;

fn watch(cluster: &Cluster, config: watcher::Config) -> Events {
    let releases = all_releases(cluster, cluster.token());
    watcher::watcher(releases, config).boxed()
}

/// What a watcher says next, in a word each: `init`, `listed podinfo`, `ready`, `podinfo 1.0.0`.
async fn next(events: &mut Events) -> String {
    let deadline = Duration::from_secs(20);
    loop {
        let event = tokio::time::timeout(deadline, events.next())
            .await
            .expect("the watcher goes on");
        match event.expect("the watcher does not end") {
            Ok(watcher::Event::Init) => return "init".to_owned(),
            Ok(watcher::Event::InitApply(object)) => {
                return format!("listed {}", object.name_any());
            }
            Ok(watcher::Event::InitDone) => return "ready".to_owned(),
            Ok(watcher::Event::Apply(object)) => {
                let version = object.data.pointer("/spec/chart/spec/version").unwrap();
                return format!("{} {}", object.name_any(), version.as_str().unwrap());
            }
            Ok(watcher::Event::Delete(object)) => return format!("deleted {}", object.name_any()),
            // A watcher tells of every error, and goes on by itself.
            Err(_) => {}
        }
    }
}

async fn expect(events: &mut Events, expected: &[&str]) {
    for expected in expected {
        assert_eq!(next(events).await, *expected);
    }
}

#[tokio::test]
async fn a_watcher_sees_every_change_however_it_lists() {
    let default = watcher::Config::default;
    for config in [
        default(),
        default().page_size(1),
        default().streaming_lists(),
    ] {
        let (_world, cluster) = with_release(64).await;
        let mut events = watch(&cluster, config);
        expect(&mut events, &["init", "listed podinfo", "ready"]).await;
        put(&cluster, "podinfo", "1.0.1");
        expect(&mut events, &["podinfo 1.0.1"]).await;
        put(&cluster, "other", "2.0.0");
        expect(&mut events, &["other 2.0.0"]).await;
        let kind = Kind::named("HelmRelease").unwrap();
        let other = Key::new(kind, "app-podinfo", "other");
        cluster.store().remove(&other);
        expect(&mut events, &["deleted other"]).await;
    }
}

#[tokio::test]
async fn a_watcher_that_was_away_for_too_long_lists_again() {
    let (_world, cluster) = with_release(8).await;
    let mut events = watch(&cluster, watcher::Config::default());
    expect(&mut events, &["init", "listed podinfo", "ready"]).await;
    put(&cluster, "podinfo", "1.0.1");
    expect(&mut events, &["podinfo 1.0.1"]).await;
    cluster.set_unavailable(true);
    for patch in 2..20 {
        put(&cluster, "podinfo", &format!("1.0.{patch}"));
    }
    cluster.set_unavailable(false);
    expect(&mut events, &["init", "listed podinfo", "ready"]).await;
}

#[tokio::test]
async fn a_watch_from_a_forgotten_version_is_told_that_it_is_gone() {
    let (_world, cluster) = with_release(4).await;
    let old = cluster.store().revision().to_string();
    for patch in 1..10 {
        put(&cluster, "podinfo", &format!("1.0.{patch}"));
    }
    let api = all_releases(&cluster, cluster.token());
    let watched = api.watch(&WatchParams::default(), &old).await.unwrap();
    let first = std::pin::pin!(watched).try_next().await.unwrap().unwrap();
    let WatchEvent::Error(status) = first else {
        panic!("not an error: {first:?}");
    };
    assert_eq!(status.code, 410);
}

#[tokio::test]
async fn watches_are_bookmarked_while_nothing_happens() {
    let (_world, cluster) = with_release(64).await;
    let api = all_releases(&cluster, cluster.token());
    let listed = api.list(&ListParams::default()).await.unwrap();
    let from = listed.metadata.resource_version.unwrap();
    let parameters = WatchParams::default().timeout(10);
    let mut watched = std::pin::pin!(api.watch(&parameters, &from).await.unwrap());
    let first = tokio::time::timeout(Duration::from_secs(8), watched.try_next()).await;
    let Some(WatchEvent::Bookmark(bookmark)) = first.unwrap().unwrap() else {
        panic!("no bookmark");
    };
    assert_eq!(bookmark.metadata.resource_version, from);
}

#[tokio::test]
async fn lists_take_field_selectors() {
    let (_world, cluster) = with_release(64).await;
    put(&cluster, "other", "1.0.0");
    let api = all_releases(&cluster, cluster.token());
    assert_eq!(names(&api, "").await.unwrap(), ["other", "podinfo"]);
    let other = names(&api, "metadata.name=other").await;
    assert_eq!(other.unwrap(), ["other"]);
}

#[tokio::test]
async fn a_reader_may_not_write_and_an_owner_may_ask_for_a_reconciliation() {
    let (_world, cluster) = with_release(64).await;
    let asked = json!({"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": "now"}}});
    let patch = async |token: &str| {
        let (parameters, patch) = (PatchParams::default(), Patch::Merge(&asked));
        let (client, releases) = (client(&cluster, token), helm_releases());
        let api = Api::<DynamicObject>::namespaced_with(client, "app-podinfo", &releases);
        api.patch("podinfo", &parameters, &patch).await
    };
    let refused = patch(cluster.viewer_token()).await.unwrap_err();
    assert_eq!(code(&refused), 403);
    let patched = patch(cluster.token()).await.unwrap().metadata;
    assert_eq!(patched.generation, Some(1));
    let requested = &patched.annotations.unwrap()["reconcile.fluxcd.io/requestedAt"];
    assert_eq!(requested, "now");
    let unknown = names(&all_releases(&cluster, "someone"), "").await;
    assert_eq!(unknown, Err(401));
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
    let (viewer, owner) = (cluster.viewer_token(), cluster.token());
    let events: Api<Event> = Api::namespaced(client(&cluster, viewer), "app-podinfo");
    let of_podinfo = "involvedObject.kind=HelmRelease,involvedObject.name=podinfo";
    assert_eq!(names(&events, of_podinfo).await.unwrap(), ["podinfo.1"]);
    assert_eq!(names(&events, "spec.node=a").await, Err(400));

    for (token, verb, allowed) in [
        (viewer, "list", true),
        (viewer, "patch", false),
        (owner, "patch", true),
        (owner, "delete", false),
    ] {
        let reviews: Api<SelfSubjectAccessReview> = Api::all(client(&cluster, token));
        let mut review = SelfSubjectAccessReview::default();
        let attributes = review.spec.resource_attributes.get_or_insert_default();
        attributes.verb = Some(verb.to_owned());
        let answer = reviews.create(&PostParams::default(), &review).await;
        let status = answer.unwrap().status.unwrap();
        assert_eq!(status.allowed, allowed, "{verb}");
    }
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
    let path = "apis/helm.toolkit.fluxcd.io/v2/namespaces/a/helmreleases/missing";
    let url = cluster.url().join(path).unwrap();
    let ask = async |request: reqwest::RequestBuilder| {
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.json::<Value>().await.unwrap())
    };
    let owned = || http.get(url.clone()).bearer_auth(cluster.token());
    let (status, body) = ask(owned()).await;
    assert_eq!((status, body["reason"].as_str()), (404, Some("NotFound")));
    let message = "helmreleases.helm.toolkit.fluxcd.io \"missing\" not found";
    assert_eq!(body["message"], message);
    let (status, body) = ask(http.get(url.clone())).await;
    assert_eq!((status, body["kind"].as_str()), (401, Some("Status")));
    cluster.set_unavailable(true);
    assert_eq!(ask(owned()).await.0, 503);
}
