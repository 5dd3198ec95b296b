//! What the tests of the whole share: the checkout, and the source files in it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// One file of ours.
pub struct Source {
    /// Its path below the root of the checkout.
    pub path: PathBuf,
    /// What is in it.
    pub text: String,
}

/// The root of the checkout.
#[must_use]
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap_or_else(|| Path::new("/"))
}

/// The files below these folders whose names end so (`rs`, `css`), generated ones left out.
///
/// # Errors
/// When a folder or a file cannot be read.
pub fn sources(folders: &[&str], endings: &[&str]) -> io::Result<Vec<Source>> {
    let mut found = Vec::new();
    for folder in folders {
        collect(&root().join(folder), endings, &mut found)?;
    }
    Ok(found)
}

fn collect(path: &Path, endings: &[&str], found: &mut Vec<Source>) -> io::Result<()> {
    for entry in fs::read_dir(path)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if ["generated", "node_modules", "results"]
            .iter()
            .any(|left_out| name.contains(left_out))
        {
            continue;
        }
        if path.is_dir() {
            collect(&path, endings, found)?;
        } else if endings
            .iter()
            .any(|ending| path.extension().is_some_and(|own| own == *ending))
        {
            found.push(Source {
                text: fs::read_to_string(&path)?,
                path: path.strip_prefix(root()).unwrap_or(&path).to_owned(),
            });
        }
    }
    Ok(())
}
