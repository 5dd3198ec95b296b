//! Configurations that are wrong: one sentence each, with the file and the line.

use std::path::Path;

use model::pipeline::ChartSourceKind;
use proxy::config::{ClusterAccess, Config};
use serde::Deserialize;

/// A configuration that is right, in a folder with its secrets.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("client"), "client-secret\n").unwrap();
        std::fs::write(folder.path().join("token"), "reader-token\n").unwrap();
        Self(folder)
    }

    fn read(&self, text: &str) -> Result<Config, String> {
        let file = self.0.path().join("weft.yaml");
        std::fs::write(&file, text).unwrap();
        let folder = format!("{}/", self.0.path().display());
        Config::read(&file).map_err(|error| error.to_string().replace(&folder, ""))
    }
}

fn right() -> String {
    include_str!("weft.yaml")
        .replace("{origin}", "https://weft.example.com")
        .replace("{forge}", "https://github.example.com/")
        .replace("{client}", "Iv1.test")
}

#[test]
fn the_dashboard_shows_the_cluster_that_weft_runs_in_unless_said_otherwise() {
    let shown = |text: &str| {
        let config = Folder::new().read(text).unwrap();
        let shown = config.weave_gitops.unwrap().clusters;
        let pairs = shown.into_iter();
        let pairs = pairs.map(|(ours, its)| format!("{ours} is {its}"));
        pairs.collect::<Vec<_>>().join(", ")
    };
    let with =
        |more: &str| right() + &format!("weave_gitops: {{upstream: 'http://127.0.0.1:1'{more}}}\n");
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
    let text = right().replace(
        "name: uat\n    access: {server: 'http://127.0.0.1:1', token: {file: token}}",
        "name: uat\n    access: {notifications: true}\n    hook_secret: {file: client}",
    );
    let text = text.replacen(
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
    assert_eq!(config.data_dir, folder.0.path().join("data"));
    let pipeline = &config.pipelines[0];
    assert_eq!(pipeline.branch, "main");
    let [first, last] = [0, 1].map(|at| pipeline.environments[at].user_facing);
    assert!(!first && last, "only the last environment is user_facing");
    assert_eq!(pipeline.environments[1].targets[0].name, "uat");
    let access = &config.clusters[0].access;
    assert!(matches!(access, ClusterAccess::Server { .. }));
}

#[test]
fn secrets_are_never_shown() {
    let config = Folder::new().read(&right()).unwrap();
    let shown = format!("{config:?}");
    assert!(!shown.contains("client-secret") && !shown.contains("reader-token"));
}

/// An entry of `mistakes.yaml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mistake {
    mistake: String,
    #[serde(default)]
    edits: Vec<Edit>,
    /// What is added at the end.
    #[serde(default)]
    more: String,
    sentence: String,
}

#[derive(Deserialize)]
struct Edit {
    from: String,
    to: String,
}

#[test]
fn every_mistake_is_one_sentence_with_file_and_line() {
    let mistakes: Vec<Mistake> = serde_saphyr::from_str(include_str!("mistakes.yaml")).unwrap();
    for Mistake {
        mistake,
        edits,
        more,
        sentence,
    } in mistakes
    {
        let mut text = right();
        for Edit { from, to } in edits {
            assert!(text.contains(&from), "{mistake}: {from}");
            text = text.replacen(&from, &to, 1);
        }
        let error = Folder::new().read(&(text + &more)).unwrap_err();
        assert!(error.starts_with("weft.yaml"), "{mistake}: {error}");
        assert!(error.contains(&sentence), "{mistake}: {error}");
        assert_eq!(error.lines().count(), 1, "{mistake}: {error}");
        assert!(!error.contains("column"), "the line is said once: {error}");
    }
}

#[test]
fn a_missing_configuration_is_named() {
    let error = Config::read(Path::new("/nowhere/weft.yaml")).unwrap_err();
    let expected = "/nowhere/weft.yaml: cannot be read: ";
    assert!(error.to_string().starts_with(expected), "{error}");
}

#[test]
fn the_command_refuses_a_wrong_configuration_with_exit_code_2() {
    let folder = Folder::new();
    let file = folder.0.path().join("weft.yaml");
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
    assert!(!folder.0.path().join("data").exists(), "it writes nothing");
}

#[test]
fn the_documented_example_is_right() {
    let text = include_str!("../../../docs/CONFIGURATION.md");
    let example = text.split("```yaml\n").nth(1).unwrap();
    let example = example.split("```").next().unwrap();
    let folder = Folder::new();
    let secrets = folder.0.path().join("secrets");
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
