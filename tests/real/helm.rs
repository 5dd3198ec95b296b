//! The chart as Helm reads it, whatever its values; and the lab's chart repository beside the one
//! that Helm would make of the same packages.

mod repository;
mod values;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use self::values::{combinations, refused};
use crate::api_server::Cluster;
use crate::files::{below, documents, folder};
use crate::programs::{Complaints, program, run, run_with};

const CHART: &str = "gitops/charts/podinfo";

/// `helm` that keeps what it remembers in this folder.
fn helm(folder: &Path) -> Command {
    let mut helm = Command::new(program("WEFT_REAL_HELM"));
    helm.env("HELM_CACHE_HOME", folder.join("helm-cache"))
        .env("HELM_CONFIG_HOME", folder.join("helm-config"))
        .env("HELM_DATA_HOME", folder.join("helm-data"))
        .env("KUBECONFIG", "/dev/null");
    helm
}

/// What the chart makes of values.
fn template(home: &Path, values: &Value) -> Result<Vec<Value>, String> {
    let ended = run_with(
        helm(home)
            .args(["template", "podinfo"])
            .arg(folder(CHART))
            .args(["--namespace=app-podinfo", "--values=-"]),
        &values.to_string(),
    );
    if ended.success {
        Ok(documents(&ended.stdout))
    } else {
        Err(ended.stderr)
    }
}

fn of_kind<'a>(manifests: &'a [Value], kind: &str) -> Vec<&'a Value> {
    let desired = manifests.iter().filter(|manifest| manifest["kind"] == kind);
    desired.collect()
}

/// The variables of the one container of the one Deployment.
fn variables(manifests: &[Value]) -> BTreeMap<String, String> {
    let deployment = of_kind(manifests, "Deployment")[0];
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    deployment["spec"]["template"]["spec"]["containers"][0]["env"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|variable| (text(&variable["name"]), text(&variable["value"])))
        .collect()
}

#[test]
#[ignore = "needs the real programs: cargo xtask test --real"]
fn the_chart_passes_helms_strict_lint() {
    let home = tempfile::tempdir().unwrap();
    run(helm(home.path())
        .args(["lint", "--strict"])
        .arg(folder(CHART)));
}

#[test]
#[ignore = "needs the real programs: cargo xtask test --real"]
fn every_combination_of_values_makes_manifests_that_the_api_server_takes() {
    let home = tempfile::tempdir().unwrap();
    let namespace = folder("gitops/environments/prod/namespace.yaml");
    let mut made = documents(&std::fs::read_to_string(namespace).unwrap());
    let mut complaints = Complaints::default();
    for values in combinations() {
        match template(home.path(), &values) {
            Ok(manifests) => {
                for manifest in manifests {
                    // Most combinations share most manifests.
                    if !made.contains(&manifest) {
                        made.push(manifest);
                    }
                }
            }
            Err(refusal) => complaints.add(&values.to_string(), &refusal),
        }
    }
    complaints.none();
    let all: String = made
        .iter()
        .map(|manifest| format!("---\n{manifest}\n"))
        .collect();
    Cluster::shared()
        .would_apply(&all, Some("app-podinfo"))
        .unwrap();
}

#[test]
#[ignore = "needs the real programs: cargo xtask test --real"]
fn the_chart_does_what_its_values_say() {
    let home = tempfile::tempdir().unwrap();
    let bare = template(home.path(), &json!({})).unwrap();
    assert_eq!(
        variables(&bare),
        BTreeMap::new(),
        "the compiled colour would not show"
    );
    for kind in ["Ingress", "HorizontalPodAutoscaler"] {
        assert!(of_kind(&bare, kind).is_empty(), "{kind}");
    }
    assert_eq!(of_kind(&bare, "Deployment")[0]["spec"]["replicas"], 1);
    let tests = bare
        .iter()
        .filter(|manifest| manifest["metadata"]["annotations"]["helm.sh/hook"] == "test");
    assert_eq!(tests.count(), 3);

    let furnished = json!({
        "ui": { "color": "#34577c", "message": "say \"hi\": {{ no }}", "logo": "https://e.org/l" },
        "ingress": { "enabled": true },
        "autoscaling": { "enabled": true },
    });
    let full = template(home.path(), &furnished).unwrap();
    let expected = [
        ("PODINFO_UI_COLOR", "color"),
        ("PODINFO_UI_LOGO", "logo"),
        ("PODINFO_UI_MESSAGE", "message"),
    ]
    .map(|(variable, key)| {
        let value = furnished["ui"][key].as_str().unwrap();
        (variable.to_owned(), value.to_owned())
    });
    assert_eq!(variables(&full), BTreeMap::from(expected));
    for kind in ["Ingress", "HorizontalPodAutoscaler"] {
        assert_eq!(of_kind(&full, kind).len(), 1, "{kind}");
    }
    // Else each upgrade would undo what the autoscaler did.
    assert!(of_kind(&full, "Deployment")[0]["spec"]["replicas"].is_null());
}

#[test]
#[ignore = "needs the real programs: cargo xtask test --real"]
fn the_chart_takes_the_values_of_every_environments_release() {
    let home = tempfile::tempdir().unwrap();
    let mut releases = 0;
    for file in below(&folder("gitops/environments"), &[".yaml"]) {
        let manifests = documents(&std::fs::read_to_string(&file).unwrap());
        for release in of_kind(&manifests, "HelmRelease") {
            releases += 1;
            let values = match &release["spec"]["values"] {
                Value::Null => json!({}),
                values => values.clone(),
            };
            let made = template(home.path(), &values);
            assert!(made.is_ok(), "{}: {made:?}", file.display());
        }
    }
    assert_eq!(releases, lab::ENVIRONMENTS.len() - 1, "dev has none");
}

#[test]
#[ignore = "needs the real programs: cargo xtask test --real"]
fn the_schema_refuses_values_that_are_none() {
    let home = tempfile::tempdir().unwrap();
    for (values, named) in refused() {
        let refusal = template(home.path(), &values).expect_err(&values.to_string());
        assert!(
            refusal.contains("schema") && refusal.contains(&named),
            "{values}: {refusal}"
        );
    }
}

#[test]
#[ignore = "needs the real programs: cargo xtask test --real"]
fn the_chart_can_be_packaged_and_used_from_its_package() {
    let home = tempfile::tempdir().unwrap();
    run(helm(home.path())
        .args(["package", "--destination"])
        .arg(home.path())
        .arg(folder(CHART)));
    let packages = below(home.path(), &[".tgz"]);
    let [package] = &packages[..] else {
        panic!("{packages:?}");
    };
    let from_package = run(helm(home.path())
        .args(["template", "podinfo", "--namespace=app-podinfo"])
        .arg(package));
    assert_eq!(
        documents(&from_package),
        template(home.path(), &json!({})).unwrap()
    );
}
