//! Builds the single-page app into `dist/`, precompressed, unless nothing has changed.

use std::fs::{self, File};
use std::time::{Instant, SystemTime};

use anyhow::{Context, Result};

use crate::process::{run, say};
use crate::setup::Toolbox;
use crate::stamp;
use crate::workspace::{WASM, Workspace, make_dir};

/// The profile of the root `Cargo.toml` that builds for size.
const PROFILE: &str = "wasm-release";

/// The files and folders that the built page depends on.
const INPUTS: &[&str] = &[
    ".cargo/config.toml",
    "Cargo.lock",
    "Cargo.toml",
    "Trunk.toml",
    "assets",
    "build.rs",
    "index.html",
    "model/Cargo.toml",
    "model/src",
    "public",
    "rust-toolchain.toml",
    "src",
    "style",
    "xtask/precompress.mjs",
    "xtask/src/setup/slim_std.rs",
];

/// The style sheet that `build.rs` generates.
const SHEET: &str = "style/generated.css";

/// In `dist/` itself, so that replacing the files removes the stamp.
const STAMP: &str = ".weft-stamp";

/// Builds the app if its inputs changed since the last time.
pub fn build(workspace: &Workspace, tools: &Toolbox) -> Result<()> {
    let _alone = alone(workspace)?;
    let stamp = workspace.dist().join(STAMP);
    let wanted = stamp::hash(&workspace.root, INPUTS)?;
    if fs::read_to_string(&stamp).is_ok_and(|built| built == wanted) {
        say("the page is built already");
        return Ok(());
    }
    say("building the page (the first time two to five minutes, later less)");
    let began = Instant::now();
    have_sheet_generated(workspace)?;
    compile(workspace, tools)?;
    bundle(workspace, tools)?;
    let mut precompress = tools.command("node")?;
    precompress
        .arg(workspace.root.join("xtask/precompress.mjs"))
        .arg(workspace.dist());
    run(&mut precompress)?;
    fs::write(&stamp, wanted).with_context(|| format!("{}", stamp.display()))?;
    say(&format!(
        "the page is built ({} s)",
        began.elapsed().as_secs()
    ));
    Ok(())
}

/// Two builds into the same folder would remove each other's files. Dropping the file unlocks it.
fn alone(workspace: &Workspace) -> Result<File> {
    make_dir(&workspace.target)?;
    let path = workspace.target.join("weft-page.lock");
    let file = File::create(&path).with_context(|| format!("{}", path.display()))?;
    if file.try_lock().is_err() {
        say("waiting for another build of the page");
        file.lock()?;
    }
    Ok(file)
}

/// Makes cargo run `build.rs` again when the generated sheet is missing.
fn have_sheet_generated(workspace: &Workspace) -> Result<()> {
    if !workspace.root.join(SHEET).exists() {
        let script = workspace.root.join("build.rs");
        File::options()
            .append(true)
            .open(&script)
            .and_then(|file| file.set_modified(SystemTime::now()))
            .with_context(|| format!("{} cannot be touched", script.display()))?;
    }
    Ok(())
}

/// The build that Trunk will ask for. It goes first because it generates the style sheet, which Trunk
/// reads before cargo is done, and because it may use the network.
fn compile(workspace: &Workspace, tools: &Toolbox) -> Result<()> {
    let mut cargo = tools.command("cargo")?;
    cargo
        .current_dir(&workspace.root)
        .args(["build", "--target", WASM])
        .arg("--manifest-path")
        .arg(workspace.root.join("Cargo.toml"))
        .args(["--profile", PROFILE]);
    run(&mut cargo)
}

fn bundle(workspace: &Workspace, tools: &Toolbox) -> Result<()> {
    let mut trunk = tools.command("trunk")?;
    // Trunk takes `NO_COLOR=1`, which is how that variable is used, for a mistake.
    trunk
        .env_remove("NO_COLOR")
        .current_dir(&workspace.root)
        .args(["build", "--release", "--offline", "--skip-version-check"])
        .args(["--cargo-profile", PROFILE])
        .arg("--dist")
        .arg(workspace.dist());
    run(&mut trunk)
}
