//! The command `weft demo` as a process: it serves, it ends when told to, it leaves nothing behind.

use std::process::Stdio;
use std::time::Duration;

use reqwest::Method;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::{Instant, timeout};

use crate::world::{Browser, client, pipeline, status_and_json};

/// The demo as a process of its own.
pub struct Demo {
    /// The origin of the page's address.
    pub origin: String,
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
        let url = line.strip_prefix("weft: listening on ").unwrap();
        let origin = url.strip_suffix("/promotions/").unwrap().to_owned();
        assert!(origin.starts_with("http://127.0.0.1:"));
        Self {
            origin,
            process,
            folder,
        }
    }

    pub fn stranger(&self) -> Browser {
        Browser::at(&self.origin)
    }

    pub async fn signed_in(&self, login: &str) -> Browser {
        Browser::signed_in(&self.origin, login).await
    }

    /// The first board that is as expected, within half a minute.
    pub async fn board(&self, expected: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            let board = self.stranger().json(&pipeline("")).await;
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

    let request = client().get(&demo.origin).header("accept", "text/html");
    let page = request.send().await.unwrap().text().await.unwrap();
    assert!(
        page.contains("/promotions/embed.js"),
        "the dashboard has the entry"
    );

    let step = |name: &str| {
        let address = format!("lab/v1/steps/{name}");
        demo.stranger().request(Method::POST, &address)
    };
    let elsewhere = step("branch-build").header("origin", "https://evil.example");
    assert_eq!(elsewhere.send().await.unwrap().status(), 403);
    let unknown = step("unknown");
    let (status, problem) = status_and_json(unknown).await;
    assert_eq!(status, 404);
    assert!(problem["request_id"].is_string(), "{problem}");

    let pid = demo.process.id().unwrap().to_string();
    let told = Command::new("kill").args(["-TERM", &pid]).status().await;
    assert!(told.unwrap().success());
    let ended = timeout(Duration::from_secs(10), demo.process.wait()).await;
    assert_eq!(ended.expect("it ends in time").unwrap().code(), Some(0));
    let left: Vec<_> = std::fs::read_dir(demo.folder.path()).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}
