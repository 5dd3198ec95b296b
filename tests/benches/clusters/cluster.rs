//! A real API server with Flux's definitions, and the releases in it.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use futures::StreamExt;
use futures::stream;
use kube::api::{Api, DynamicObject, Patch, PatchParams, PostParams};
use kube::core::GroupVersionKind;
use kube::discovery::ApiResource;
use serde_json::{Value, json};

/// How many there are, a hundred in each namespace.
pub const RELEASES: usize = 5_000;
const IN_EACH: usize = 100;
const AT_ONCE: usize = 16;

/// A HelmRelease as Flux 2.9 leaves it, but for its history.
const RELEASE: &str = include_str!("release.json");

pub struct Cluster {
    cluster: testbed::Cluster,
    client: kube::Client,
}

/// The namespace and the name of a release.
pub fn name(at: usize) -> (String, String) {
    (
        format!("team-{}", at / IN_EACH),
        format!("app-{}", at % IN_EACH),
    )
}

impl Cluster {
    pub async fn start() -> Self {
        let cluster = testbed::Cluster::with_flux("prod").unwrap();
        let client = cluster.plane.client().await.unwrap();
        Self { cluster, client }
    }

    pub fn kubeconfig(&self) -> PathBuf {
        self.cluster.plane.kubeconfig()
    }

    fn api(&self, namespace: &str) -> Api<DynamicObject> {
        Api::namespaced_with(self.client.clone(), namespace, &resource())
    }

    /// Makes them all; says how long it took, and how long one is as listed.
    pub async fn fill(&self) -> (Duration, usize) {
        let namespaces: Vec<Value> = (0..RELEASES / IN_EACH)
            .map(|team| {
                let name = json!({"name": format!("team-{team}")});
                json!({"apiVersion": "v1", "kind": "Namespace", "metadata": name})
            })
            .collect();
        let list = json!({"apiVersion": "v1", "kind": "List", "items": namespaces});
        self.cluster.plane.apply(&list.to_string()).unwrap();
        let began = Instant::now();
        stream::iter(0..RELEASES)
            .for_each_concurrent(AT_ONCE, |at| {
                let (namespace, name) = name(at);
                let api = self.api(&namespace);
                async move { make(&api, &namespace, &name).await }
            })
            .await;
        let took = began.elapsed();
        let (namespace, name) = name(0);
        let one = self.api(&namespace).get(&name).await.unwrap();
        (took, serde_json::to_string(&one).unwrap().len())
    }

    /// Has the first release be what Flux makes it after a good upgrade to this version.
    pub async fn change(&self, version: &str) {
        let (namespace, name) = name(0);
        let status = json!({"status": {"history": history(&namespace, &name, version)}});
        let patch = Patch::Merge(status);
        let api = self.api(&namespace);
        api.patch_status(&name, &PatchParams::default(), &patch)
            .await
            .unwrap();
    }
}

fn resource() -> ApiResource {
    let kind = GroupVersionKind::gvk("helm.toolkit.fluxcd.io", "v2", "HelmRelease");
    ApiResource::from_gvk_with_plural(&kind, "helmreleases")
}

async fn make(api: &Api<DynamicObject>, namespace: &str, name: &str) {
    let text = RELEASE.replace("$TEAM", namespace).replace("$NAME", name);
    let mut release: Value = serde_json::from_str(&text).unwrap();
    let fields = release.as_object_mut().unwrap();
    let mut status = fields.remove("status").unwrap();
    status["history"] = history(namespace, name, "1.1.6").into();
    let by = |manager: &str| PostParams {
        field_manager: Some(manager.into()),
        ..PostParams::default()
    };
    let release: DynamicObject = serde_json::from_value(release).unwrap();
    let kustomize = by("kustomize-controller");
    let mut made = api.create(&kustomize, &release).await.unwrap();
    made.data["status"] = status;
    let helm = by("helm-controller");
    api.replace_status(name, &helm, &made).await.unwrap();
}

/// Five releases, as Flux keeps them: the newest is of this version.
fn history(namespace: &str, name: &str, version: &str) -> Vec<Value> {
    let snapshot = |number: usize| {
        let newest = number == 5;
        let chart = if newest {
            version.to_owned()
        } else {
            format!("1.1.{number}")
        };
        json!({
            "version": number, "name": name, "namespace": namespace, "chartName": name,
            "chartVersion": chart, "appVersion": format!("6.0.{number}"),
            "status": if newest { "deployed" } else { "superseded" },
            "digest": format!("sha256:{}", "2".repeat(64)),
            "configDigest": format!("sha256:{}", "3".repeat(64)),
            "firstDeployed": "2026-11-22T10:00:00Z",
            "lastDeployed": format!("2026-11-22T10:00:{:02}Z", number * 8),
            "testHooks": {
                format!("{name}-grpc-test"): {"phase": "Succeeded",
                    "lastStarted": "2026-11-22T10:00:41Z", "lastCompleted": "2026-11-22T10:00:42Z"},
                format!("{name}-service-test"): {"phase": "Succeeded",
                    "lastStarted": "2026-11-22T10:00:41Z", "lastCompleted": "2026-11-22T10:00:42Z"},
            },
        })
    };
    (1..=5).rev().map(snapshot).collect()
}
