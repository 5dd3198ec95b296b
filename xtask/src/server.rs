//! Builds the server, and starts it as the demo.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::process::{command, run, say};
use crate::workspace::Workspace;

/// Builds the binary `weft` and gives its path. It is the development build with optimised
/// dependencies: the one that the tests use, too, and quick enough in everything it does.
pub fn build(workspace: &Workspace) -> Result<PathBuf> {
    say("building the server (the first time three to eight minutes on two cores)");
    built(workspace, "proxy", "weft")
}

/// Builds what starts the real world and Weft in front of it, and gives its path.
pub fn build_testbed(workspace: &Workspace) -> Result<PathBuf> {
    say("building what starts the real world (a minute)");
    built(workspace, "testbed", "weft-testbed")
}

fn built(workspace: &Workspace, package: &str, program: &str) -> Result<PathBuf> {
    let mut cargo = command("cargo");
    cargo
        .current_dir(&workspace.root)
        .args(["build", "--package", package, "--bin", program]);
    run(&mut cargo)?;
    let file = format!("{program}{}", std::env::consts::EXE_SUFFIX);
    Ok(workspace.target.join("debug").join(file))
}

/// `weft demo` over the built page, listening on this port.
pub fn demo(workspace: &Workspace, weft: &Path, port: Option<u16>) -> Command {
    let mut demo = command(weft);
    demo.arg("demo").arg("--static-dir").arg(workspace.dist());
    if let Some(port) = port {
        demo.args(["--port", &port.to_string()]);
    }
    demo
}
