//! Weft's sources and boards beside clusters, without GitHub and without apps.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use model::PipelineName;
use proxy::app::AppState;
use proxy::clock::SystemClock;
use proxy::config::Config;
use serde_json::{Value, json};
use tokio_util::sync::DropGuard;

/// How long anything may take before a test gives up.
const TIMEOUT: Duration = Duration::from_secs(20);

/// A Weft with one pipeline, `web/podinfo`, that has one environment in each cluster.
pub struct Weft {
    app: AppState,
    folder: tempfile::TempDir,
    _ending: DropGuard,
}

impl Weft {
    /// Beside clusters of this `access`, in YAML, by name. Paths are relative to [`Self::folder`].
    pub async fn beside(clusters: &[(&str, &str)], files: &[(&str, &str)]) -> Self {
        let mut environments = String::new();
        for (name, _) in clusters {
            write!(
                environments,
                "
    {{name: {name}, path: a.yaml, targets: [{{cluster: {name}, live_url: 'http://127.0.0.1:1',
      git_repository: {{namespace: flux, name: git}}, kustomization: {{namespace: flux, name: web}},
      helm_release: {{namespace: web, name: podinfo}}}}]}},"
            )
            .unwrap();
        }
        Self::with(clusters, &environments, files).await
    }

    /// Beside one cluster, `prod`, of which every kind is watched that Weft can watch.
    pub async fn beside_everything(access: &str, files: &[(&str, &str)]) -> Self {
        let environments = "
    {name: dev, path: a.yaml, targets: [{cluster: prod, live_url: 'http://127.0.0.1:1',
      git_repository: {namespace: flux, name: git}, kustomization: {namespace: flux, name: web},
      deployment: {namespace: web, name: podinfo},
      image_policy: {namespace: web, name: podinfo},
      image_update_automation: {namespace: web, name: podinfo}}]},
    {name: stg, path: c.yaml, targets: [{cluster: prod, live_url: 'http://127.0.0.1:1',
      git_repository: {namespace: flux, name: git}, kustomization: {namespace: flux, name: web},
      helm_release: {namespace: web, name: other},
      chart_source: {kind: OCIRepository, namespace: web, name: podinfo}}]},
    {name: prod, path: b.yaml, targets: [{cluster: prod, live_url: 'http://127.0.0.1:1',
      git_repository: {namespace: flux, name: git}, kustomization: {namespace: flux, name: web},
      helm_release: {namespace: web, name: podinfo}}]},";
        Self::with(&[("prod", access)], environments, files).await
    }

    async fn with(clusters: &[(&str, &str)], environments: &str, files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [("token", "good\n")].iter().chain(files) {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let mut yaml = "
public_url: https://weft.example.com
data_dir: data
github:
  rest_url: http://127.0.0.1:1
  graphql_url: http://127.0.0.1:1
  client_id: test
  client_secret: {file: token}
  token: {file: token}
clusters:
"
        .to_owned();
        for (name, access) in clusters {
            writeln!(yaml, "  - {{name: {name}, access: {access}}}").unwrap();
        }
        write!(
            yaml,
            "pipelines:
  - {{namespace: web, name: podinfo, repository: demo/podinfo, environments: [{environments}]}}
"
        )
        .unwrap();
        let config = Config::parse(&folder.path().join("weft.yaml"), &yaml).unwrap();
        let app = AppState::build(config, Arc::new(SystemClock))
            .await
            .unwrap();
        proxy::sources::start(&app, &app.shutdown);
        Self {
            _ending: app.shutdown.clone().drop_guard(),
            app,
            folder,
        }
    }

    pub fn write(&self, name: &str, text: &str) {
        // As Kubernetes does: the whole file at once.
        let new = self.folder.path().join("new");
        std::fs::write(&new, text).unwrap();
        std::fs::rename(new, self.folder.path().join(name)).unwrap();
    }

    fn board(&self) -> Value {
        let name = PipelineName::new("web", "podinfo");
        serde_json::to_value(&*self.app.boards.get(&name).unwrap()).unwrap()
    }

    /// The version that Helm deployed in an environment, as the board shows it.
    pub fn deployed(&self, environment: &str) -> Option<String> {
        let link = self.link(environment);
        Some(link.pointer("/evidence/revision")?.as_str()?.to_owned())
    }

    /// The third link of an environment.
    pub fn link(&self, environment: &str) -> Value {
        let board = self.board();
        let environments = board["environments"].as_array().unwrap();
        let view = environments.iter().find(|it| it["name"] == environment);
        view.unwrap()["links"][2].clone()
    }

    /// What is wrong with a cluster; `None` where nothing is, or nothing is known yet.
    pub fn failing(&self, cluster: &str) -> Option<String> {
        let source = self.source(cluster)?;
        Some(source["failing"].as_str()?.to_owned())
    }

    /// Whether a cluster has answered and nothing is wrong with it.
    pub fn is_well(&self, cluster: &str) -> bool {
        let source = self.source(cluster);
        source.is_some_and(|source| source["ok_at"].is_string() && source["failing"].is_null())
    }

    fn source(&self, cluster: &str) -> Option<Value> {
        let name = format!("flux {cluster}");
        let board = self.board();
        let sources = board["sources"].as_array()?;
        sources.iter().find(|it| it["name"] == name).cloned()
    }

    /// Waits until Helm has deployed a version in `prod`.
    #[track_caller]
    pub fn until_deployed(&self, version: &str) -> impl Future<Output = ()> {
        self.until(version, move |weft| {
            weft.deployed("prod").as_deref() == Some(version)
        })
    }

    /// Waits until nothing is wrong with `prod`.
    #[track_caller]
    pub fn until_well(&self) -> impl Future<Output = ()> {
        self.until("it is well", |weft| weft.is_well("prod"))
    }

    /// Waits until something is wrong with `prod`, and returns it.
    #[track_caller]
    pub fn until_failing(&self) -> impl Future<Output = String> {
        let failing = self.until("it fails", |weft| weft.failing("prod").is_some());
        async move {
            failing.await;
            self.failing("prod").unwrap()
        }
    }

    /// Waits until a condition holds.
    #[track_caller]
    pub fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) -> impl Future<Output = ()> {
        self.until_within(TIMEOUT, what, holds)
    }

    /// The same, for so long.
    #[track_caller]
    pub fn until_within(
        &self,
        patience: Duration,
        what: &str,
        holds: impl Fn(&Self) -> bool,
    ) -> impl Future<Output = ()> {
        let at = std::panic::Location::caller();
        async move {
            let waiting = async {
                while !holds(self) {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            };
            let held = tokio::time::timeout(patience, waiting).await.is_ok();
            assert!(held, "{at}: in vain: {what}\n{:#}", self.board());
        }
    }
}

/// A HelmRelease as Flux leaves one after a good upgrade to this version.
pub fn release(version: &str) -> Value {
    json!({
        "apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease",
        "metadata": {
            "name": "podinfo", "namespace": "web", "generation": 1, "uid": "1",
            "managedFields": [{"manager": "helm-controller", "fieldsV1": {"f:status": {}}}],
        },
        "spec": {"interval": "5m", "chart": {"spec": {"chart": "podinfo", "version": version,
            "sourceRef": {"kind": "HelmRepository", "name": "podinfo"}}}},
        "status": {
            "observedGeneration": 1, "helmChart": "web/web-podinfo",
            "conditions": [{"type": "Ready", "status": "True", "reason": "UpgradeSucceeded",
                "observedGeneration": 1, "message": "Helm upgrade succeeded",
                "lastTransitionTime": "2026-11-22T10:00:00Z"}],
            "history": [{"version": 1, "name": "podinfo", "namespace": "web", "chartName": "podinfo",
                "chartVersion": version, "appVersion": version, "status": "deployed",
                "digest": "sha256:0", "configDigest": "sha256:0",
                "firstDeployed": "2026-11-22T10:00:00Z", "lastDeployed": "2026-11-22T10:00:00Z"}],
        },
    })
}
