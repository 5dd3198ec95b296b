//! The files that are looked at, and YAML as Kubernetes reads it.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// A folder of the checkout.
pub fn folder(path: &str) -> PathBuf {
    tests::root().join(path)
}

/// Every file below a folder whose name ends so, in order of their paths; none when there is no
/// such folder.
pub fn below(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    collect(folder, endings, &mut found);
    found.sort();
    found
}

fn collect(folder: &Path, endings: &[&str], found: &mut Vec<PathBuf>) {
    if !folder.is_dir() {
        return;
    }
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            collect(&path, endings, found);
        } else if endings.iter().any(|ending| name.ends_with(ending)) {
            found.push(path);
        }
    }
}

/// Every shell script below a folder: by its name, or by its first line.
pub fn scripts_below(folder: &Path) -> Vec<PathBuf> {
    let is_script = |path: &PathBuf| {
        let first = fs::read(path).unwrap();
        let first = first.split(|byte| *byte == b'\n').next().unwrap_or(&[]);
        let first = String::from_utf8_lossy(first);
        first.starts_with("#!") && first.trim_end().ends_with("sh")
    };
    let mut files = below(folder, &[""]);
    files.retain(|path| path.extension().is_some_and(|end| end == "sh") || is_script(path));
    files
}

/// Copies a folder with all that is in it.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

/// The documents of a YAML text; empty ones are left out.
#[track_caller]
pub fn documents(yaml: &str) -> Vec<Value> {
    let options = serde_saphyr::options! { strict_booleans: true };
    let documents: Vec<Value> = serde_saphyr::from_multiple_with_options(yaml, options)
        .unwrap_or_else(|error| panic!("{error}\n{yaml}"));
    documents
        .into_iter()
        .filter(|document| !document.is_null())
        .collect()
}

/// The one document of a YAML text.
#[track_caller]
pub fn document(yaml: &str) -> Value {
    let mut documents = documents(yaml);
    assert_eq!(documents.len(), 1, "{yaml}");
    documents.remove(0)
}

/// A path as seen from the root of the checkout.
pub fn shown(path: &Path) -> String {
    path.strip_prefix(tests::root())
        .unwrap_or(path)
        .display()
        .to_string()
}
