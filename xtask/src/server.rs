//! Builds the server with its demo, and the test bed.

use std::path::PathBuf;

use anyhow::Result;

use crate::process::{command, run, say};
use crate::workspace::Workspace;

/// Builds the binary `weft` with `weft demo` and returns its path. It is the development build with
/// optimised dependencies, which the tests use as well.
pub fn build_demo(workspace: &Workspace) -> Result<PathBuf> {
    say("building the server (the first time three to eight minutes on two cores)");
    build(workspace, "weft")
}

/// Builds the program that starts the test bed with Weft in front of it, and returns its path.
pub fn build_testbed(workspace: &Workspace) -> Result<PathBuf> {
    say("building what starts the real world (a minute)");
    build(workspace, "weft-testbed")
}

/// Builds with the features of `cargo test --workspace`, `demo` among them, so that the two share what
/// they build: asking for examples, of which there are none, makes cargo count in dev-dependencies.
fn build(workspace: &Workspace, program: &str) -> Result<PathBuf> {
    let mut cargo = command("cargo");
    cargo.current_dir(&workspace.root).args([
        "build",
        "--workspace",
        "--examples",
        "--bin",
        program,
    ]);
    run(&mut cargo)?;
    let file = format!("{program}{}", std::env::consts::EXE_SUFFIX);
    Ok(workspace.target.join("debug").join(file))
}
