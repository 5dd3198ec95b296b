//! A real API server with Flux's own definitions takes every manifest, with strict validation.

mod cluster;

use std::fs;
use std::path::{Path, PathBuf};

use lab::ENVIRONMENTS;
use serde_json::Value;

pub use self::cluster::Cluster;
use crate::files::{below, copy, documents, folder, shown};
use crate::programs::{Complaints, program, run};

/// What is written as Kubernetes' manifests are, but is read by tools and never by the API server.
const READ_BY_TOOLS: [&str; 2] = ["kind.x-k8s.io/", "kustomize.config.k8s.io/"];

#[test]
#[ignore = "needs the real programs: cargo xtask test --real"]
fn every_manifest_of_every_environment_is_accepted() {
    let cluster = Cluster::shared();
    let mut complaints = Complaints::default();
    for environment in ENVIRONMENTS {
        for part in ["environments", "clusters"] {
            let path = format!("gitops/{part}/{environment}");
            let manifests = kustomized(&folder(&path));
            assert!(!documents(&manifests).is_empty(), "{path} is empty");
            if let Err(refusal) = cluster.would_apply(&manifests, None) {
                complaints.add(&path, &refusal);
            }
        }
    }
    complaints.none();
}

#[test]
#[ignore = "needs the real programs: cargo xtask test --real"]
fn every_manifest_that_installs_weft_is_accepted() {
    let cluster = Cluster::shared();
    let mut complaints = Complaints::default();
    for (path, manifests) in installing(&folder("deploy")) {
        if let Err(refusal) = cluster.would_apply(&manifests, None) {
            complaints.add(&shown(&path), &refusal);
        }
    }
    complaints.none();
}

#[test]
#[ignore = "needs the real programs: cargo xtask test --real"]
fn a_misspelt_field_is_refused() {
    let cluster = Cluster::shared();
    let path = "gitops/environments/uat/podinfo-helmrelease.yaml";
    let manifest = fs::read_to_string(folder(path)).unwrap();
    cluster.would_apply(&manifest, None).unwrap();
    let misspelt = manifest.replacen("  interval:", "  intervall:", 1);
    assert_ne!(misspelt, manifest);
    let refusal = cluster.would_apply(&misspelt, None).unwrap_err();
    assert!(refusal.contains("intervall"), "{refusal}");
}

/// A folder as kustomize-controller builds it: with a `kustomization.yaml` made of all that is in
/// it where it has none.
fn kustomized(path: &Path) -> String {
    let built_by = |path: &Path| {
        let kubectl = program("WEFT_REAL_KUBECTL");
        run(std::process::Command::new(kubectl)
            .arg("kustomize")
            .arg(path))
    };
    if path.join("kustomization.yaml").is_file() {
        return built_by(path);
    }
    let temporary = tempfile::tempdir().unwrap();
    copy(path, temporary.path());
    let resources: String = below(temporary.path(), &[".yaml", ".yml"])
        .iter()
        .map(|file| file.strip_prefix(temporary.path()).unwrap())
        .map(|file| format!("- {}\n", file.display()))
        .collect();
    let kustomization = format!(
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n{resources}"
    );
    fs::write(temporary.path().join("kustomization.yaml"), kustomization).unwrap();
    built_by(temporary.path())
}

/// The manifests below a folder: what each `kustomization.yaml` makes of its folder, and the files
/// that none speaks for. Charts are Helm's to read.
fn installing(folder: &Path) -> Vec<(PathBuf, String)> {
    let files = below(folder, &[".yaml", ".yml"]);
    let with = |name: &str| -> Vec<PathBuf> {
        let named = files.iter().filter(|file| file.ends_with(name));
        named
            .filter_map(|file| file.parent().map(Path::to_owned))
            .collect()
    };
    let (built, charts) = (with("kustomization.yaml"), with("Chart.yaml"));
    let within =
        |file: &Path, folders: &[PathBuf]| folders.iter().any(|folder| file.starts_with(folder));
    let mut found: Vec<(PathBuf, String)> = built
        .iter()
        .map(|folder| (folder.clone(), kustomized(folder)))
        .collect();
    for file in files {
        if within(&file, &built) || within(&file, &charts) {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        if documents(&text).iter().any(is_manifest) {
            found.push((file, text));
        }
    }
    found
}

fn is_manifest(document: &Value) -> bool {
    document["kind"].is_string()
        && document["apiVersion"]
            .as_str()
            .is_some_and(|version| !READ_BY_TOOLS.iter().any(|tool| version.starts_with(tool)))
}
