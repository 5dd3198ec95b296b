//! The world around one cluster: real git on disk, and a server that is its chart repository, its
//! registry, its forge and its webhook at once, and records every call.

#![allow(dead_code, reason = "each test uses its part of the world")]

use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Path as UrlPath, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use lab::apps::Serving;
use lab::clock::Clock;
use lab::clusters::{
    Addresses, Bootstrap, Cluster, ClusterOptions, Secrets, Timings, Trigger, Workload,
};
use lab::faults::Faults;
use parking_lot::Mutex;
use serde_json::{Value, json};
use url::Url;

/// One call that the world received.
#[derive(Clone, Debug)]
pub struct Call {
    pub method: String,
    pub path: String,
    pub headers: axum::http::HeaderMap,
    pub body: Vec<u8>,
}

impl Call {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

#[derive(Default)]
struct Served {
    charts: BTreeMap<String, Vec<u8>>,
    images: BTreeMap<String, Value>,
    calls: Vec<Call>,
    statuses: BTreeMap<String, Vec<Value>>,
}

/// The application: what it was given to serve, and whether it is well.
#[derive(Default)]
pub struct App {
    pub served: Mutex<Vec<Serving>>,
    pub unwell: Mutex<bool>,
    url: Mutex<Option<Url>>,
}

impl Workload for App {
    fn serve(&self, serving: Serving) {
        self.served.lock().push(serving);
    }

    fn url(&self) -> Option<Url> {
        self.url.lock().clone()
    }
}

pub struct World {
    pub directory: tempfile::TempDir,
    pub address: SocketAddr,
    pub app: Arc<App>,
    pub clock: Clock,
    pub faults: Faults,
    served: Arc<Mutex<Served>>,
}

impl World {
    pub async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let served = Arc::new(Mutex::new(Served::default()));
        let app = Arc::new(App::default());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        *app.url.lock() = Some(format!("http://{address}/app/").parse().unwrap());
        let health = Arc::clone(&app);
        let router = Router::new()
            .route("/charts/index.yaml", get(index))
            .route("/charts/{file}", get(package))
            .route("/v2/demo/podinfo/manifests/{tag}", get(manifest))
            .route("/v2/demo/podinfo/tags/list", get(tags))
            .route(
                "/app/healthz",
                get(move || async move {
                    if *health.unwell.lock() {
                        StatusCode::SERVICE_UNAVAILABLE
                    } else {
                        StatusCode::OK
                    }
                }),
            )
            .fallback(any(keep))
            .with_state(Arc::clone(&served));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let world = Self {
            directory,
            address,
            app,
            clock: Clock::new(),
            faults: Faults::default(),
            served,
        };
        let bare = world.repository();
        std::fs::create_dir_all(&bare).unwrap();
        git(
            &bare,
            &["init", "--quiet", "--bare", "--initial-branch=main"],
        );
        let tree = world.tree();
        std::fs::create_dir_all(&tree).unwrap();
        git(&tree, &["init", "--quiet", "--initial-branch=main"]);
        git(&tree, &["remote", "add", "origin", bare.to_str().unwrap()]);
        world
    }

    fn repository(&self) -> PathBuf {
        self.directory.path().join("forge/demo/podinfo")
    }

    fn tree(&self) -> PathBuf {
        self.directory.path().join("tree")
    }

    /// Writes a file, commits and pushes; the commit's id.
    pub fn push(&self, path: &str, contents: &str, message: &str) -> String {
        let tree = self.tree();
        let file = tree.join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        if tree.join(".git/refs/heads/main").exists() {
            git(&tree, &["pull", "--quiet", "--rebase", "origin", "main"]);
        }
        std::fs::write(&file, contents).unwrap();
        git(&tree, &["add", "."]);
        git(
            &tree,
            &["commit", "--quiet", "--allow-empty", "-m", message],
        );
        git(&tree, &["push", "--quiet", "origin", "main"]);
        git(&tree, &["rev-parse", "HEAD"])
    }

    /// A file as it is at the tip of main.
    pub fn read(&self, path: &str) -> String {
        git(&self.repository(), &["show", &format!("main:{path}")])
    }

    /// The last commit of main, in a format of `git log`.
    pub fn last_commit(&self, format: &str) -> String {
        git(
            &self.repository(),
            &["log", "-1", &format!("--format={format}"), "main"],
        )
    }

    /// Publishes a chart and the image that it deploys.
    pub fn release(&self, version: &str) {
        self.chart(version);
        self.image(version);
    }

    pub fn chart(&self, version: &str) {
        let mut tar = tar::Builder::new(flate2::write::GzEncoder::new(
            Vec::new(),
            flate2::Compression::fast(),
        ));
        let files = [
            ("podinfo/Chart.yaml", format!("apiVersion: v2\nname: podinfo\nversion: {version}\nappVersion: {version}\n")),
            ("podinfo/values.yaml", format!("image: {{repository: ghcr.io/demo/podinfo, tag: {version}}}\nui: {{color: \"\"}}\n")),
            (
                "podinfo/templates/tests/http.yaml",
                "kind: Pod\nmetadata:\n  name: {{ .Release.Name }}-http-test\n  annotations:\n    helm.sh/hook: test\n".to_owned(),
            ),
        ];
        for (path, contents) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(contents.len() as u64);
            header.set_mode(0o644);
            header.set_cksum();
            tar.append_data(&mut header, path, contents.as_bytes())
                .unwrap();
        }
        let mut zip = tar.into_inner().unwrap();
        zip.flush().unwrap();
        self.served
            .lock()
            .charts
            .insert(version.to_owned(), zip.finish().unwrap());
    }

    pub fn image(&self, tag: &str) {
        let manifest = json!({"schemaVersion": 2, "annotations": {
            "org.opencontainers.image.version": tag, "org.opencontainers.image.revision": "abc",
            "dev.weft.color": "#34577c",
        }});
        self.served.lock().images.insert(tag.to_owned(), manifest);
    }

    /// What was posted to paths that contain `part`.
    pub fn posts(&self, part: &str) -> Vec<Call> {
        let served = self.served.lock();
        let posts = served.calls.iter().filter(|call| call.method == "POST");
        posts
            .filter(|call| call.path.contains(part))
            .cloned()
            .collect()
    }

    /// Starts a cluster on what `clusters/{environment}` holds.
    pub async fn cluster(
        &self,
        environment: &str,
        timings: Timings,
        watch_window: usize,
    ) -> Cluster {
        let base: Url = format!("http://{}/", self.address).parse().unwrap();
        let github = Url::from_directory_path(self.directory.path().join("forge")).unwrap();
        Cluster::start(ClusterOptions {
            environment: environment.to_owned(),
            data_dir: self.directory.path().to_owned(),
            addresses: Addresses {
                github,
                charts: base.join("charts/").unwrap(),
                registry: base.clone(),
                weft: Some(base.clone()),
            },
            secrets: Secrets {
                github_token: "a-github-token".to_owned(),
                git_token: "a-git-token".to_owned(),
                weft_hmac: "a-secret".to_owned(),
            },
            clock: self.clock.clone(),
            faults: self.faults.clone(),
            timings,
            workload: Arc::clone(&self.app) as Arc<dyn Workload>,
            bootstrap: Bootstrap {
                repository: "https://github.com/demo/podinfo".to_owned(),
                branch: "main".to_owned(),
                path: format!("clusters/{environment}"),
            },
            past: None,
            commit_status_uid: None,
            watch_window,
        })
        .await
        .unwrap()
    }

    /// Advances lab time past the longest interval of the tests, and says that everything moved.
    pub fn let_an_interval_pass(&self, cluster: &Cluster) {
        self.clock.advance(Duration::from_secs(11));
        cluster.trigger(Trigger::Git);
    }
}

/// Waits until `condition` holds, for at most twenty seconds.
pub async fn eventually<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(tokio::time::Instant::now() < deadline, "never: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

pub fn git(directory: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .arg("-C")
        .arg(directory)
        .args(arguments)
        .envs([
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("GIT_CONFIG_GLOBAL", "/dev/null"),
            ("GIT_AUTHOR_NAME", "ana"),
            ("GIT_AUTHOR_EMAIL", "ana@example.com"),
            ("GIT_COMMITTER_NAME", "ana"),
            ("GIT_COMMITTER_EMAIL", "ana@example.com"),
        ])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "git {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

async fn index(State(served): State<Arc<Mutex<Served>>>) -> String {
    let entries: Vec<Value> = served
        .lock()
        .charts
        .keys()
        .map(|version| json!({"name": "podinfo", "version": version, "urls": [format!("podinfo-{version}.tgz")]}))
        .collect();
    json!({"apiVersion": "v1", "entries": {"podinfo": entries}}).to_string()
}

async fn package(
    State(served): State<Arc<Mutex<Served>>>,
    UrlPath(file): UrlPath<String>,
) -> Response {
    let version = file.trim_start_matches("podinfo-").trim_end_matches(".tgz");
    match served.lock().charts.get(version) {
        Some(package) => package.clone().into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn manifest(
    State(served): State<Arc<Mutex<Served>>>,
    UrlPath(tag): UrlPath<String>,
) -> Response {
    match served.lock().images.get(&tag) {
        Some(manifest) => axum::Json(manifest.clone()).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn tags(State(served): State<Arc<Mutex<Served>>>) -> axum::Json<Value> {
    let tags: Vec<String> = served.lock().images.keys().cloned().collect();
    axum::Json(json!({"name": "demo/podinfo", "tags": tags}))
}

/// The forge's REST API and Weft's webhook: keeps every call, and remembers commit statuses.
async fn keep(State(served): State<Arc<Mutex<Served>>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap().to_vec();
    let path = parts.uri.path().to_owned();
    let mut served = served.lock();
    served.calls.push(Call {
        method: parts.method.to_string(),
        path: path.clone(),
        headers: parts.headers,
        body: body.clone(),
    });
    if let Some((_, commit)) = path.split_once("/statuses/") {
        let status: Value = serde_json::from_slice(&body).unwrap();
        served
            .statuses
            .entry(commit.to_owned())
            .or_default()
            .insert(0, status);
        return (StatusCode::CREATED, axum::Json(json!({}))).into_response();
    }
    if let Some((_, rest)) = path.split_once("/commits/") {
        let commit = rest.split('/').next().unwrap();
        let statuses = served.statuses.get(commit).cloned().unwrap_or_default();
        return axum::Json(statuses).into_response();
    }
    StatusCode::NO_CONTENT.into_response()
}
