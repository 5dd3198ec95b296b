//! Weft's sources and boards as they are, telling what they do on standard output.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use model::api::Board;
use proxy::app::AppState;
use proxy::clock::SystemClock;
use proxy::config::Config;

use crate::cluster::{RELEASES, name};

const IN_EACH: usize = 5;
/// Until what starting cost is over.
const SETTLE: Duration = Duration::from_secs(4);

/// Runs until it is ended.
pub async fn run(kubeconfig: &str, pipelines: usize) {
    let data = tempfile::tempdir().unwrap();
    let config = configuration(kubeconfig, data.path(), pipelines);
    let app = AppState::build(config, Arc::new(SystemClock))
        .await
        .unwrap();
    let mut boards = app.boards.subscribe();
    let began = Instant::now();
    proxy::sources::start(&app, &app.shutdown);
    let tell = |what: &str| println!("{what} {} {}", began.elapsed().as_secs_f64(), resident());
    until(&app, is_well).await;
    if app.boards.all().iter().all(|board| !is_known(board)) {
        tokio::time::sleep(SETTLE).await;
        tell("idle");
        return std::future::pending().await;
    }
    until(&app, is_known).await;
    tell("listed");
    tokio::time::sleep(SETTLE).await;
    tell("settled");
    let first = app.config.pipelines[0].name.clone();
    let mut seen = String::new();
    loop {
        let board = match boards.recv().await {
            Ok(board) => board,
            Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => continue,
            Err(error) => panic!("{error}"),
        };
        let Some(version) = (board.pipeline == first)
            .then(|| deployed(&board, 0))
            .flatten()
        else {
            continue;
        };
        if version != seen {
            println!("seen {version} {}", micros());
            version.clone_into(&mut seen);
        }
    }
}

async fn until(app: &AppState, holds: impl Fn(&Board) -> bool) {
    while !app.boards.all().iter().all(|board| holds(board)) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn is_well(board: &Board) -> bool {
    let mut sources = board.sources.iter();
    sources.any(|source| {
        source.name == "flux prod" && source.ok_at.is_some() && source.failing.is_none()
    })
}

fn is_known(board: &Board) -> bool {
    (0..IN_EACH).all(|at| deployed(board, at).is_some())
}

fn deployed(board: &Board, at: usize) -> Option<&str> {
    board.environments[at].links[2]
        .evidence
        .as_ref()?
        .revision
        .as_deref()
}

/// In megabytes.
fn resident() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    let kibibytes: f64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kibibytes * 1024.0 / 1e6
}

fn configuration(kubeconfig: &str, data: &Path, pipelines: usize) -> Config {
    fs::write(data.join("token"), "none").unwrap();
    let mut yaml = format!(
        "
public_url: https://weft.example.com
data_dir: data
live_poll: 3600
github:
  rest_url: http://127.0.0.1:1
  graphql_url: http://127.0.0.1:1
  client_id: none
  client_secret: {{file: token}}
  token: {{file: token}}
clusters:
  - {{name: prod, access: {{kubeconfig: '{kubeconfig}'}}}}
pipelines:
"
    );
    for pipeline in 0..pipelines {
        let head = format!("namespace: app, name: p{pipeline}, repository: demo/podinfo");
        writeln!(yaml, "  - {{{head}, environments: [").unwrap();
        for environment in 0..IN_EACH {
            let at = (pipeline * RELEASES / pipelines + environment) % RELEASES;
            let (namespace, name) = name(at);
            writeln!(
                yaml,
                "    {{name: e{environment}, path: a.yaml, targets: [{{
      cluster: prod, live_url: 'http://127.0.0.1:1',
      git_repository: {{namespace: flux-system, name: podinfo}},
      kustomization: {{namespace: flux-system, name: app-promo-{name}}},
      helm_release: {{namespace: {namespace}, name: {name}}}}}]}},"
            )
            .unwrap();
        }
        yaml.push_str("    ]}\n");
    }
    Config::parse(&data.join("weft.yaml"), &yaml).unwrap()
}

/// Microseconds of the clock that both processes read.
pub fn micros() -> f64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    now.as_secs_f64() * 1e6
}
