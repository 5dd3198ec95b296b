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
    let config = world.scratch("weft.yaml");
    let token = world.scratch("token");
    std::fs::write(&token, world.lab.forge().bot_token()).unwrap();
    let cluster = world.lab.cluster("uat").unwrap();
    std::fs::write(world.scratch("cluster"), cluster.viewer_token()).unwrap();
    let forge = world.lab.forge().url();
    let (server, live) = (cluster.url(), world.lab.app("uat").unwrap().url());
    let text = format!(
        "listen: 127.0.0.1:0
public_url: http://127.0.0.1:1
data_dir: data
github:
  rest_url: {forge}api/v3
  graphql_url: {forge}api/graphql
  web_url: {forge}
  client_id: a
  client_secret: {{file: token}}
  token: {{file: token}}
clusters:
  - name: uat
    access: {{server: '{server}', token: {{file: cluster}}}}
pipelines:
  - namespace: app-podinfo
    name: podinfo
    repository: demo/podinfo
    environments:
      - name: uat
        path: environments/uat/podinfo-helmrelease.yaml
        targets:
          - cluster: uat
            git_repository: {{namespace: flux-system, name: podinfo}}
            kustomization: {{namespace: flux-system, name: app-promo-podinfo-uat}}
            helm_release: {{namespace: app-podinfo, name: podinfo}}
            live_url: {live}
"
    );
    std::fs::write(&config, text).unwrap();
    let mut weft = Command::new(env!("CARGO_BIN_EXE_weft"))
        .arg("serve")
        .arg("--config")
        .arg(&config)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut said = BufReader::new(weft.stdout.take().unwrap()).lines();
    let line = tokio::time::timeout(TIMEOUT, said.next_line())
        .await
        .unwrap()
        .unwrap()
        .expect("it ended without a word");
    let home = line
        .strip_prefix("weft: listening on ")
        .expect("its address");
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
