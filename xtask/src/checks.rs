//! The checks of the source: formatting, clippy, dependencies; and all that the continuous integration runs.

use std::time::Duration;

use anyhow::Result;

use crate::process::{command, run, say, succeeds_within};
use crate::workspace::Workspace;
use crate::{setup, shipped};

/// Where cargo-deny gets the known vulnerabilities from.
const ADVISORIES: &str = "https://github.com/RustSec/advisory-db";

/// Checks the formatting, and runs clippy with warnings as errors: for the host, for the binary as it
/// is shipped, and for the browser.
pub fn lint(workspace: &Workspace) -> Result<()> {
    say("checking the formatting");
    cargo(workspace, "fmt --all --check")?;
    leptosfmt(workspace, &["--check"])?;
    say("clippy for the host (the first time some minutes)");
    cargo(workspace, "clippy --workspace --all-targets -- -D warnings")?;
    say("clippy for the server without its demo");
    cargo(workspace, "clippy --package proxy -- -D warnings")?;
    if setup::can_lint_for_browser(workspace)? {
        say("clippy for the browser");
        cargo(
            workspace,
            "clippy --package weft --target wasm32-unknown-unknown -- -D warnings",
        )?;
    } else {
        say("clippy for the browser is left out: its compiler lacks the WebAssembly target");
    }
    Ok(())
}

/// Formats the code; rustfmt leaves the inside of `view!` to leptosfmt.
pub fn fmt(workspace: &Workspace) -> Result<()> {
    leptosfmt(workspace, &["--quiet"])?;
    cargo(workspace, "fmt --all")
}

fn leptosfmt(workspace: &Workspace, options: &[&str]) -> Result<()> {
    let mut leptosfmt = setup::for_fmt(workspace)?.command("leptosfmt")?;
    leptosfmt.current_dir(&workspace.root);
    run(leptosfmt.args(options).arg("src"))
}

fn cargo(workspace: &Workspace, line: &str) -> Result<()> {
    run(command("cargo")
        .current_dir(&workspace.root)
        .args(line.split(' ')))
}

/// Checks licences, bans and sources, the crates of the shipped binary, and advisories where their
/// database can be reached.
pub fn deny(workspace: &Workspace) -> Result<()> {
    shipped::check(workspace)?;
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

/// Runs `.ci/run` of the checkout.
pub fn ci(workspace: &Workspace) -> Result<()> {
    run(command(workspace.root.join(".ci/run")).current_dir(&workspace.root))
}
