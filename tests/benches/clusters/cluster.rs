//! A real API server with Flux's definitions, and the releases in it.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use futures::StreamExt;
use futures::stream;
use kube::api::{Api, DynamicObject, Patch, PatchParams, PostParams};
use kube::core::GroupVersionKind;
use kube::discovery::ApiResource;
use serde_json::{Value, json};
use tempfile::TempDir;
use testbed::control_plane::{ControlPlane, Etcd};

/// How many there are, a hundred in each namespace.
pub const RELEASES: usize = 5_000;
const IN_EACH: usize = 100;
const AT_ONCE: usize = 16;

/// What is declared first ends first: an API server without its store takes a minute to end.
pub struct Cluster {
    plane: ControlPlane,
    _etcd: Etcd,
    client: kube::Client,
    folder: TempDir,
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
        let folder = tempfile::tempdir().unwrap();
        let etcd = Etcd::start(folder.path()).unwrap();
        let plane = ControlPlane::start(etcd.url(), "prod", &folder.path().join("prod")).unwrap();
        plane.apply(&testbed::definitions::flux().unwrap()).unwrap();
        let established = ["wait", "crd", "--all", "--for=condition=Established"];
        plane.run(&established, "").unwrap().ok().unwrap();
        fs::copy(plane.kubeconfig(), folder.path().join("kubeconfig")).unwrap();
        let client = plane.client().await.unwrap();
        Self {
            plane,
            _etcd: etcd,
            client,
            folder,
        }
    }

    /// Where its kubeconfig is.
    pub fn folder(&self) -> &Path {
        self.folder.path()
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
        self.plane.apply(&list.to_string()).unwrap();
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
    let release = json!({
        "apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease",
        "metadata": {
            "name": name, "namespace": namespace,
            "labels": {
                "kustomize.toolkit.fluxcd.io/name": format!("app-promo-{name}"),
                "kustomize.toolkit.fluxcd.io/namespace": "flux-system",
            },
        },
        "spec": {
            "interval": "5m", "timeout": "3m", "releaseName": name,
            "chart": {"spec": {
                "chart": name, "version": "1.1.6", "interval": "1m", "reconcileStrategy": "ChartVersion",
                "sourceRef": {"kind": "HelmRepository", "name": "charts", "namespace": namespace},
            }},
            "install": {"remediation": {"retries": 2}},
            "upgrade": {"remediation": {"retries": 2, "remediateLastFailure": true}},
            "test": {"enable": true},
            "driftDetection": {"mode": "warn"},
            "values": {
                "replicaCount": 3,
                "ui": {"color": "#34577c", "message": format!("{name} of {namespace}")},
                "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"memory": "256Mi"}},
                "ingress": {"enabled": true, "className": "nginx", "hosts": [
                    {"host": format!("{name}.{namespace}.example.com"),
                     "paths": [{"path": "/", "pathType": "Prefix"}]},
                ]},
                "hpa": {"enabled": true, "maxReplicas": 10, "cpu": 80},
            },
        },
    });
    let release: DynamicObject = serde_json::from_value(release).unwrap();
    let params = PostParams {
        field_manager: Some("kustomize-controller".into()),
        ..PostParams::default()
    };
    let mut made = api.create(&params, &release).await.unwrap();
    let condition = |kind: &str, reason: &str| {
        json!({
            "type": kind, "status": "True", "reason": reason, "observedGeneration": 1,
            "lastTransitionTime": "2026-11-22T10:00:42Z",
            "message": format!("Helm upgrade succeeded for release {namespace}/{name}.v5 with chart {name}@1.1.6"),
        })
    };
    made.data["status"] = json!({
        "observedGeneration": 1, "lastAttemptedGeneration": 1, "lastAttemptedRevision": "1.1.6",
        "lastAttemptedReleaseAction": "upgrade", "storageNamespace": namespace,
        "lastAttemptedConfigDigest": format!("sha256:{}", "1".repeat(64)),
        "helmChart": format!("{namespace}/{namespace}-{name}"),
        "conditions": [
            condition("Ready", "TestSucceeded"),
            condition("Released", "UpgradeSucceeded"),
            condition("TestSuccess", "TestSucceeded"),
        ],
        "history": history(namespace, name, "1.1.6"),
    });
    let params = PostParams {
        field_manager: Some("helm-controller".into()),
        ..PostParams::default()
    };
    api.replace_status(name, &params, &made).await.unwrap();
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
