//! Node, and packages of npm: wasm-opt, and the dependencies of our own projects.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::packages;
use crate::process::{command, has_version, on_path, output, run, say};
use crate::stamp;
use crate::workspace::{Workspace, make_dir, remove_dir};

/// The oldest Node that Playwright supports.
const OLDEST_NODE: u32 = 18;

/// The version of binaryen. `Trunk.toml` names it as `version_132`.
const BINARYEN: &str = "132.0.0";

/// Finds or installs `node` and `npm`, and checks their version.
pub fn ensure() -> Result<()> {
    if on_path("node").is_none() || on_path("npm").is_none() {
        packages::install(&["nodejs", "npm"], "Node", "one to three minutes")?;
    }
    let by_hand = format!("install Node {OLDEST_NODE} or newer with npm by hand (nodejs.org)");
    if on_path("npm").is_none() {
        bail!("npm is missing; {by_hand}");
    }
    let version = output(command("node").arg("--version"))
        .with_context(|| format!("node does not run; {by_hand}"))?;
    if major(&version).is_none_or(|major| major < OLDEST_NODE) {
        bail!("node is {version}; {by_hand}");
    }
    Ok(())
}

/// wasm-opt of the pinned binaryen. Returns the directory to add to PATH, if any.
pub fn wasm_opt(workspace: &Workspace) -> Result<Option<PathBuf>> {
    let version = BINARYEN.split('.').next().unwrap_or(BINARYEN);
    if on_path("wasm-opt").is_some_and(|path| has_version(&path, version)) {
        return Ok(None);
    }
    let root = workspace.tool("binaryen", BINARYEN);
    let bin = root.join("node_modules/.bin");
    if !has_version(&bin.join("wasm-opt"), version) {
        say(&format!(
            "fetching wasm-opt (binaryen {BINARYEN}) with npm (up to a minute, once; kept in {})",
            root.display()
        ));
        remove_dir(&root)?;
        make_dir(&root)?;
        fs::write(root.join("package.json"), "{\"private\": true}\n")?;
        let mut npm = npm(&root);
        npm.args(["install", "--save-exact", &format!("binaryen@{BINARYEN}")]);
        run(&mut npm).with_context(|| {
            format!(
                "wasm-opt could not be fetched; install it by hand: \
                 `npm install --global binaryen@{BINARYEN}`"
            )
        })?;
    }
    Ok(Some(bin))
}

/// Installs the dependencies of a folder with a `package.json` and its lock file, unless the cache has
/// them: they are kept there as `name`, and `node_modules` is a link to them. `brings` says in words
/// for people what they are.
pub fn project(workspace: &Workspace, folder: &str, name: &str, brings: &str) -> Result<()> {
    let home = workspace.root.join(folder);
    let link = home.join("node_modules");
    if link.is_dir() && !link.is_symlink() {
        // Somebody installed them there with npm, and keeps them up to date.
        return Ok(());
    }
    let manifests = ["package.json", "package-lock.json"];
    let hash = stamp::hash(&home, &manifests)?;
    let root = workspace.tool(name, &hash);
    let done = root.join("installed");
    if !done.is_file() {
        say(&format!(
            "fetching {brings} with npm (up to a minute, once; kept in {})",
            root.display()
        ));
        remove_dir(&root)?;
        make_dir(&root)?;
        for manifest in manifests {
            fs::copy(home.join(manifest), root.join(manifest))?;
        }
        run(npm(&root)
            .arg("ci")
            .env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1"))
        .with_context(|| {
            format!("{brings} could not be fetched; install by hand: `npm ci` in {folder}")
        })?;
        fs::write(&done, "")?;
    }
    point(&link, &root.join("node_modules"))
}

fn npm(dir: &Path) -> std::process::Command {
    let mut npm = command("npm");
    npm.current_dir(dir)
        .args(["--no-fund", "--no-audit", "--no-update-notifier"]);
    npm
}

/// Makes `link` a link to a folder, in place of one to another.
fn point(link: &Path, to: &Path) -> Result<()> {
    if fs::read_link(link).is_ok_and(|old| old == to) {
        return Ok(());
    }
    if link.is_symlink() {
        fs::remove_file(link)?;
    }
    symlink(to, link)
        .with_context(|| format!("{} cannot be linked to {}", link.display(), to.display()))
}

/// `v20.20.2` → 20.
fn major(version: &str) -> Option<u32> {
    version.strip_prefix('v')?.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_the_first_number() {
        assert_eq!(major("v20.20.2"), Some(20));
        assert_eq!(major("20.20.2"), None);
    }

    #[test]
    fn trunk_is_told_the_wasm_opt_that_is_installed() {
        let workspace = Workspace::find().unwrap();
        let trunk = fs::read_to_string(workspace.root.join("Trunk.toml")).unwrap();
        let major = BINARYEN.split('.').next().unwrap();
        assert!(trunk.contains(&format!("wasm_opt = \"version_{major}\"")));
    }
}
