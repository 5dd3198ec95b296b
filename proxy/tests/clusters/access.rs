//! The ways into a cluster, and tokens that change.

use crate::script::Server;
use crate::weft::{Weft, release};

const RELEASES: &str = "helmreleases";

async fn server(token: &str) -> Server {
    let server = Server::start().await;
    server.accept(token);
    server.put(RELEASES, release("1.1.6"));
    server
}

/// A Weft with a kubeconfig of which it uses a context: `good`, whose user is this, or `other`, which leads
/// nowhere.
async fn by_kubeconfig(context: &str, server: &str, user: &str) -> Weft {
    let config = include_str!("kubeconfig.yaml");
    let config = config.replace("{server}", server).replace("{user}", user);
    let access = format!("{{kubeconfig: config, context: {context}}}");
    Weft::beside(&[("prod", &access)], &[("config", &config)]).await
}

/// Gives Weft another token, and waits until it watches with that.
async fn rotate(server: &Server, weft: &Weft) {
    weft.until_well().await;
    weft.write("token", "better\n");
    server.accept("better");
    server.cut();
    server.put(RELEASES, release("1.1.7"));
    weft.until_deployed("1.1.7").await;
}

#[tokio::test]
async fn a_token_that_is_rotated_in_its_file_is_used_at_once() {
    let server = server("good").await;
    let weft = server.weft().await;
    rotate(&server, &weft).await;
    assert_eq!(server.asked(RELEASES).last().unwrap().token, "better");
    weft.until_well().await;
}

#[tokio::test]
async fn a_token_that_comes_late_is_waited_for() {
    let server = server("better").await;
    let weft = server.weft().await;
    weft.until_failing().await;
    weft.write("token", "better");
    weft.until_well().await;
}

#[tokio::test]
async fn a_kubeconfig_leads_by_its_named_context() {
    let server = server("good").await;
    let weft = by_kubeconfig("good", server.url(), "{tokenFile: token}").await;
    rotate(&server, &weft).await;
}

#[tokio::test]
async fn a_kubeconfig_that_names_no_such_context_is_said() {
    let weft = by_kubeconfig("missing", "http://127.0.0.1:1", "{token: good}").await;
    let why = weft.until_failing().await;
    assert!(why.contains("missing"), "{why}");
}

/// A kubeconfig's user whose token a shell command gives.
fn by_command(script: &str) -> String {
    format!(
        "{{exec: {{apiVersion: client.authentication.k8s.io/v1, command: sh, interactiveMode: Never,
        args: ['-c', '{script}']}}}}"
    )
}

#[tokio::test]
async fn a_kubeconfig_may_have_its_token_from_a_command() {
    let server = server("good").await;
    let script = r#"echo "{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication.k8s.io/v1\",\"status\":{\"token\":\"good\"}}""#;
    let weft = by_kubeconfig("good", server.url(), &by_command(script)).await;
    weft.until_well().await;
}

#[tokio::test]
async fn a_command_that_gives_no_token_is_said_without_what_it_wrote() {
    let said = async |script: &str| {
        let weft = by_kubeconfig("good", "http://127.0.0.1:1", &by_command(script)).await;
        weft.until_failing().await
    };
    let failed = said("echo a-secret; exit 3").await;
    let why = "the command of its kubeconfig failed";
    assert!(failed.starts_with(why), "{failed}");
    assert!(!failed.contains("a-secret"), "{failed}");
    let said = said("echo nothing").await;
    assert_eq!(said, "the command of its kubeconfig gave no token");
}

#[tokio::test]
async fn outside_a_pod_it_is_said_that_this_is_none() {
    let weft = Weft::beside(&[("prod", "{in_cluster: true}")], &[]).await;
    let why = weft.until_failing().await;
    assert!(why.starts_with("Weft does not run in a Pod: "), "{why}");
}
