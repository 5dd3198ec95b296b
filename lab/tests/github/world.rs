//! A forge on a free port for one test, with a client and a git that talk to it.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use lab::clock::Clock;
use lab::faults::Faults;
use lab::seed::Seed;
use lab::{Forge, ForgeOptions, PullSummary};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A forge and what a test needs beside it.
pub struct World {
    pub forge: Forge,
    pub clock: Clock,
    pub faults: Faults,
    client: reqwest::Client,
    dir: TempDir,
}

/// An answer, read whole; `json` is null where there is none.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
    pub json: Value,
}

/// Runs the ordinary git client; returns what it prints, or the error that it ends with.
pub async fn git(dir: &Path, args: &[&str]) -> Result<String, String> {
    let output = tokio::process::Command::new("git")
        .current_dir(dir)
        .args(args)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_AUTHOR_NAME", "Ana Ruiz")
        .env("GIT_AUTHOR_EMAIL", "1001+ana@users.noreply.github.com")
        .env("GIT_COMMITTER_NAME", "Ana Ruiz")
        .env("GIT_COMMITTER_EMAIL", "1001+ana@users.noreply.github.com")
        .output()
        .await
        .unwrap();
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

impl World {
    /// A forge with one commit and the release 1.1.4.
    pub async fn fresh() -> Self {
        Self::with(Seed::Fresh).await
    }

    /// A forge with the seeded week.
    pub async fn seeded() -> Self {
        Self::with(Seed::Week).await
    }

    /// A fresh forge, and the number of ana's release of chart 1.1.5 with podinfo 5.1.6, which is open
    /// and whose checks have passed.
    pub async fn with_release() -> (Self, u64) {
        let world = Self::fresh().await;
        let opened = world.forge.open_release("#2f6b52", "5.1.6", "1.1.5", "ana");
        let number = opened.await.unwrap();
        until("the checks pass", async || {
            world.pull(number).await.checks_passed
        })
        .await;
        (world, number)
    }

    async fn with(seed: Seed) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (clock, faults) = (Clock::new(), Faults::default());
        let options = ForgeOptions {
            seed,
            job_delay: Duration::from_millis(5),
            ..ForgeOptions::new(dir.path().join("forge"), clock.clone(), faults.clone())
        };
        let client = reqwest::Client::builder().no_proxy();
        let client = client.redirect(reqwest::redirect::Policy::none());
        Self {
            forge: Forge::start(options).await.unwrap(),
            clock,
            faults,
            client: client.build().unwrap(),
            dir,
        }
    }

    pub fn token(&self, login: &str) -> String {
        self.forge.token_for(login).unwrap()
    }

    /// The clone URL with a token as password.
    pub fn clone_url(&self, token: &str) -> String {
        let port = self.forge.url().port().unwrap();
        format!("http://x-access-token:{token}@127.0.0.1:{port}/demo/podinfo.git")
    }

    /// A clone that pushes as `login`.
    pub async fn clone_as(&self, login: &str) -> PathBuf {
        let url = self.clone_url(&self.token(login));
        let cloned = git(self.dir.path(), &["clone", "-q", &url, login]).await;
        cloned.unwrap();
        self.dir.path().join(login)
    }

    /// A request to a path of the forge.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = self.forge.url().join(path).unwrap();
        self.client.request(method, url)
    }

    pub async fn get(&self, path: &str) -> Answer {
        read(self.request(Method::GET, path)).await
    }

    /// A REST request under `repos/demo/podinfo/` as an account, without a body where it is null.
    pub async fn api(&self, login: &str, method: Method, path: &str, body: Value) -> Answer {
        let path = format!("api/v3/repos/demo/podinfo/{path}");
        let request = self.request(method, &path).bearer_auth(self.token(login));
        read(match body {
            Value::Null => request,
            body => request.json(&body),
        })
        .await
    }

    pub async fn post(&self, login: &str, path: &str, body: Value) -> Answer {
        self.api(login, Method::POST, path, body).await
    }

    /// The JSON at a path under `repos/demo/podinfo/`, as sam reads it.
    pub async fn rest(&self, path: &str) -> Value {
        self.api("sam", Method::GET, path, Value::Null).await.json
    }

    /// A GraphQL request as an account.
    pub async fn graphql(&self, login: &str, query: &str, variables: Value) -> Value {
        let request = self
            .request(Method::POST, "api/graphql")
            .bearer_auth(self.token(login))
            .json(&json!({ "query": query, "variables": variables }));
        let answer = read(request).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json
    }

    pub async fn pull(&self, number: u64) -> PullSummary {
        self.forge.pull(number).await.unwrap()
    }

    /// The open promotion into an environment.
    pub async fn promotion(&self, environment: &str) -> Option<PullSummary> {
        self.forge.open_promotion(environment).await.unwrap()
    }

    /// Approves a pull request as sam.
    pub async fn approve(&self, number: u64) {
        let review = self.forge.review(number, "sam", "APPROVE", "").await;
        review.unwrap();
    }

    /// The dispatch that Flux sends when a release's tests succeeded.
    pub async fn test_succeeded(&self, environment: &str, version: &str) {
        self.dispatch("TestSucceeded", environment, version).await;
    }

    pub async fn dispatch(&self, reason: &str, environment: &str, version: &str) {
        let payload = json!({
            "involvedObject": { "kind": "HelmRelease", "name": "podinfo", "namespace": "app-podinfo" },
            "severity": "info",
            "reason": reason,
            "message": format!("Helm test succeeded for release with chart podinfo@{version}"),
            "metadata": { "env": environment, "revision": version },
        });
        let body =
            json!({ "event_type": "HelmRelease/podinfo.app-podinfo", "client_payload": payload });
        let answer = self.post("fluxcdbot", "dispatches", body).await;
        assert_eq!(answer.status, 204, "{}", answer.text);
    }
}

/// Waits until `condition` has something to show, for at most twenty seconds.
pub async fn eventually<T>(what: &str, condition: impl AsyncFn() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = condition().await {
            return found;
        }
        assert!(started.elapsed().as_secs() < 20, "in vain: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Waits until `condition` holds.
pub async fn until(what: &str, condition: impl AsyncFn() -> bool) {
    eventually(what, async || condition().await.then_some(())).await;
}

/// Sends a request and reads its answer.
pub async fn read(request: RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let text = response.text().await.unwrap();
    let json = serde_json::from_str(&text).unwrap_or_default();
    Answer {
        status,
        headers,
        text,
        json,
    }
}

/// The GraphQL documents that Weft sends, each with its file's name and the fragments that it spreads.
pub fn queries() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../proxy/src/github/queries");
    let files = std::fs::read_dir(folder).unwrap().map(|file| {
        let file = file.unwrap();
        let text = std::fs::read_to_string(file.path()).unwrap();
        (file.file_name().to_string_lossy().into_owned(), text)
    });
    let is_fragment =
        |(_, text): &(String, String)| text.lines().any(|line| line.starts_with("fragment "));
    let (fragments, mut queries): (Vec<_>, Vec<_>) = files.partition(is_fragment);
    for (_, text) in &mut queries {
        for (_, fragment) in &fragments {
            let (_, named) = fragment.split_once("fragment ").unwrap();
            let (name, _) = named.split_once(' ').unwrap();
            if text.contains(&format!("...{name}")) {
                text.push_str(fragment);
            }
        }
    }
    queries
}

/// The document of Weft with the operation `name`.
pub fn query(name: &str) -> String {
    let begins = ["query", "mutation"].map(|kind| format!("{kind} {name}("));
    let has_operation =
        |(_, text): &(String, String)| begins.iter().any(|begin| text.contains(begin));
    let found = queries().into_iter().find(has_operation);
    found
        .unwrap_or_else(|| panic!("Weft has no operation {name}"))
        .1
}
