//! Builds the standard library along with the page: optimised for size, without messages and locations
//! of panics. It takes 13 kB (brotli) off the first load.
//!
//! The options are unstable, so they are set in the environment of the page's build alone and unlocked
//! by `RUSTC_BOOTSTRAP`; the rest builds as stable Rust does. Without the library's source the page
//! gets the compiler's own, and is that much larger.

use std::path::Path;

use anyhow::Result;

use super::packages;
use super::toolbox::Toolbox;
use crate::process::{output, say};
use crate::workspace::Workspace;

/// The source of std in a toolchain, from its root.
const SOURCE: &str = "lib/rustlib/src/rust/library/std/Cargo.toml";

/// Set for cargo itself and for the one that Trunk starts. Cargo adds these flags to those of
/// `.cargo/config.toml` for the target.
const VARIABLES: [(&str, &str); 6] = [
    ("RUSTC_BOOTSTRAP", "1"),
    ("CARGO_UNSTABLE_BUILD_STD", "std"),
    ("CARGO_UNSTABLE_BUILD_STD_FEATURES", "optimize_for_size"),
    ("CARGO_UNSTABLE_PANIC_IMMEDIATE_ABORT", "true"),
    ("CARGO_PROFILE_WASM_RELEASE_PANIC", "immediate-abort"),
    (
        "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS",
        "-Zunstable-options -Zlocation-detail=none",
    ),
];

/// Makes the page's build include the standard library, if its source exists or can be installed.
pub fn ensure(workspace: &Workspace, tools: &mut Toolbox) -> Result<()> {
    let what = "the standard library's source";
    if !has_source(workspace, tools)?
        && !packages::rustup_add(workspace, "component", "rust-src", what)
    {
        say("the page gets the compiler's own standard library and is 13 kB larger");
        return Ok(());
    }
    for (name, value) in VARIABLES {
        tools.set(name, value);
    }
    Ok(())
}

fn has_source(workspace: &Workspace, tools: &Toolbox) -> Result<bool> {
    let mut rustc = tools.command(tools.variable("RUSTC").unwrap_or("rustc".as_ref()))?;
    rustc.current_dir(&workspace.root);
    let root = output(rustc.args(["--print", "sysroot"]))?;
    Ok(Path::new(&root).join(SOURCE).is_file())
}
