//! The files that are looked at, and YAML as Kubernetes reads it.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use walkdir::{DirEntry, WalkDir};

/// A folder of the checkout.
pub fn folder(path: &str) -> PathBuf {
    tests::root().join(path)
}

/// Every file below a folder whose name ends so, in order of their paths; none when there is no
/// such folder.
pub fn below(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    WalkDir::new(folder)
        .sort_by_file_name()
        .into_iter()
        .filter(|_| folder.is_dir())
        .map(Result::unwrap)
        .filter(|entry| entry.file_type().is_file())
        .filter(|entry| {
            let name = entry.file_name().to_string_lossy();
            endings.iter().any(|ending| name.ends_with(ending))
        })
        .map(DirEntry::into_path)
        .collect()
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
    for entry in WalkDir::new(from).into_iter().map(Result::unwrap) {
        let target = to.join(entry.path().strip_prefix(from).unwrap());
        if entry.file_type().is_dir() {
            fs::create_dir_all(target).unwrap();
        } else {
            fs::copy(entry.path(), target).unwrap();
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
