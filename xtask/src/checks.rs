//! The checks that look at the source rather than at the running product.

use std::time::Duration;

use anyhow::Result;

use crate::process::{command, run, say, succeeds_within};
use crate::setup;
use crate::workspace::Workspace;

/// Where cargo-deny gets the known vulnerabilities from.
const ADVISORIES: &str = "https://github.com/RustSec/advisory-db";

/// Formatting, and clippy with warnings as errors, for the host and for the browser.
pub fn lint(workspace: &Workspace) -> Result<()> {
    let cargo = |line: &str| {
        run(command("cargo")
            .current_dir(&workspace.root)
            .args(line.split(' ')))
    };
    say("checking the formatting");
    cargo("fmt --all --check")?;
    say("clippy for the host (the first time some minutes)");
    cargo("clippy --workspace --all-targets -- -D warnings")?;
    if setup::can_lint_for_browser(workspace)? {
        say("clippy for the browser");
        cargo("clippy --package weft --target wasm32-unknown-unknown -- -D warnings")?;
    } else {
        say("clippy for the browser is left out: its compiler lacks the WebAssembly target");
    }
    Ok(())
}

/// Licences, bans and sources; advisories too, where their database can be reached.
pub fn deny(workspace: &Workspace) -> Result<()> {
    let tools = setup::for_deny(workspace)?;
    let mut cargo_deny = tools.command("cargo-deny")?;
    cargo_deny
        .current_dir(&workspace.root)
        .args(["--workspace", "--all-features", "check"])
        .args(["licenses", "bans", "sources"]);
    let mut look = command("git");
    look.env("GIT_TERMINAL_PROMPT", "0")
        .args(["ls-remote", "--exit-code", ADVISORIES, "HEAD"]);
    if succeeds_within(&mut look, Duration::from_secs(20))? {
        cargo_deny.arg("advisories");
    } else {
        say("advisories are not checked: their database cannot be reached from here");
    }
    run(&mut cargo_deny)
}

/// All that the continuous integration runs, the way it runs it.
pub fn ci(workspace: &Workspace) -> Result<()> {
    run(command(workspace.root.join(".ci/run")).current_dir(&workspace.root))
}
