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

/// A kubeconfig with the contexts `good`, whose user is this, and `other`, which leads nowhere.
fn kubeconfig(server: &str, user: &str) -> String {
    format!(
        "
apiVersion: v1
kind: Config
current-context: other
clusters:
- {{name: here, cluster: {{server: '{server}'}}}}
- {{name: nowhere, cluster: {{server: 'http://127.0.0.1:1'}}}}
users:
- {{name: weft, user: {user}}}
contexts:
- {{name: good, context: {{cluster: here, user: weft}}}}
- {{name: other, context: {{cluster: nowhere, user: weft}}}}
"
    )
}

#[tokio::test]
async fn a_token_that_is_rotated_in_its_file_is_used_at_once() {
    let server = server("good").await;
    let weft = server.weft().await;
    weft.until_well().await;
    weft.write("token", "better\n");
    server.accept("better");
    server.cut();
    server.put(RELEASES, release("1.1.7"));
    weft.until_deployed("1.1.7").await;
    let asked = server.asked(RELEASES);
    let last = asked.last().unwrap();
    assert_eq!(last.token, "better");
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
    let access = "{kubeconfig: config, context: good}";
    let config = kubeconfig(server.url(), "{tokenFile: token}");
    let weft = Weft::beside(&[("prod", access)], &[("config", &config)]).await;
    weft.until_well().await;
    weft.write("token", "better\n");
    server.accept("better");
    server.cut();
    server.put(RELEASES, release("1.1.7"));
    weft.until_deployed("1.1.7").await;
}

#[tokio::test]
async fn a_kubeconfig_that_names_no_such_context_is_said() {
    let access = "{kubeconfig: config, context: missing}";
    let config = kubeconfig("http://127.0.0.1:1", "{token: good}");
    let weft = Weft::beside(&[("prod", access)], &[("config", &config)]).await;
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
    let config = kubeconfig(server.url(), &by_command(script));
    let access = "{kubeconfig: config, context: good}";
    let weft = Weft::beside(&[("prod", access)], &[("config", &config)]).await;
    weft.until_well().await;
}

#[tokio::test]
async fn a_command_that_gives_no_token_is_said_without_what_it_wrote() {
    let said = async |script: &str| {
        let config = kubeconfig("http://127.0.0.1:1", &by_command(script));
        let access = "{kubeconfig: config, context: good}";
        let weft = Weft::beside(&[("prod", access)], &[("config", &config)]).await;
        weft.until_failing().await
    };
    let failed = said("echo a-secret; exit 3").await;
    assert!(
        failed.starts_with("the command of its kubeconfig failed"),
        "{failed}"
    );
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
