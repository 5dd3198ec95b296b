//! Tools that are Rust programs: taken from PATH when their version is the wanted one, from our
//! cache, as their project publishes them, or built by cargo from the registry.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::{packages, prebuilt};
use crate::process::{command, is_program, on_path, output, run, say};
use crate::workspace::{Workspace, remove_dir};

/// The newest Trunk that builds with our compiler.
const TRUNK: &str = "0.21.14";

/// The wanted cargo-deny.
const CARGO_DENY: &str = "0.20.2";

struct Tool<'a> {
    package: &'a str,
    program: &'a str,
    version: &'a str,
    /// Whether the lock file that was published with it is used.
    locked: bool,
    /// How long a build from source takes on two cores.
    time: &'a str,
    /// Where its project publishes it, with `{version}` and `{triple}` to be filled in.
    published: &'a str,
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
            time: "four to nine minutes",
            published: "https://github.com/trunk-rs/trunk/releases/download/v{version}/\
                        trunk-{triple}.tar.gz",
        },
    )
}

/// The wasm-bindgen of exactly the version in `Cargo.lock`. The lock file that was published with
/// it names a crate that has been withdrawn, therefore it is built without.
pub fn wasm_bindgen(workspace: &Workspace) -> Result<Option<PathBuf>> {
    ensure(
        workspace,
        &Tool {
            package: "wasm-bindgen-cli",
            program: "wasm-bindgen",
            version: &workspace.locked("wasm-bindgen")?,
            locked: false,
            time: "two to five minutes",
            published: "https://github.com/wasm-bindgen/wasm-bindgen/releases/download/{version}/\
                        wasm-bindgen-{version}-{triple}.tar.gz",
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
            time: "three to six minutes",
            published: "https://github.com/EmbarkStudios/cargo-deny/releases/download/{version}/\
                        cargo-deny-{version}-{triple}.tar.gz",
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
    if !has_version(&program, tool.version) && !fetched(tool, &bin, &program) {
        build(workspace, tool, &root)?;
    }
    Ok(Some(bin))
}

/// Whether what the project publishes could be had and runs here.
fn fetched(tool: &Tool<'_>, bin: &Path, program: &Path) -> bool {
    let Some(triple) = prebuilt::triple() else {
        return false;
    };
    let url = tool
        .published
        .replace("{version}", tool.version)
        .replace("{triple}", triple);
    say(&format!(
        "fetching {} {} (seconds, once; kept in {})",
        tool.package,
        tool.version,
        bin.display()
    ));
    if on_path("curl").is_none()
        && let Err(error) = packages::install(&["curl"], "curl", "seconds")
    {
        say(&format!("{error:#}"));
    }
    match prebuilt::fetch(&url, &[tool.program], bin) {
        Ok(()) => has_version(program, tool.version),
        Err(error) => {
            say(&format!("it could not be fetched: {error:#}"));
            false
        }
    }
}

fn build(workspace: &Workspace, tool: &Tool<'_>, root: &Path) -> Result<()> {
    let Tool {
        package, version, ..
    } = tool;
    say(&format!(
        "building {package} {version} from source ({} on two cores, once; kept in {})",
        tool.time,
        root.display()
    ));
    let scratch = workspace.cache.join("build").join(package);
    let mut cargo = command("cargo");
    // What is built here is used a few times a day: quick to build beats quick to run.
    cargo
        .current_dir(&workspace.root)
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "2")
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
    is_program(program)
        && output(command(program).arg("--version"))
            .is_ok_and(|answer| answer.split_whitespace().any(|word| word == version))
}
