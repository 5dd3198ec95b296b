//! `weft serve` as an operator runs it: the program and a configuration file, nothing else.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;

use crate::world::World;

const TIMEOUT: Duration = Duration::from_secs(20);

#[tokio::test]
async fn with_nothing_but_a_configuration_it_reads_git_and_a_cluster() {
    let world = World::start().await;
    let (forge, cluster) = (world.lab.forge(), world.lab.cluster("uat").unwrap());
    let text = include_str!("weft.yaml")
        .replace("{forge}", forge.url().as_str())
        .replace("{server}", cluster.url().as_str())
        .replace("{live}", world.lab.app("uat").unwrap().url().as_str());
    for (name, content) in [
        ("token", forge.bot_token()),
        ("cluster", cluster.viewer_token()),
        ("weft.yaml", &text),
    ] {
        std::fs::write(world.scratch(name), content).unwrap();
    }
    let mut weft = Command::new(env!("CARGO_BIN_EXE_weft"))
        .arg("serve")
        .arg("--config")
        .arg(world.scratch("weft.yaml"))
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut said = BufReader::new(weft.stdout.take().unwrap()).lines();
    let line = tokio::time::timeout(TIMEOUT, said.next_line()).await;
    let line = line.unwrap().unwrap().expect("it ended without a word");
    let home = line.strip_prefix("weft: listening on ").unwrap();
    let url = format!("{home}api/v1/pipelines/app-podinfo/podinfo");
    let proven = async {
        loop {
            let answer = reqwest::get(&url).await.unwrap().text().await.unwrap();
            if answer.contains("\"proven\"") {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(TIMEOUT, proven).await.unwrap();
}
