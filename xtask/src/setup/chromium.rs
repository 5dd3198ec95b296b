//! The browser for tests and benches: the system's Chromium or Chrome, else Debian's package, else
//! Playwright's download.

use std::env;
use std::fs;
use std::path::PathBuf;

use anyhow::{Result, bail};

use super::packages;
use crate::process::{command, is_program, on_path, output, run, say};
use crate::workspace::Workspace;

const NAMES: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome-stable",
    "google-chrome",
];

/// Finds or installs a browser and returns its path.
pub fn ensure(workspace: &Workspace) -> Result<PathBuf> {
    if let Some(named) = env::var_os("WEFT_CHROMIUM").filter(|value| !value.is_empty()) {
        let named = PathBuf::from(named);
        if !is_program(&named) {
            bail!(
                "WEFT_CHROMIUM names {}, which cannot be run",
                named.display()
            );
        }
        return Ok(named);
    }
    if let Some(found) = system().or_else(|| downloaded(workspace)) {
        return Ok(found);
    }
    // Ubuntu's package is a pointer to a snap, which containers cannot run.
    if !is_ubuntu()
        && packages::install(&["chromium"], "Chromium", "one to five minutes")?
        && let Some(found) = system()
    {
        return Ok(found);
    }
    say("fetching Chromium with Playwright (one to five minutes, once)");
    let mut fetch = node(workspace);
    fetch.args(["node_modules/playwright-core/cli.js", "install"]);
    if packages::unasked()? {
        // The system's libraries that it needs come with apt, too.
        fetch.arg("--with-deps");
    }
    if let Err(error) = run(fetch.arg("chromium")) {
        say(&format!("Playwright did not fetch Chromium: {error:#}"));
    }
    match downloaded(workspace) {
        Some(found) => Ok(found),
        None => bail!(
            "no Chromium was found and none could be installed; install one by hand \
             (Debian: `apt-get install chromium`, Ubuntu: `snap install chromium`), or name one in \
             WEFT_CHROMIUM"
        ),
    }
}

fn is_ubuntu() -> bool {
    fs::read_to_string("/etc/os-release")
        .is_ok_and(|release| release.lines().any(|line| line == "ID=ubuntu"))
}

/// A browser on PATH that starts: some distributions have a name without a browser.
fn system() -> Option<PathBuf> {
    NAMES
        .iter()
        .filter_map(|name| on_path(name))
        .find(|path| output(command(path).arg("--version")).is_ok())
}

fn downloaded(workspace: &Workspace) -> Option<PathBuf> {
    let mut node = node(workspace);
    node.args(["-p", "require('playwright-core').chromium.executablePath()"]);
    let path = PathBuf::from(output(&mut node).ok()?);
    is_program(&path).then_some(path)
}

/// Node where Playwright is, with its browsers in the cache.
fn node(workspace: &Workspace) -> std::process::Command {
    let mut node = command("node");
    node.current_dir(workspace.browser_tests()).env(
        "PLAYWRIGHT_BROWSERS_PATH",
        workspace.cache.join("tools/browsers"),
    );
    node
}
