//! The tools of the suite `real`: Kubernetes' API server, Flux's definitions, Helm, podinfo and linters,
//! built from the Go module proxy in pinned versions.

mod download;
mod go;
mod modules;
mod tools;

use std::env;
use std::path::PathBuf;

use anyhow::{Context, Result};

use self::download::download;
use self::go::Go;
use self::tools::{GoSources, variable};
use super::packages;
use super::toolbox::Toolbox;
use crate::process::on_path;
use crate::workspace::Workspace;

/// Finds or builds all of them. The tests read their paths from the variables that are set here.
pub fn ensure(workspace: &Workspace, tools: &mut Toolbox) -> Result<()> {
    packages::require("git", "git", "git")?;
    packages::require("shellcheck", "shellcheck", "shellcheck")?;
    let sources = GoSources::read()?;
    let go = Go::ensure()?;
    tools.set("WEFT_REAL_GO", go.program());
    tools.set(
        "WEFT_REAL_SHELLCHECK",
        on_path("shellcheck").context("shellcheck is not on PATH")?,
    );
    for tool in &sources.tools {
        let bin = modules::build(workspace, &go, tool)?;
        for program in tool.packages.keys() {
            tools.set(variable(program), bin.join(program));
        }
    }
    let crds: Vec<PathBuf> = download(go.outside(), &sources.flux)?
        .into_iter()
        .map(|module| module.dir.join("config/crd/bases"))
        .collect();
    tools.set("WEFT_REAL_FLUX_CRDS", env::join_paths(crds)?);
    for podinfo in download(go.outside(), &[sources.podinfo])? {
        tools.set("WEFT_REAL_PODINFO_UI", podinfo.dir.join("ui"));
    }
    Ok(())
}
