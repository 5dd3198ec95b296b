//! The command `weft demo` as a process: it serves, it ends when told to, it leaves nothing behind.

use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::{Instant, timeout};

use crate::world::{Browser, client};

/// The demo as a process of its own.
pub struct Demo {
    /// The page's address, with a slash at its end.
    pub url: String,
    process: Child,
    folder: tempfile::TempDir,
}

impl Demo {
    /// Starts it with its own folder for temporary files.
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut process = Command::new(env!("CARGO_BIN_EXE_weft"))
            .args(["demo", "--no-open", "--pace", "fast"])
            .current_dir(&folder)
            .env("TMPDIR", folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let line = timeout(Duration::from_secs(30), lines.next_line()).await;
        let line = line.expect("it listens within 30 s").unwrap().unwrap();
        let url = line.strip_prefix("weft: listening on ").unwrap().to_owned();
        assert!(url.starts_with("http://127.0.0.1:") && url.ends_with("/promotions/"));
        Self {
            url,
            process,
            folder,
        }
    }

    /// The address of a path under the base path.
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// The address of a path under the pipeline's.
    pub fn pipeline(&self, path: &str) -> String {
        self.at(&format!("api/v1/pipelines/app-podinfo/podinfo{path}"))
    }

    pub fn stranger(&self) -> Browser {
        Browser::at(self.url.trim_end_matches("/promotions/"))
    }

    pub async fn signed_in(&self, login: &str) -> Browser {
        let mut browser = self.stranger();
        browser.sign_in(login).await;
        browser
    }

    /// The first board that is as expected, within half a minute.
    pub async fn board(&self, expected: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            let board = self.stranger().json(&self.pipeline("")).await;
            if expected(&board) {
                return board;
            }
            assert!(Instant::now() < deadline, "{board:#}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

#[tokio::test]
async fn the_demo_serves_a_proven_board_and_ends_without_a_trace() {
    let mut demo = Demo::start().await;
    let proven = |board: &Value| {
        let mut environments = board["environments"].as_array().unwrap().iter();
        environments.all(|environment| environment["verdict"]["state"] == "proven")
    };
    let board = demo.board(proven).await;
    assert_eq!(board["environments"].as_array().unwrap().len(), 5);
    assert_eq!(board["gates"][2]["state"], "waits_for_approval");

    let root = demo.url.trim_end_matches("promotions/");
    let request = client().get(root).header("accept", "text/html");
    let page = request.send().await.unwrap().text().await.unwrap();
    assert!(
        page.contains("/promotions/embed.js"),
        "the dashboard has the entry"
    );

    let elsewhere = client().post(demo.at("lab/v1/steps/branch-build"));
    let elsewhere = elsewhere.header("origin", "https://evil.example").send();
    assert_eq!(elsewhere.await.unwrap().status(), 403);
    let unknown = client().post(demo.at("lab/v1/steps/unknown")).send();
    let unknown = unknown.await.unwrap();
    assert_eq!(unknown.status(), 404);
    let problem: Value = unknown.json().await.unwrap();
    assert!(problem["request_id"].is_string(), "{problem}");

    let pid = demo.process.id().unwrap().to_string();
    let told = Command::new("kill").args(["-TERM", &pid]).status().await;
    assert!(told.unwrap().success());
    let ended = timeout(Duration::from_secs(10), demo.process.wait()).await;
    assert_eq!(ended.expect("it ends in time").unwrap().code(), Some(0));
    let left: Vec<_> = std::fs::read_dir(demo.folder.path()).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}
