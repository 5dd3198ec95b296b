//! The compiler's WebAssembly target: from rustup, else built from Debian's packages.

use std::path::PathBuf;

use anyhow::Result;

use super::debian_wasm;
use super::toolbox::Toolbox;
use crate::process::{command, on_path, output, run, say};
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
    if has_target(workspace)? {
        return Ok(true);
    }
    if on_path("rustup").is_none() {
        return Ok(false);
    }
    say("adding the WebAssembly target to the compiler with rustup (under a minute)");
    let mut rustup = command("rustup");
    rustup.current_dir(&workspace.root);
    let added = run(rustup.args(["target", "add", WASM]));
    if let Err(error) = &added {
        say(&format!("the target could not be added: {error:#}"));
    }
    Ok(added.is_ok())
}

fn has_target(workspace: &Workspace) -> Result<bool> {
    let mut rustc = command("rustc");
    rustc.current_dir(&workspace.root);
    let libraries = output(rustc.args(["--print", "target-libdir", "--target", WASM]))?;
    Ok(PathBuf::from(libraries).is_dir())
}
