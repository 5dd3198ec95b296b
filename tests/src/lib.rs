//! What the whole-system tests share: the checkout, the members of the workspace, their files.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

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
///
/// # Errors
/// When cargo cannot be run or its answer cannot be read.
pub fn members() -> io::Result<Vec<Member>> {
    #[derive(Deserialize)]
    struct Metadata {
        packages: Vec<Member>,
    }
    let answer = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--no-deps",
            "--offline",
            "--format-version",
            "1",
        ])
        .current_dir(root())
        .output()?;
    let metadata: Metadata = serde_json::from_slice(&answer.stdout)?;
    Ok(metadata.packages)
}

/// The files of all members with these endings (`rs`, `css`), generated ones left out.
///
/// # Errors
/// When the members cannot be listed, or a file cannot be read.
pub fn sources(endings: &[&str]) -> io::Result<Vec<Source>> {
    let mut found = Vec::new();
    for folder in members()?.iter().flat_map(Member::folders) {
        collect(&folder, endings, &mut found)?;
    }
    Ok(found)
}

/// The Markdown files of the checkout.
///
/// # Errors
/// When a folder or a file cannot be read.
pub fn documents() -> io::Result<Vec<Source>> {
    let mut found = Vec::new();
    collect(root(), &["md"], &mut found)?;
    Ok(found)
}

fn collect(path: &Path, endings: &[&str], found: &mut Vec<Source>) -> io::Result<()> {
    for entry in fs::read_dir(path)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if ["generated", "node_modules", "results"]
            .iter()
            .any(|left_out| name.contains(left_out))
            || ["target", "dist", ".git"].contains(&&*name)
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
