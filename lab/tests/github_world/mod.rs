//! A forge on a free port for one test, with a client and a git that talk to it.
#![allow(dead_code, reason = "each test binary uses its own part of this")]

use std::path::{Path, PathBuf};
use std::time::Duration;

use lab::clock::Clock;
use lab::faults::Faults;
use lab::seed::Seed;
use lab::{Forge, ForgeOptions};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tempfile::TempDir;

/// How long a condition may take to come true.
const DEADLINE: Duration = Duration::from_secs(20);

/// A forge and what a test needs beside it.
pub struct World {
    pub forge: Forge,
    pub clock: Clock,
    pub faults: Faults,
    pub client: reqwest::Client,
    dir: TempDir,
}

/// An answer, read whole.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
    pub json: Value,
}

/// How a git command ended.
#[derive(Debug)]
pub struct Git {
    pub success: bool,
    pub stdout: String,
    pub stderr: String,
}

impl Git {
    /// Asserts that the command succeeded.
    pub fn ok(&self) {
        assert!(self.success, "{}", self.stderr);
    }
}

/// Runs the ordinary git client.
pub async fn git(dir: &Path, args: &[&str]) -> Git {
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
        .expect("git is installed");
    Git {
        success: output.status.success(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
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

    async fn with(seed: Seed) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let (clock, faults) = (Clock::new(), Faults::default());
        let options = ForgeOptions {
            seed,
            job_delay: Duration::from_millis(5),
            ..ForgeOptions::new(dir.path().join("forge"), clock.clone(), faults.clone())
        };
        let forge = Forge::start(options).await.expect("the forge starts");
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .expect("a client");
        Self {
            forge,
            clock,
            faults,
            client,
            dir,
        }
    }

    pub fn token(&self, login: &str) -> String {
        self.forge.token_for(login).expect("a demo account")
    }

    /// The clone URL with a token as password.
    pub fn clone_url(&self, token: &str) -> String {
        let port = self.forge.url().port().expect("a port");
        format!("http://x-access-token:{token}@127.0.0.1:{port}/demo/podinfo.git")
    }

    /// A clone that pushes as `login`.
    pub async fn clone_as(&self, login: &str) -> PathBuf {
        let target = self.dir.path().join(format!("clone-{login}"));
        let url = self.clone_url(&self.token(login));
        git(
            self.dir.path(),
            &["clone", "-q", &url, &target.display().to_string()],
        )
        .await
        .ok();
        target
    }

    /// A request to a path of the forge.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client
            .request(method, self.forge.url().join(path).expect("a path"))
    }

    pub async fn get(&self, path: &str) -> Answer {
        read(self.request(Method::GET, path)).await
    }

    /// A REST request under `repos/demo/podinfo/` as an account.
    pub async fn api(
        &self,
        login: &str,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Answer {
        let path = format!("api/v3/repos/demo/podinfo/{path}");
        let mut request = self.request(method, &path).bearer_auth(self.token(login));
        if let Some(body) = body {
            request = request.json(&body);
        }
        read(request).await
    }

    /// The JSON at a path under `repos/demo/podinfo/`, as sam reads it.
    pub async fn rest(&self, path: &str) -> Value {
        self.api("sam", Method::GET, path, None).await.json
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

    /// The number of the open promotion into an environment, as soon as there is one whose checks
    /// have passed.
    pub async fn promotion(&self, environment: &str) -> u64 {
        self.eventually("the promotion is open and checked", async || {
            let found = self.forge.open_promotion(environment).await.unwrap()?;
            found.checks_passed.then_some(found.number)
        })
        .await
    }

    /// Opens a release by ana and waits for its checks.
    pub async fn release(&self, color: &str, version: &str, chart: &str) -> u64 {
        let number = self
            .forge
            .open_release(color, version, chart, "ana")
            .await
            .unwrap();
        self.eventually("the checks pass", async || {
            self.forge
                .pull(number)
                .await
                .unwrap()
                .checks_passed
                .then_some(())
        })
        .await;
        number
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
        let answer = self
            .api("fluxcdbot", Method::POST, "dispatches", Some(body))
            .await;
        assert_eq!(answer.status, 204, "{}", answer.text);
    }

    /// Waits until `condition` has something to show.
    pub async fn eventually<T>(&self, what: &str, condition: impl AsyncFn() -> Option<T>) -> T {
        let started = std::time::Instant::now();
        loop {
            if let Some(found) = condition().await {
                return found;
            }
            assert!(started.elapsed() < DEADLINE, "in vain: {what}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

/// Sends a request and reads its answer.
pub async fn read(request: RequestBuilder) -> Answer {
    let response = request.send().await.expect("an answer");
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let text = response.text().await.expect("a body");
    let json = serde_json::from_str(&text).unwrap_or(Value::Null);
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
    let files = std::fs::read_dir(folder).expect("the server's queries");
    let files = files.map(|file| file.expect("a file").path()).map(|path| {
        let text = std::fs::read_to_string(&path).expect("a query");
        (
            path.file_name().unwrap().to_string_lossy().into_owned(),
            text,
        )
    });
    let is_fragment =
        |(_, text): &(String, String)| text.lines().any(|line| line.starts_with("fragment "));
    let (fragments, mut queries): (Vec<_>, Vec<_>) = files.partition(is_fragment);
    for (_, text) in &mut queries {
        for (_, fragment) in &fragments {
            let name = fragment
                .split("fragment ")
                .nth(1)
                .and_then(|rest| rest.split(' ').next());
            if text.contains(&format!("...{}", name.expect("a fragment has a name"))) {
                text.push_str(fragment);
            }
        }
    }
    queries
}

/// The document of Weft with the operation `name`.
pub fn query(name: &str) -> String {
    let found = queries().into_iter().find(|(_, text)| {
        ["query", "mutation"]
            .iter()
            .any(|kind| text.contains(&format!("{kind} {name}(")))
    });
    found
        .unwrap_or_else(|| panic!("Weft has no operation {name}"))
        .1
}
