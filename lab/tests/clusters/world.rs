//! The world around one cluster: real git on disk, the live application, and a server that is its chart
//! repository, its registry, its forge and its webhook at once, and records what is posted.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, Uri};
use axum::routing::any;
use axum::{Json, Router};
use lab::apps::App;
use lab::clock::Clock;
use lab::clusters::{Addresses, Cluster, ClusterOptions, Secrets, Timings};
use lab::faults::Faults;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tower_http::services::ServeDir;
use url::Url;

/// What was posted to the world.
#[derive(Clone, Debug)]
pub struct Post {
    pub path: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Post {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

type Posts = Arc<Mutex<Vec<Post>>>;

pub struct World {
    pub directory: tempfile::TempDir,
    pub address: SocketAddr,
    pub app: Arc<App>,
    pub clock: Clock,
    pub faults: Faults,
    posts: Posts,
}

impl World {
    pub async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let posts = Posts::default();
        let public = directory.path().join("public");
        let router = Router::new()
            .nest_service("/charts", ServeDir::new(public.join("charts")))
            .nest_service("/v2", ServeDir::new(public.join("v2")))
            .fallback(any(record))
            .with_state(Arc::clone(&posts));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let world = Self {
            directory,
            address,
            app: Arc::new(App::start("test").await.unwrap()),
            clock: Clock::new(),
            faults: Faults::default(),
            posts,
        };
        let (bare, tree) = (world.repository(), world.tree());
        std::fs::create_dir_all(&bare).unwrap();
        std::fs::create_dir_all(&tree).unwrap();
        let init = ["init", "--quiet", "--initial-branch=main"];
        git(&bare, &[&init[..], &["--bare"]].concat());
        git(&tree, &init);
        git(&tree, &["remote", "add", "origin", bare.to_str().unwrap()]);
        world
    }

    /// The bare repository that the cluster reads.
    pub fn repository(&self) -> PathBuf {
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
        let commit = ["commit", "--quiet", "--allow-empty", "-m", message];
        git(&tree, &commit);
        git(&tree, &["push", "--quiet", "origin", "main"]);
        git(&tree, &["rev-parse", "HEAD"])
    }

    /// A file as it is at the tip of main.
    pub fn read(&self, path: &str) -> String {
        git(&self.repository(), &["show", &format!("main:{path}")])
    }

    /// The last commit of main, in a format of `git log`.
    pub fn last_commit(&self, format: &str) -> String {
        let format = format!("--format={format}");
        git(&self.repository(), &["log", "-1", &format, "main"])
    }

    /// Publishes a chart and the image that it deploys.
    pub fn release(&self, version: &str) {
        self.chart(version);
        self.image(version);
    }

    fn chart(&self, version: &str) {
        let level = flate2::Compression::fast();
        let mut tar = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), level));
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
            let added = tar.append_data(&mut header, path, contents.as_bytes());
            added.unwrap();
        }
        let mut zip = tar.into_inner().unwrap();
        zip.flush().unwrap();
        let package = zip.finish().unwrap();
        let charts = self.publish(&format!("charts/podinfo-{version}.tgz"), &package);
        let packages = charts.iter().filter(|file| file.ends_with(".tgz"));
        let entries = packages.map(|file| {
            let version = file.trim_start_matches("podinfo-").trim_end_matches(".tgz");
            json!({"name": "podinfo", "version": version, "urls": [file]})
        });
        let entries: Vec<Value> = entries.collect();
        let index = json!({"apiVersion": "v1", "entries": {"podinfo": entries}});
        self.publish("charts/index.yaml", index.to_string().as_bytes());
    }

    pub fn image(&self, tag: &str) {
        let manifest = json!({"schemaVersion": 2, "annotations": {
            "org.opencontainers.image.version": tag, "org.opencontainers.image.revision": "abc",
            "dev.weft.color": "#34577c",
        }});
        let path = format!("v2/demo/podinfo/manifests/{tag}");
        let tags = self.publish(&path, manifest.to_string().as_bytes());
        let list = json!({"name": "demo/podinfo", "tags": tags});
        self.publish("v2/demo/podinfo/tags/list", list.to_string().as_bytes());
    }

    /// Serves a file, which is never seen half written; the names of all in its folder.
    fn publish(&self, path: &str, contents: &[u8]) -> Vec<String> {
        let file = self.directory.path().join("public").join(path);
        let folder = file.parent().unwrap();
        std::fs::create_dir_all(folder).unwrap();
        let written = self.directory.path().join("written");
        std::fs::write(&written, contents).unwrap();
        std::fs::rename(&written, &file).unwrap();
        let files = std::fs::read_dir(folder).unwrap();
        let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
        names.collect()
    }

    /// What was posted to paths that contain `part`.
    pub fn posts(&self, part: &str) -> Vec<Post> {
        let posts = self.posts.lock();
        let posts = posts.iter().filter(|post| post.path.contains(part));
        posts.cloned().collect()
    }

    /// Starts a cluster on what `clusters/{environment}` holds, with the changes of the last
    /// `watch_window` kept for watches.
    pub async fn cluster(&self, environment: &str, watch_window: usize) -> Cluster {
        let base: Url = format!("http://{}/", self.address).parse().unwrap();
        let github = Url::from_directory_path(self.directory.path().join("forge")).unwrap();
        let started = Cluster::start(ClusterOptions {
            environment: environment.to_owned(),
            data_dir: self.directory.path().to_owned(),
            addresses: Addresses {
                github,
                charts: base.join("charts/").unwrap(),
                registry: base.clone(),
                weft: Some(base),
            },
            secrets: Secrets {
                github_token: "a-github-token".to_owned(),
                weft_hmac: "a-secret".to_owned(),
            },
            clock: self.clock.clone(),
            faults: self.faults.clone(),
            timings: Timings::instant(),
            app: Arc::clone(&self.app),
            past: None,
            watch_window,
        });
        started.await.unwrap()
    }
}

/// Waits until `condition` has something to show, for at most twenty seconds.
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

/// Waits until `condition` holds.
pub async fn until(what: &str, mut condition: impl FnMut() -> bool) {
    eventually(what, || condition().then_some(())).await;
}

fn git(directory: &Path, arguments: &[&str]) -> String {
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
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {arguments:?}: {error}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// The forge's REST API and Weft's webhook: keeps what is posted, and lists the statuses of a commit, the
/// newest first.
async fn record(
    State(posts): State<Posts>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Json<Value> {
    let path = uri.path().to_owned();
    let mut posts = posts.lock();
    if method == Method::POST {
        posts.push(Post {
            path,
            headers,
            body,
        });
        return Json(Value::Null);
    }
    let set = path.trim_end_matches("/statuses").rsplit('/').next();
    let set = format!("/statuses/{}", set.unwrap());
    let statuses = posts.iter().rev().filter(|post| post.path.ends_with(&set));
    Json(statuses.map(Post::json).collect())
}
