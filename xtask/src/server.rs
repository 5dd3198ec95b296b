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
    let mut cargo = command("cargo");
    cargo
        .current_dir(&workspace.root)
        .args(["build", "--package", "proxy", "--bin", "weft"]);
    run(&mut cargo)?;
    Ok(workspace.target.join("debug").join(name()))
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

fn name() -> String {
    format!("weft{}", std::env::consts::EXE_SUFFIX)
}
