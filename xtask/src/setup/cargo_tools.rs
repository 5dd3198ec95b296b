//! Tools that are Rust programs: taken from PATH when their version is the wanted one, from our
//! cache, or built by cargo from the registry.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::process::{command, is_program, on_path, output, run, say};
use crate::workspace::{Workspace, remove_dir};

/// The wanted cargo-deny.
const CARGO_DENY: &str = "0.20.2";

/// The newest Trunk that builds with our compiler.
const TRUNK: &str = "0.21.14";

struct Tool<'a> {
    package: &'a str,
    program: &'a str,
    version: &'a str,
    locked: bool,
    time: &'a str,
}

/// Trunk, which bundles the single-page app. Gives the directory to add to PATH, if any.
pub fn trunk(workspace: &Workspace) -> Result<Option<PathBuf>> {
    ensure(
        workspace,
        &Tool {
            package: "trunk",
            program: "trunk",
            version: TRUNK,
            locked: true,
            time: "6 to 9 minutes on two cores",
        },
    )
}

/// The wasm-bindgen of exactly the version in `Cargo.lock`. Its published lock file names a crate
/// that has been withdrawn, therefore it is built without.
pub fn wasm_bindgen(workspace: &Workspace) -> Result<Option<PathBuf>> {
    ensure(
        workspace,
        &Tool {
            package: "wasm-bindgen-cli",
            program: "wasm-bindgen",
            version: &workspace.locked("wasm-bindgen")?,
            locked: false,
            time: "about 5 minutes on two cores",
        },
    )
}

/// cargo-deny, which checks licences, sources and advisories.
pub fn cargo_deny(workspace: &Workspace) -> Result<Option<PathBuf>> {
    ensure(
        workspace,
        &Tool {
            package: "cargo-deny",
            program: "cargo-deny",
            version: CARGO_DENY,
            locked: true,
            time: "3 to 6 minutes on two cores",
        },
    )
}

fn ensure(workspace: &Workspace, tool: &Tool<'_>) -> Result<Option<PathBuf>> {
    if on_path(tool.program).is_some_and(|path| has_version(&path, tool.version)) {
        return Ok(None);
    }
    let root = workspace.tool(tool.package, tool.version);
    let bin = root.join("bin");
    let program = bin.join(tool.program);
    if !(is_program(&program) && has_version(&program, tool.version)) {
        install(workspace, tool, &root)?;
    }
    Ok(Some(bin))
}

fn install(workspace: &Workspace, tool: &Tool<'_>, root: &Path) -> Result<()> {
    let Tool {
        package, version, ..
    } = tool;
    say(&format!(
        "building {package} {version} from source ({}, once; kept in {})",
        tool.time,
        root.display()
    ));
    let scratch = workspace.cache.join("build").join(package);
    let mut cargo = command("cargo");
    cargo
        .current_dir(&workspace.root)
        .args(["install", package, "--version", version, "--force"])
        .arg("--root")
        .arg(root)
        .arg("--target-dir")
        .arg(&scratch);
    let mut by_hand = format!("cargo install {package} --version {version}");
    if tool.locked {
        cargo.arg("--locked");
        by_hand += " --locked";
    }
    run(&mut cargo).with_context(|| {
        format!("{package} {version} could not be built; install it by hand: `{by_hand}`")
    })?;
    remove_dir(&scratch)
}

/// Programs answer `--version` with their name, the version, and perhaps more.
fn has_version(program: &Path, version: &str) -> bool {
    output(command(program).arg("--version"))
        .is_ok_and(|answer| answer.split_whitespace().any(|word| word == version))
}
