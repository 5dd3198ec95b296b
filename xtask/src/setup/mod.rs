//! Finds the tools that Weft is built and tested with, and installs those that are missing: into
//! our cache, or with the system's package manager where the system ought to have them.

mod cargo_tools;
mod chromium;
mod debian_wasm;
mod node;
mod packages;
mod prebuilt;
mod real;
mod slim_std;
mod wasm_target;

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::process;
use crate::workspace::Workspace;

/// Tools that were found or installed, and what a program needs in its environment to find them.
#[derive(Default)]
pub struct Toolbox {
    dirs: Vec<PathBuf>,
    variables: Vec<(&'static str, OsString)>,
}

impl Toolbox {
    /// A command that finds our tools before any others.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Result<Command> {
        let before = env::var_os("PATH").unwrap_or_default();
        let dirs = self.dirs.iter().cloned().chain(env::split_paths(&before));
        let path = env::join_paths(dirs).context("PATH cannot be extended")?;
        let mut command = process::command(program);
        command.env("PATH", path);
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        Ok(command)
    }

    /// Tells a program of another toolbox where this one's tools are.
    pub fn lend(&self, command: &mut Command) {
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
    }

    fn add_dir(&mut self, dir: Option<PathBuf>) {
        self.dirs.extend(dir);
    }

    fn variable(&self, name: &str) -> Option<&OsStr> {
        let found = self.variables.iter().rfind(|(set, _)| *set == name)?;
        Some(&found.1)
    }

    fn set(&mut self, name: &'static str, value: impl Into<OsString>) {
        self.variables.push((name, value.into()));
    }
}

/// What building the single-page app and the server takes.
pub fn for_build(workspace: &Workspace) -> Result<Toolbox> {
    let mut tools = Toolbox::default();
    packages::require("git", "git", "git")?;
    wasm_target::ensure(workspace, &mut tools)?;
    slim_std::ensure(workspace, &mut tools)?;
    node::ensure()?;
    tools.add_dir(node::wasm_opt(workspace)?);
    tools.add_dir(cargo_tools::wasm_bindgen(workspace)?);
    tools.add_dir(cargo_tools::trunk(workspace)?);
    Ok(tools)
}

/// What clicking through the app takes, besides [`for_build`].
pub fn for_browser(workspace: &Workspace) -> Result<Toolbox> {
    let mut tools = Toolbox::default();
    packages::require("git", "git", "git")?;
    node::ensure()?;
    node::project(
        workspace,
        &node::Project {
            folder: "tests/browser",
            name: "playwright",
            brings: "Playwright and axe",
        },
    )?;
    tools.set("WEFT_CHROMIUM", chromium::ensure(workspace)?);
    Ok(tools)
}

/// What holding the lab's forge against GitHub's published API description takes.
pub fn for_forge_contract(workspace: &Workspace) -> Result<()> {
    node::ensure()?;
    node::project(
        workspace,
        &node::Project {
            folder: "lab/tests/github_contract",
            name: "github-contract",
            brings: "GitHub's API description and GraphQL schema",
        },
    )
}

/// What checking ourselves against Kubernetes, Flux, Helm and podinfo as they are takes.
pub fn for_real_peers(workspace: &Workspace) -> Result<Toolbox> {
    let mut tools = Toolbox::default();
    real::ensure(workspace, &mut tools)?;
    Ok(tools)
}

/// What checking our dependencies takes.
pub fn for_deny(workspace: &Workspace) -> Result<Toolbox> {
    let mut tools = Toolbox::default();
    tools.add_dir(cargo_tools::cargo_deny(workspace)?);
    Ok(tools)
}

/// Whether clippy can look at the code as the browser gets it: it brings its own compiler, and
/// that one needs the target.
pub fn can_lint_for_browser(workspace: &Workspace) -> Result<bool> {
    wasm_target::of_rustup(workspace)
}

/// Finds or installs all of it.
pub fn everything(workspace: &Workspace) -> Result<()> {
    for_build(workspace)?;
    for_browser(workspace)?;
    for_forge_contract(workspace)?;
    process::say("everything that the demo and the tests need is there");
    Ok(())
}
