//! The compiler's WebAssembly target: from rustup, else built from Debian's packages.

use std::path::PathBuf;

use anyhow::Result;

use super::debian_wasm;
use super::packages;
use super::toolbox::Toolbox;
use crate::process::{command, output, say};
use crate::workspace::{WASM, Workspace};

/// Ensures that the compiler can build for the browser.
pub fn ensure(workspace: &Workspace, tools: &mut Toolbox) -> Result<()> {
    if of_rustup(workspace)? {
        return Ok(());
    }
    say("Debian's packages are tried instead");
    debian_wasm::ensure(workspace, tools)
}

/// Adds the target to the toolchain's own compiler; `false` when rustup is missing or fails.
pub fn of_rustup(workspace: &Workspace) -> Result<bool> {
    let what = "the WebAssembly target";
    Ok(has_target(workspace)? || packages::rustup_add(workspace, "target", WASM, what))
}

fn has_target(workspace: &Workspace) -> Result<bool> {
    let mut rustc = command("rustc");
    rustc.current_dir(&workspace.root);
    let libraries = output(rustc.args(["--print", "target-libdir", "--target", WASM]))?;
    Ok(PathBuf::from(libraries).is_dir())
}
