//! The tools of the suite `real`: Kubernetes' API server, Flux's definitions, Helm, podinfo and linters,
//! built from the Go module proxy in pinned versions.

mod download;
mod go;
mod modules;
mod tools;

use std::env;
use std::path::PathBuf;

use anyhow::{Context, Result};

use self::go::Go;
use super::packages;
use super::toolbox::Toolbox;
use crate::process::on_path;
use crate::workspace::Workspace;

/// The modules with the custom resource definitions of Flux 2.9: `(module, version)`.
const FLUX: [(&str, &str); 6] = [
    ("github.com/fluxcd/source-controller", "v1.9.4"),
    ("github.com/fluxcd/kustomize-controller", "v1.9.4"),
    ("github.com/fluxcd/helm-controller", "v1.6.3"),
    ("github.com/fluxcd/notification-controller", "v1.9.3"),
    ("github.com/fluxcd/image-automation-controller", "v1.2.4"),
    ("github.com/fluxcd/image-reflector-controller", "v1.2.4"),
];

/// Finds or builds all of them. The tests read their paths from the variables that are set here.
pub fn ensure(workspace: &Workspace, tools: &mut Toolbox) -> Result<()> {
    packages::require("git", "git", "git")?;
    packages::require("shellcheck", "shellcheck", "shellcheck")?;
    let go = Go::ensure()?;
    tools.set("WEFT_REAL_GO", go.program());
    tools.set(
        "WEFT_REAL_SHELLCHECK",
        on_path("shellcheck").context("shellcheck is not on PATH")?,
    );
    for tool in &tools::ALL {
        let bin = modules::build(workspace, &go, tool)?;
        for package in tool.packages {
            tools.set(package.variable, bin.join(package.program));
        }
    }
    let crds: Vec<PathBuf> = download::download(go.command(&env::temp_dir()), &FLUX)?
        .into_iter()
        .map(|module| module.dir.join("config/crd/bases"))
        .collect();
    tools.set("WEFT_REAL_FLUX_CRDS", env::join_paths(crds)?);
    for podinfo in download::download(go.command(&env::temp_dir()), &[tools::PODINFO])? {
        tools.set("WEFT_REAL_PODINFO_UI", podinfo.dir.join("ui"));
    }
    Ok(())
}
