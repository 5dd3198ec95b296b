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
        cargo.current_dir(&self.root);
        let json = output(cargo.args([
            "metadata",
            "--no-deps",
            "--offline",
            "--format-version",
            "1",
        ]))?;
        let metadata: Metadata =
            serde_json::from_str(&json).context("`cargo metadata` cannot be read")?;
        Ok(metadata.packages)
    }

    /// `rust-version` of the root `Cargo.toml`: the oldest compiler that may build the workspace.
    pub fn rust_version(&self) -> Result<String> {
        let path = self.root.join("Cargo.toml");
        let manifest = fs::read_to_string(&path)
            .with_context(|| format!("{} cannot be read", path.display()))?;
        manifest
            .lines()
            .find_map(|line| line.strip_prefix("rust-version = \"")?.strip_suffix('"'))
            .map(str::to_owned)
            .with_context(|| format!("{} names no rust-version", path.display()))
    }

    /// The version of a package in `Cargo.lock`.
    pub fn locked(&self, package: &str) -> Result<String> {
        let path = self.root.join("Cargo.lock");
        let lock = fs::read_to_string(&path)
            .with_context(|| format!("{} cannot be read", path.display()))?;
        locked_version(&lock, package)
            .with_context(|| format!("{} names no {package}", path.display()))
    }
}

/// A member of the workspace, as `cargo metadata` describes it.
#[derive(Deserialize)]
pub struct Package {
    pub name: String,
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

/// Cargo writes `name = "x"` and, on the next line, `version = "y"`.
fn locked_version(lock: &str, package: &str) -> Option<String> {
    let name = format!("name = \"{package}\"");
    let version = lock
        .lines()
        .skip_while(|line| *line != name)
        .nth(1)?
        .strip_prefix("version = \"")?
        .strip_suffix('"')?;
    Some(version.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_locked_version_is_the_line_after_the_name() {
        let lock = "[[package]]\nname = \"wasm-bindgen-shared\"\nversion = \"0.1.0\"\n\n\
                    [[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.130\"\n";
        assert_eq!(
            locked_version(lock, "wasm-bindgen").as_deref(),
            Some("0.2.130")
        );
        assert_eq!(locked_version(lock, "trunk"), None);
    }

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
