//! Configurations that are wrong: one sentence each, with the file and the line.

use std::path::Path;

use model::pipeline::ChartSourceKind;
use proxy::config::{ClusterAccess, Config};

/// A configuration that is right, in a folder with its secrets.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("client"), "client-secret\n").unwrap();
        std::fs::write(folder.path().join("token"), "reader-token\n").unwrap();
        Self(folder)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn read(&self, text: &str) -> Result<Config, String> {
        let file = self.path().join("weft.yaml");
        std::fs::write(&file, text).unwrap();
        let folder = format!("{}/", self.path().display());
        Config::read(&file).map_err(|error| error.to_string().replace(&folder, ""))
    }
}

fn right() -> String {
    include_str!("weft.yaml")
        .replace("{origin}", "https://weft.example.com")
        .replace("{forge}", "https://github.example.com/")
        .replace("{client}", "Iv1.test")
}

/// With one of the clusters known by its notifications only.
fn notifying(cluster: &str) -> String {
    right().replace(
        &format!("name: {cluster}\n    access: {{server: 'http://127.0.0.1:1', token: {{file: token}}}}"),
        &format!("name: {cluster}\n    access: {{notifications: true}}\n    hook_secret: {{file: client}}"),
    )
}

#[test]
fn the_dashboard_shows_the_cluster_that_weft_runs_in_unless_said_otherwise() {
    let shown = |text: &str| {
        let config = Folder::new().read(text).unwrap();
        let shown = config.weave_gitops.unwrap().clusters;
        let pairs = shown
            .into_iter()
            .map(|(ours, its)| format!("{ours} is {its}"));
        pairs.collect::<Vec<_>>().join(", ")
    };
    let with = |more: &str| {
        format!(
            "{}weave_gitops: {{upstream: 'http://127.0.0.1:1'{more}}}\n",
            right()
        )
    };
    assert_eq!(shown(&with("")), "", "Weft runs in neither");
    let inside = with("").replacen(
        "{server: 'http://127.0.0.1:1', token: {file: token}}",
        "{in_cluster: true}",
        1,
    );
    assert_eq!(shown(&inside), "dev-test is Default");
    let said = with(", clusters: {uat: leaf/uat}");
    assert_eq!(shown(&said), "uat is leaf/uat");
}

#[test]
fn a_cluster_that_only_tells_is_none_to_look_into() {
    let text = notifying("uat").replacen(
        "helm_release: {",
        "chart_source: {kind: OCIRepository, namespace: app-podinfo, name: podinfo}\n            helm_release: {",
        1,
    );
    let config = Folder::new().read(&text).unwrap();
    assert!(config.cluster("uat").is_none());
    assert!(config.hook_secret("uat").is_some() && config.hook_secret("dev-test").is_none());
    let environments = &config.pipelines[0].environments;
    let [dev_test, uat] = [0, 1].map(|at| &environments[at].targets[0].flux);
    assert!(uat.notifications_only && !dev_test.notifications_only);
    let source = dev_test.chart_source.as_ref().unwrap();
    assert_eq!(source.kind, ChartSourceKind::OCIRepository);
}

#[test]
fn a_right_configuration_has_its_defaults() {
    let folder = Folder::new();
    let config = folder.read(&right()).unwrap();
    assert_eq!(config.base_path, "/promotions/");
    assert_eq!(config.home_url(), "https://weft.example.com/promotions/");
    assert_eq!(config.github.poll.as_secs(), 30);
    assert_eq!(config.data_dir, folder.path().join("data"));
    let pipeline = &config.pipelines[0];
    assert_eq!(pipeline.branch, "main");
    let user_facing: Vec<bool> = pipeline
        .environments
        .iter()
        .map(|e| e.user_facing)
        .collect();
    assert_eq!(
        user_facing,
        [false, true],
        "only the last environment is user_facing"
    );
    assert_eq!(pipeline.environments[1].targets[0].name, "uat");
    assert!(matches!(
        config.clusters[0].access,
        ClusterAccess::Server { .. }
    ));
}

#[test]
fn secrets_are_never_shown() {
    let config = Folder::new().read(&right()).unwrap();
    let shown = format!("{config:?}");
    assert!(!shown.contains("client-secret") && !shown.contains("reader-token"));
}

#[test]
fn every_mistake_is_one_sentence_with_file_and_line() {
    let twice = right().replace(
        "      - name: uat\n        path",
        "      - name: dev-test\n        path",
    );
    for (mistake, text, words) in [
        (
            "an unknown key",
            right().replace("    repository:", "    repositroy:"),
            &["weft.yaml:19: unknown field `repositroy`"][..],
        ),
        (
            "a missing key",
            right().replace("data_dir: data\n", ""),
            &["weft.yaml", "data_dir"],
        ),
        (
            "a duplicate environment",
            twice,
            &[
                "weft.yaml:30: the environment 'dev-test' is there twice in the pipeline app-podinfo/podinfo",
            ],
        ),
        (
            "a missing secret's file",
            right().replace(
                "client_secret: {file: client}",
                "client_secret: {file: none}",
            ),
            &["weft.yaml:9: the secret's file none cannot be read"],
        ),
        (
            "a missing variable",
            right().replace(
                "client_secret: {file: client}",
                "client_secret: {env: WEFT_NO_SUCH}",
            ),
            &["weft.yaml:9: the environment variable WEFT_NO_SUCH is not set"],
        ),
        (
            "a cluster that nobody knows",
            right().replace("- cluster: uat", "- cluster: prod"),
            &["weft.yaml:33: the cluster 'prod' is not one of clusters: dev-test, uat"],
        ),
        (
            "a repository without its owner",
            right().replace("demo/podinfo\n", "podinfo\n"),
            &["weft.yaml:19: the repository 'podinfo' must be written owner/name"],
        ),
        (
            "a base path without slashes",
            right() + "base_path: promotions\n",
            &["weft.yaml:38: base_path 'promotions' must begin and end with a slash"],
        ),
        (
            "a public address with a path",
            right().replace("weft.example.com'", "weft.example.com/promotions/'"),
            &["weft.yaml:2: public_url must have no path"],
        ),
        (
            "no time at all",
            right() + "live_poll: 0\n",
            &["weft.yaml:38: live_poll must be a number of seconds, 0.1 or more"],
        ),
        (
            "a folder without the page",
            right() + "static_dir: nowhere\n",
            &["weft.yaml:38: static_dir nowhere holds no index.html"],
        ),
        (
            "two ways into a cluster",
            right().replacen(
                "token: {file: token}}",
                "token: {file: token}, in_cluster: true}",
                1,
            ),
            &["weft.yaml:13: access needs exactly one of server, kubeconfig, in_cluster and notifications"],
        ),
        (
            "a cluster that only tells, without a secret",
            right().replacen(
                "access: {server: 'http://127.0.0.1:1', token: {file: token}}",
                "access: {notifications: true}",
                1,
            ),
            &[
                "weft.yaml:13: the cluster 'dev-test' is known by its notifications only: it needs a hook_secret",
            ],
        ),
        (
            "a deployment in a cluster that only tells",
            notifying("dev-test").replacen("helm_release:", "deployment:", 1),
            &[
                "weft.yaml:26: the cluster 'dev-test' is known by its notifications only, and they tell nothing of a deployment",
            ],
        ),
        (
            "half of an image automation",
            right().replacen(
                "helm_release: {",
                "image_policy: {namespace: a, name: b}\n            helm_release: {",
                1,
            ),
            &["weft.yaml:25: the target in 'dev-test' needs image_policy and image_update_automation together"],
        ),
        (
            "a chart for a deployment",
            right().replacen(
                "helm_release: {",
                "chart_source: {kind: OCIRepository, namespace: a, name: b}\n            deployment: {",
                1,
            ),
            &["weft.yaml:25: the target in 'dev-test' has a chart_source, but no helm_release"],
        ),
        (
            "a chart from somewhere else",
            right().replacen(
                "helm_release: {",
                "chart_source: {kind: Bucket, namespace: a, name: b}\n            helm_release: {",
                1,
            ),
            &["weft.yaml:28: unknown variant `Bucket`"],
        ),
        ("broken YAML", "public_url: [".to_owned(), &["weft.yaml"]),
    ] {
        let error = Folder::new().read(&text).unwrap_err();
        for words in words {
            assert!(error.contains(words), "{mistake}: {error}");
        }
        assert_eq!(error.lines().count(), 1, "{mistake}: {error}");
        assert!(!error.contains("column"), "the line is said once: {error}");
    }
}

#[test]
fn a_missing_configuration_is_named() {
    let error = Config::read(Path::new("/nowhere/weft.yaml")).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("/nowhere/weft.yaml: cannot be read: ")
    );
}

#[test]
fn the_command_refuses_a_wrong_configuration_with_exit_code_2() {
    let folder = Folder::new();
    let file = folder.path().join("weft.yaml");
    std::fs::write(&file, right() + "colour: red\n").unwrap();
    let ended = std::process::Command::new(env!("CARGO_BIN_EXE_weft"))
        .args(["serve", "--config"])
        .arg(&file)
        .output()
        .unwrap();
    assert_eq!(ended.status.code(), Some(2));
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(said.contains("weft.yaml:38: "), "{said}");
    assert!(ended.stdout.is_empty(), "it does not listen");
    assert!(!folder.path().join("data").exists(), "it writes nothing");
}

#[test]
fn the_documented_example_is_right() {
    let text = include_str!("../../../docs/CONFIGURATION.md");
    let example = text.split("```yaml\n").nth(1).unwrap();
    let example = example.split("```").next().unwrap();
    let folder = Folder::new();
    let secrets = folder.path().join("secrets");
    std::fs::create_dir(&secrets).unwrap();
    for name in [
        "github-client",
        "github-reader",
        "github-hook",
        "kubeconfig",
        "prod-token",
        "prod-ca.pem",
        "shop-hook",
    ] {
        std::fs::write(secrets.join(name), "secret").unwrap();
    }
    // The one secret that the example takes from the environment, which belongs to the whole process.
    let example = example.replace("{env: WEFT_DEV_HOOK}", "{file: secrets/github-hook}");
    let config = folder.read(&example).unwrap();
    assert_eq!(config.pipelines[0].environments.len(), 3);
    assert_eq!(config.tolerances, model::chain::Tolerances::default());
}
