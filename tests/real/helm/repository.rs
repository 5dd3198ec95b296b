//! The lab's chart repository: to Helm it is one, and its index is what Helm makes of its packages.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use lab::clock::Clock;
use lab::faults::Faults;
use lab::{Forge, ForgeOptions};
use serde_json::Value;
use tempfile::TempDir;

use super::helm;
use crate::files::{below, document};
use crate::programs::run;

/// The lab's forge, and what its chart repository gave.
struct Fetched {
    /// Where the repository answers, without a slash at the end.
    url: String,
    index: Value,
    /// Where the packages were put, and Helm's own files.
    packages: PathBuf,
    home: TempDir,
    /// Answers as long as this lives.
    _forge: Forge,
    _runtime: tokio::runtime::Runtime,
}

fn fetched() -> Fetched {
    // Fails when another test of this process was first, which serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let home = tempfile::tempdir().unwrap();
    let packages = home.path().join("packages");
    fs::create_dir(&packages).unwrap();
    let options = ForgeOptions::new(home.path().join("forge"), Clock::new(), Faults::default());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (forge, url, index) = runtime.block_on(async {
        let forge = Forge::start(options).await.unwrap();
        let url = forge.url().join("pages/demo/podinfo").unwrap().to_string();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let get = async |url: &str| {
            let answer = client.get(url).send().await.unwrap();
            answer.error_for_status().unwrap().bytes().await.unwrap()
        };
        let index = get(&format!("{url}/index.yaml")).await;
        let index = document(std::str::from_utf8(&index).unwrap());
        for entry in entries(&index) {
            let address = entry["urls"][0].as_str().unwrap();
            let (_, name) = address.rsplit_once('/').unwrap();
            fs::write(packages.join(name), get(address).await).unwrap();
        }
        (forge, url, index)
    });
    Fetched {
        url,
        index,
        packages,
        home,
        _forge: forge,
        _runtime: runtime,
    }
}

fn entries(index: &Value) -> &Vec<Value> {
    index["entries"]["podinfo"].as_array().unwrap()
}

/// An index without the times in it, which are those of its making.
fn without_times(mut index: Value) -> Value {
    index.as_object_mut().unwrap().remove("generated");
    let charts = index["entries"].as_object_mut().unwrap().values_mut();
    for entry in charts.flat_map(|versions| versions.as_array_mut().unwrap()) {
        let created = entry.as_object_mut().unwrap().remove("created");
        assert!(created.is_some_and(|created| created.is_string()));
    }
    index
}

/// The names of the files in a package, in order.
fn contents(package: &Path) -> Vec<String> {
    let listed = run(Command::new("tar").arg("-tzf").arg(package));
    let mut names: Vec<String> = listed.lines().map(str::to_owned).collect();
    names.sort();
    names
}

#[test]
#[ignore = "needs the real programs: cargo xtask test --real"]
fn the_labs_index_is_what_helm_makes_of_the_same_packages() {
    let lab = fetched();
    assert!(entries(&lab.index).len() > 2, "{}", lab.index);
    run(helm(lab.home.path())
        .args(["repo", "index", "--url", &lab.url])
        .arg(&lab.packages));
    let helms = document(&fs::read_to_string(lab.packages.join("index.yaml")).unwrap());
    let pretty = |index: Value| serde_json::to_string_pretty(&without_times(index)).unwrap();
    let (ours, helms) = (pretty(lab.index), pretty(helms));
    assert!(ours == helms, "the lab's:\n{ours}\nHelm's:\n{helms}");
}

#[test]
#[ignore = "needs the real programs: cargo xtask test --real"]
fn the_labs_packages_hold_what_helm_would_pack() {
    let lab = fetched();
    for package in below(&lab.packages, &[".tgz"]) {
        let unpacked = tempfile::tempdir().unwrap();
        let (from, to) = (unpacked.path().join("from"), unpacked.path().join("to"));
        fs::create_dir(&from).unwrap();
        run(Command::new("tar")
            .arg("-xzf")
            .arg(&package)
            .arg("-C")
            .arg(&from));
        run(helm(lab.home.path())
            .args(["package", "--destination"])
            .arg(&to)
            .arg(from.join("podinfo")));
        let helms = to.join(package.file_name().unwrap());
        assert_eq!(contents(&package), contents(&helms), "{package:?}");
    }
}

#[test]
#[ignore = "needs the real programs: cargo xtask test --real"]
fn helm_uses_the_labs_repository_as_any_other() {
    let lab = fetched();
    for entry in entries(&lab.index) {
        let version = entry["version"].as_str().unwrap();
        let from_repository = ["podinfo", "--repo", &lab.url, "--version", version];
        let shown = run(helm(lab.home.path())
            .args(["show", "chart"])
            .args(from_repository));
        let chart = document(&shown);
        for key in ["name", "version", "appVersion"] {
            assert_eq!(chart[key], entry[key], "{version}");
        }
        let made = run(helm(lab.home.path())
            .args(["template", "podinfo"])
            .args(from_repository));
        let app_version = entry["appVersion"].as_str().unwrap();
        assert!(made.contains(&format!("podinfo:{app_version}")), "{made}");
    }
}
