//! The checkout, its crates, cargo's target directory, and the cache.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::process::{command, output};

/// The target that browsers run.
pub const WASM: &str = "wasm32-unknown-unknown";

/// The checkout and the two directories that are written to.
pub struct Workspace {
    /// The directory of the root `Cargo.toml`.
    pub root: PathBuf,
    /// Cargo's target directory.
    pub target: PathBuf,
    /// Outlives the checkout: `$WEFT_CACHE`, `$XDG_CACHE_HOME/weft` or `~/.cache/weft`.
    pub cache: PathBuf,
}

impl Workspace {
    /// Finds the directories and creates none of them.
    pub fn find() -> Result<Self> {
        let own = env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = own
            .parent()
            .context("xtask lies in no workspace")?
            .to_owned();
        let target = root.join(variable("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()));
        let cache = variable("WEFT_CACHE")
            .or_else(|| variable("XDG_CACHE_HOME").map(|dir| dir.join("weft")))
            .or_else(|| variable("HOME").map(|dir| dir.join(".cache/weft")))
            .context("no place for a cache: set WEFT_CACHE or HOME")?;
        Ok(Self {
            cache: root.join(cache),
            root,
            target,
        })
    }

    /// The directory of the built page.
    pub fn dist(&self) -> PathBuf {
        self.root.join("dist")
    }

    /// The browser tests, their helpers and the page's benches.
    pub fn browser_tests(&self) -> PathBuf {
        self.root.join("tests/browser")
    }

    /// The directory of a tool in the cache, installed or not.
    pub fn tool(&self, name: &str, version: &str) -> PathBuf {
        self.cache.join("tools").join(format!("{name}-{version}"))
    }

    /// The members of the workspace with their targets.
    pub fn packages(&self) -> Result<Vec<Package>> {
        #[derive(Deserialize)]
        struct Metadata {
            packages: Vec<Package>,
        }
        let mut cargo = command("cargo");
        cargo
            .current_dir(&self.root)
            .args(["metadata", "--no-deps", "--offline"])
            .args(["--format-version", "1"]);
        let json = output(&mut cargo)?;
        let metadata: Metadata =
            serde_json::from_str(&json).context("`cargo metadata` cannot be read")?;
        Ok(metadata.packages)
    }

    /// `rust-version` of the root `Cargo.toml`: the oldest compiler that may build the workspace.
    pub fn rust_version(&self) -> Result<String> {
        self.packages()?
            .into_iter()
            .find_map(|package| package.rust_version)
            .context("no member names a rust-version")
    }

    /// The version of a package in `Cargo.lock`.
    pub fn locked(&self, package: &str) -> Result<String> {
        let mut cargo = command("cargo");
        cargo.current_dir(&self.root);
        let id = output(cargo.args(["pkgid", "--offline", package]))?;
        let (_, version) = id
            .rsplit_once('@')
            .with_context(|| format!("{id} names no version"))?;
        Ok(version.to_owned())
    }
}

/// A member of the workspace, as `cargo metadata` describes it.
#[derive(Deserialize)]
pub struct Package {
    pub name: String,
    rust_version: Option<String>,
    #[cfg(test)]
    pub manifest_path: PathBuf,
    #[cfg(test)]
    pub targets: Vec<Target>,
}

/// One library, program or test of a package.
#[cfg(test)]
#[derive(Deserialize)]
pub struct Target {
    pub name: String,
    pub kind: Vec<String>,
    /// Whether `cargo test` runs it.
    pub test: bool,
}

/// Creates a directory and its parents.
pub fn make_dir(path: &Path) -> Result<()> {
    fs::create_dir_all(path).with_context(|| format!("{} cannot be made", path.display()))
}

/// Removes a directory with its content, if it exists.
pub fn remove_dir(path: &Path) -> Result<()> {
    if path.exists() {
        fs::remove_dir_all(path)
            .with_context(|| format!("{} cannot be removed", path.display()))?;
    }
    Ok(())
}

fn variable(name: &str) -> Option<PathBuf> {
    env::var_os(name)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trunk_is_told_the_wasm_bindgen_of_the_lock_file() {
        let workspace = Workspace::find().unwrap();
        let trunk = fs::read_to_string(workspace.root.join("Trunk.toml")).unwrap();
        let locked = workspace.locked("wasm-bindgen").unwrap();
        assert!(
            trunk.contains(&format!("wasm_bindgen = \"{locked}\"")),
            "Trunk.toml must name {locked}"
        );
    }
}
