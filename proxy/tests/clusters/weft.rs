//! Weft's sources and boards beside clusters, without GitHub and without apps.

use std::sync::Arc;
use std::time::Duration;

use model::PipelineName;
use proxy::app::AppState;
use proxy::clock::SystemClock;
use proxy::config::Config;
use serde_json::Value;
use tokio_util::sync::DropGuard;

/// How long anything may take before a test gives up.
const TIMEOUT: Duration = Duration::from_secs(20);

const PIPELINE: &str =
    "  - namespace: web\n    name: podinfo\n    repository: demo/podinfo\n    environments:\n";
const ENVIRONMENT: &str = include_str!("environment.yaml");

/// A Weft with one pipeline, `web/podinfo`, that has one environment in each cluster.
pub struct Weft {
    app: AppState,
    folder: tempfile::TempDir,
    _ending: DropGuard,
}

impl Weft {
    /// Beside clusters of this `access`, in YAML, by name. Paths are relative to [`Self::folder`].
    pub async fn beside(clusters: &[(&str, &str)], files: &[(&str, &str)]) -> Self {
        let environment = |(name, _): &(&str, &str)| ENVIRONMENT.replace("{cluster}", name);
        let environments: String = clusters.iter().map(environment).collect();
        Self::with(clusters, &environments, files).await
    }

    /// Beside one cluster, `prod`, of which every kind is watched that Weft can watch.
    pub async fn beside_everything(access: &str, files: &[(&str, &str)]) -> Self {
        Self::with(&[("prod", access)], include_str!("everything.yaml"), files).await
    }

    async fn with(clusters: &[(&str, &str)], environments: &str, files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [("token", "good\n")].iter().chain(files) {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let cluster =
            |(name, access): &(&str, &str)| format!("  - {{name: {name}, access: {access}}}\n");
        let clusters: String = clusters.iter().map(cluster).collect();
        let yaml = format!(
            "{}clusters:\n{clusters}pipelines:\n{PIPELINE}{environments}",
            include_str!("weft.yaml")
        );
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
    let text = include_str!("helmrelease.json").replace("{version}", version);
    serde_json::from_str(&text).unwrap()
}
