//! The command `weft demo` as a process: it serves, it ends when told to, it leaves nothing behind.

use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::{Instant, timeout};

use crate::world::client;

/// Starts the demo with its own folder for temporary files; gives it with its address.
pub async fn start(folder: &std::path::Path) -> (Child, String) {
    let mut weft = Command::new(env!("CARGO_BIN_EXE_weft"))
        .args(["demo", "--no-open", "--pace", "fast"])
        .current_dir(folder)
        .env("TMPDIR", folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(weft.stdout.take().unwrap()).lines();
    let line = timeout(Duration::from_secs(30), lines.next_line()).await;
    let line = line.expect("it listens within 30 s").unwrap().unwrap();
    let url = line.strip_prefix("weft: listening on ").unwrap();
    assert!(url.starts_with("http://127.0.0.1:") && url.ends_with("/promotions/"));
    (weft, url.to_owned())
}

#[tokio::test]
async fn the_demo_serves_a_proven_board_and_ends_without_a_trace() {
    let folder = tempfile::tempdir().unwrap();
    let (mut weft, url) = start(folder.path()).await;
    let deadline = Instant::now() + Duration::from_secs(30);
    let board = loop {
        let request = client().get(format!("{url}api/v1/pipelines/app-podinfo/podinfo"));
        let board: Value = request.send().await.unwrap().json().await.unwrap();
        let environments = board["environments"].as_array().unwrap();
        if environments
            .iter()
            .all(|s| s["verdict"]["state"] == "proven")
        {
            break board;
        }
        assert!(Instant::now() < deadline, "{}", board["headline"]);
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert_eq!(board["environments"].as_array().unwrap().len(), 5);
    assert_eq!(board["gates"][2]["state"], "waits_for_approval");

    let root = url.trim_end_matches("promotions/");
    let request = client().get(root).header("accept", "text/html");
    let page = request.send().await.unwrap().text().await.unwrap();
    assert!(
        page.contains("/promotions/embed.js"),
        "the dashboard has the entry"
    );

    let elsewhere = client().post(format!("{url}lab/v1/steps/branch-build"));
    let elsewhere = elsewhere.header("origin", "https://evil.example").send();
    assert_eq!(elsewhere.await.unwrap().status(), 403);
    let unknown = client().post(format!("{url}lab/v1/steps/unknown")).send();
    let unknown = unknown.await.unwrap();
    assert_eq!(unknown.status(), 404);
    let problem: Value = unknown.json().await.unwrap();
    assert!(problem["request_id"].is_string(), "{problem}");

    let pid = weft.id().unwrap().to_string();
    let told = Command::new("kill").args(["-TERM", &pid]).status().await;
    assert!(told.unwrap().success());
    let ended = timeout(Duration::from_secs(10), weft.wait()).await;
    assert_eq!(ended.expect("it ends in time").unwrap().code(), Some(0));
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}
