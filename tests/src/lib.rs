//! What the whole-system tests share: the checkout, the members of the workspace, their files.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;
use walkdir::{DirEntry, WalkDir};

/// One file of ours.
pub struct Source {
    /// Its path below the root of the checkout.
    pub path: PathBuf,
    pub text: String,
}

/// A member of the workspace.
#[derive(Deserialize)]
pub struct Member {
    /// The name of its package.
    pub name: String,
    manifest_path: PathBuf,
    targets: Vec<Target>,
}

/// A library, program, test or bench of a member.
#[derive(Deserialize)]
pub struct Target {
    /// Its kinds, as cargo calls them: `lib`, `bin`, `test`, `bench`, `custom-build`.
    pub kind: Vec<String>,
    pub src_path: PathBuf,
}

impl Member {
    /// The targets that contain code: all but build scripts.
    pub fn targets(&self) -> impl Iterator<Item = &Target> {
        self.targets
            .iter()
            .filter(|target| target.kind != ["custom-build"])
    }

    /// The folders of its files. The member in the root owns two of the folders there.
    fn folders(&self) -> Vec<PathBuf> {
        match self.manifest_path.parent() {
            Some(folder) if folder == root() => vec![root().join("src"), root().join("style")],
            folder => folder.map(Path::to_owned).into_iter().collect(),
        }
    }
}

/// The root of the checkout.
#[must_use]
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap_or_else(|| Path::new("/"))
}

/// The members of the workspace, as cargo lists them.
pub fn members() -> io::Result<Vec<Member>> {
    #[derive(Deserialize)]
    struct Metadata {
        packages: Vec<Member>,
    }
    let answer = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline"])
        .args(["--format-version", "1"])
        .current_dir(root())
        .output()?;
    let metadata: Metadata = serde_json::from_slice(&answer.stdout)?;
    Ok(metadata.packages)
}

/// The files of all members with these endings (`rs`, `css`), generated ones left out.
pub fn sources(endings: &[&str]) -> io::Result<Vec<Source>> {
    let mut found = Vec::new();
    for folder in members()?.iter().flat_map(Member::folders) {
        collect(&folder, endings, &mut found)?;
    }
    Ok(found)
}

/// The Markdown files of the checkout.
pub fn documents() -> io::Result<Vec<Source>> {
    let mut found = Vec::new();
    collect(root(), &["md"], &mut found)?;
    Ok(found)
}

fn collect(folder: &Path, endings: &[&str], found: &mut Vec<Source>) -> io::Result<()> {
    let entries = WalkDir::new(folder).into_iter().filter_entry(is_ours);
    for entry in entries {
        let path = entry?.into_path();
        let ending = path.extension().and_then(OsStr::to_str);
        if ending.is_some_and(|ending| endings.contains(&ending)) {
            found.push(Source {
                text: fs::read_to_string(&path)?,
                path: path.strip_prefix(root()).unwrap_or(&path).to_owned(),
            });
        }
    }
    Ok(())
}

/// Whether a file or folder was written by people, and for this repository.
fn is_ours(entry: &DirEntry) -> bool {
    let name = entry.file_name().to_string_lossy();
    let left_out = ["generated", "node_modules", "results"];
    entry.depth() == 0
        || !left_out.iter().any(|part| name.contains(part))
            && !["target", "dist", ".git"].contains(&&*name)
}
