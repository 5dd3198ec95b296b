//! Tools written in Rust: found on PATH in the wanted version, else in the cache, else downloaded as
//! their project publishes them, else built from the registry.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::{packages, prebuilt};
use crate::process::{command, has_version, on_path, run, say};
use crate::workspace::{Workspace, remove_dir};

/// A program, its version, and where it comes from.
pub struct Tool {
    package: &'static str,
    program: &'static str,
    /// `None` for that of the package named like the program in `Cargo.lock`.
    version: Option<&'static str>,
    /// Whether to build with the published lock file.
    locked: bool,
    /// How long a build from source takes on two cores, for people.
    time: &'static str,
    /// URL of its archive, with `{version}` and `{triple}` as placeholders.
    published: &'static str,
}

/// Trunk, which bundles the single-page app: the newest that builds with our compiler.
pub const TRUNK: Tool = Tool {
    package: "trunk",
    program: "trunk",
    version: Some("0.21.14"),
    locked: true,
    time: "four to nine minutes",
    published: "https://github.com/trunk-rs/trunk/releases/download/v{version}/trunk-{triple}.tar.gz",
};

/// wasm-bindgen in exactly the version of `Cargo.lock`. Its own lock file names a yanked crate and is
/// not used.
pub const WASM_BINDGEN: Tool = Tool {
    package: "wasm-bindgen-cli",
    program: "wasm-bindgen",
    version: None,
    locked: false,
    time: "two to five minutes",
    published: "https://github.com/wasm-bindgen/wasm-bindgen/releases/download/{version}/\
                wasm-bindgen-{version}-{triple}.tar.gz",
};

/// cargo-deny, which checks licences, sources and advisories.
pub const CARGO_DENY: Tool = Tool {
    package: "cargo-deny",
    program: "cargo-deny",
    version: Some("0.20.2"),
    locked: true,
    time: "three to six minutes",
    published: "https://github.com/EmbarkStudios/cargo-deny/releases/download/{version}/\
                cargo-deny-{version}-{triple}.tar.gz",
};

/// leptosfmt, which formats the inside of `view!`.
pub const LEPTOSFMT: Tool = Tool {
    package: "leptosfmt",
    program: "leptosfmt",
    version: Some("0.1.33"),
    locked: true,
    time: "two to four minutes",
    published: "https://github.com/bram209/leptosfmt/releases/download/{version}/\
                leptosfmt-{triple}.tar.gz",
};

/// Finds or installs a tool. Returns the directory to add to PATH, if any.
pub fn ensure(workspace: &Workspace, tool: &Tool) -> Result<Option<PathBuf>> {
    let version = match tool.version {
        Some(version) => version.to_owned(),
        None => workspace.locked(tool.program)?,
    };
    if on_path(tool.program).is_some_and(|path| has_version(&path, &version)) {
        return Ok(None);
    }
    let root = workspace.tool(tool.package, &version);
    let bin = root.join("bin");
    let program = bin.join(tool.program);
    if !has_version(&program, &version) && !fetched(tool, &version, &bin, &program) {
        build(workspace, tool, &version, &root)?;
    }
    Ok(Some(bin))
}

/// Downloads the published program; `false` when it cannot be had or does not run here.
fn fetched(tool: &Tool, version: &str, bin: &Path, program: &Path) -> bool {
    let Some(triple) = prebuilt::triple() else {
        return false;
    };
    let url = tool
        .published
        .replace("{version}", version)
        .replace("{triple}", triple);
    say(&format!(
        "fetching {} {} (seconds, once; kept in {})",
        tool.package,
        version,
        bin.display()
    ));
    if on_path("curl").is_none()
        && let Err(error) = packages::install(&["curl"], "curl", "seconds")
    {
        say(&format!("{error:#}"));
    }
    match prebuilt::fetch(&url, tool.program, bin) {
        Ok(()) => has_version(program, version),
        Err(error) => {
            say(&format!("it could not be fetched: {error:#}"));
            false
        }
    }
}

fn build(workspace: &Workspace, tool: &Tool, version: &str, root: &Path) -> Result<()> {
    let package = tool.package;
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
