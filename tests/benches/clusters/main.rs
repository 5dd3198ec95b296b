//! What many releases in one cluster cost Weft: 5,000 HelmReleases in a real API server.
//!
//! `cargo xtask bench clusters` says where the API server is. Weft's sources and boards run in a process
//! of their own, this program again, so that its memory is nobody else's.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement stops where something is missing, and prints"
)]

mod cluster;
mod weft;

use std::env;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use cluster::{Cluster, RELEASES};

const CHANGES: usize = 100;
/// Between two changes, so that each is measured by itself.
const APART: Duration = Duration::from_millis(50);

/// How many pipelines of five environments: over some of the releases, and over all.
const PIPELINES: [usize; 2] = [50, RELEASES / 5];

fn main() {
    let words: Vec<String> = env::args().collect();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    if let [_, word, kubeconfig, pipelines] = &words[..]
        && word == "weft"
    {
        return runtime.block_on(weft::run(kubeconfig, pipelines.parse().unwrap()));
    }
    runtime.block_on(measure());
}

async fn measure() {
    let cluster = Cluster::start().await;
    let mut idle = Vec::new();
    for pipelines in PIPELINES {
        let mut weft = Weft::start(&cluster, pipelines);
        idle.push(weft.measure("idle").1);
    }
    let (took, bytes) = cluster.fill().await;
    println!(
        "{RELEASES} HelmReleases of {bytes} bytes each as listed, made in {:.1} s",
        took.as_secs_f64()
    );
    for (pipelines, idle) in PIPELINES.into_iter().zip(idle) {
        let mut weft = Weft::start(&cluster, pipelines);
        let (listed, _) = weft.measure("listed");
        let (_, settled) = weft.measure("settled");
        println!("{pipelines} pipelines of five environments:");
        println!("  on the board after {listed:.2} s of 3 s");
        let more = settled - idle;
        println!(
            "  {settled:.1} MB resident, {more:.1} MB above {idle:.1} MB without releases, of 60 MB"
        );
        let (mut sent, mut taken) = (Vec::new(), Vec::new());
        for change in 0..CHANGES {
            let version = format!("2.0.{change}");
            let before = weft::micros();
            cluster.change(&version).await;
            let after = weft::micros();
            let seen = weft.seen(&version);
            sent.push((seen - before) / 1e3);
            taken.push((seen - after) / 1e3);
            tokio::time::sleep(APART).await;
        }
        print_percentiles("from the change being sent", &mut sent);
        print_percentiles("from the API server's answer", &mut taken);
        cluster.change("1.1.6").await;
    }
}

fn print_percentiles(from: &str, millis: &mut [f64]) {
    millis.sort_by(f64::total_cmp);
    let at = |part: usize| millis[millis.len() * part / 100];
    println!(
        "  a change is on the board {from}: p50 {:.1} ms, p95 {:.1} ms of 50 ms, longest {:.1} ms",
        at(50),
        at(95),
        millis[millis.len() - 1]
    );
}

/// Weft in a process of its own, which ends with this.
struct Weft {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Weft {
    fn start(cluster: &Cluster, pipelines: usize) -> Self {
        let mut child = Command::new(env::current_exe().unwrap())
            .arg("weft")
            .arg(cluster.kubeconfig())
            .arg(pipelines.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    fn line(&mut self, first: &str) -> Vec<String> {
        for line in self.lines.by_ref() {
            let words: Vec<String> = line.unwrap().split(' ').map(str::to_owned).collect();
            if words[0] == first {
                return words;
            }
        }
        panic!("Weft ended before it said {first}");
    }

    /// Seconds since its sources were started, and resident megabytes, when it says so.
    fn measure(&mut self, what: &str) -> (f64, f64) {
        let words = self.line(what);
        (words[1].parse().unwrap(), words[2].parse().unwrap())
    }

    /// When the board showed a version.
    fn seen(&mut self, version: &str) -> f64 {
        loop {
            let words = self.line("seen");
            if words[1] == version {
                return words[2].parse().unwrap();
            }
        }
    }
}

impl Drop for Weft {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}
