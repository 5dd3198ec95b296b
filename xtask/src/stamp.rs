//! Fingerprints of files, to skip builds of unchanged ones.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// A hexadecimal fingerprint of the names and contents of files and folders below `root`. Missing and
/// generated ones (`generated` in the name) do not count.
pub fn hash(root: &Path, inputs: &[&str]) -> Result<String> {
    let mut files = Vec::new();
    for input in inputs {
        collect(&root.join(input), &mut files)?;
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

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let generated = path
        .file_name()
        .is_some_and(|name| name.to_string_lossy().contains("generated"));
    if generated {
        return Ok(());
    }
    if path.is_file() {
        files.push(path.to_owned());
    } else if path.is_dir() {
        for entry in fs::read_dir(path)? {
            collect(&entry?.path(), files)?;
        }
    }
    Ok(())
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
