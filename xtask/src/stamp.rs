//! Fingerprints of files, to skip builds of unchanged ones.

use std::ffi::OsStr;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

use anyhow::{Context, Result};
use walkdir::WalkDir;

/// A hexadecimal fingerprint of the names and contents of files and folders below `root`. Missing and
/// generated ones (`generated` in the name) do not count.
pub fn hash(root: &Path, inputs: &[&str]) -> Result<String> {
    let mut files = Vec::new();
    let inputs = inputs.iter().map(|input| root.join(input));
    for input in inputs.filter(|input| input.exists()) {
        let entries = WalkDir::new(input).into_iter();
        for entry in entries.filter_entry(|entry| !is_generated(entry.file_name())) {
            let entry = entry?;
            if entry.file_type().is_file() {
                files.push(entry.into_path());
            }
        }
    }
    files.sort();
    let mut hasher = DefaultHasher::new();
    for file in files {
        file.strip_prefix(root).unwrap_or(&file).hash(&mut hasher);
        fs::read(&file)
            .with_context(|| format!("{} cannot be read", file.display()))?
            .hash(&mut hasher);
    }
    Ok(format!("{:016x}", hasher.finish()))
}

fn is_generated(name: &OsStr) -> bool {
    name.to_string_lossy().contains("generated")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fingerprint_follows_content_and_names_but_not_what_is_generated() {
        let root = std::env::temp_dir().join(format!("weft-stamp-{}", std::process::id()));
        fs::create_dir_all(root.join("style")).unwrap();
        fs::write(root.join("style/a.css"), "a{}").unwrap();
        let first = hash(&root, &["style", "absent"]).unwrap();

        fs::write(root.join("style/generated.css"), "a.x{}").unwrap();
        assert_eq!(hash(&root, &["style", "absent"]).unwrap(), first);

        fs::write(root.join("style/a.css"), "b{}").unwrap();
        let changed = hash(&root, &["style"]).unwrap();
        assert_ne!(changed, first);

        fs::rename(root.join("style/a.css"), root.join("style/b.css")).unwrap();
        assert_ne!(hash(&root, &["style"]).unwrap(), changed);
        fs::remove_dir_all(root).unwrap();
    }
}
