//! The WebAssembly target without rustup: a private sysroot, built once from Debian's compiler and
//! its package of the standard library's source.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::packages;
use super::toolbox::Toolbox;
use crate::process::{command, is_program, output, run, say};
use crate::workspace::{WASM, Workspace, make_dir, remove_dir};

const PACKAGES: [&str; 4] = ["rustc-web", "cargo-web", "rust-web-src", "lld-19"];
const RUSTC: &str = "/usr/bin/rustc";
const CARGO: &str = "/usr/bin/cargo";
const SOURCE: &str = "/usr/lib/rustlib/src/rust/library/std/Cargo.toml";
const LINKER: &str = "wasm-ld-19";
const LINKER_VARIABLE: &str = "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER";

/// Builds the sysroot unless it exists, and makes the toolbox's cargo use its compiler.
pub fn ensure(workspace: &Workspace, tools: &mut Toolbox) -> Result<()> {
    let needed = workspace.rust_version()?;
    let mut number = compiler();
    if minor(&number) < minor(&needed) {
        packages::install(
            &PACKAGES,
            "Debian's compiler and its source",
            "a few minutes",
        )?;
        number = compiler();
    }
    if minor(&number) < minor(&needed) {
        bail!(
            "the WebAssembly target is missing, and Debian's compiler ({number}) is older than \
             {needed}; install the target by hand with `rustup target add {WASM}`"
        );
    }
    let sysroot = workspace.tool("wasm-sysroot", &number);
    if !is_program(&sysroot.join("bin/rustc")) {
        say(&format!(
            "building the standard library for WebAssembly with rustc {number} (about a minute, \
             once)"
        ));
        build(workspace, &sysroot).context("the WebAssembly target could not be built")?;
    }
    tools.set("RUSTC", sysroot.join("bin/rustc"));
    tools.set(LINKER_VARIABLE, LINKER);
    Ok(())
}

/// The version of Debian's compiler, or `none` when a part of it is missing.
fn compiler() -> String {
    let there = is_program(Path::new(CARGO))
        && is_program(&Path::new("/usr/bin").join(LINKER))
        && Path::new(SOURCE).is_file();
    output(command(RUSTC).arg("--version"))
        .ok()
        .filter(|_| there)
        .and_then(|version| version.split(' ').nth(1).map(str::to_owned))
        .unwrap_or_else(|| "none".to_owned())
}

/// `1.95` and `1.95.0` → 95.
fn minor(version: &str) -> Option<u32> {
    version.split('.').nth(1)?.parse().ok()
}

fn build(workspace: &Workspace, sysroot: &Path) -> Result<()> {
    let scratch = workspace.cache.join("build/wasm-std");
    remove_dir(&scratch)?;
    make_dir(&scratch.join("src"))?;
    fs::write(
        scratch.join("Cargo.toml"),
        "[package]\nname = \"empty\"\nedition = \"2024\"\n\n[workspace]\n",
    )?;
    fs::write(scratch.join("src/lib.rs"), "#![no_std]\n")?;
    // Without the bitcode, link-time optimisation of the app fails later.
    let mut cargo = command(CARGO);
    cargo
        .current_dir(&scratch)
        .env("RUSTC", RUSTC)
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTFLAGS", "-Cembed-bitcode=yes")
        .env("CARGO_TARGET_DIR", scratch.join("target"))
        .env(LINKER_VARIABLE, LINKER)
        .args(["build", "--release", "--target", WASM])
        .arg("-Zbuild-std=std,panic_abort");
    run(&mut cargo)?;
    assemble(&scratch, sysroot)?;
    remove_dir(&scratch)
}

/// Puts the built libraries beside the host's. The compiler comes last, so that an interrupted
/// sysroot is not taken for a complete one.
fn assemble(scratch: &Path, sysroot: &Path) -> Result<()> {
    remove_dir(sysroot)?;
    let libraries = sysroot.join("lib/rustlib").join(WASM).join("lib");
    make_dir(&libraries)?;
    let built = scratch.join("target").join(WASM).join("release/deps");
    for entry in fs::read_dir(&built)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.ends_with(".rlib") && !name.starts_with("libempty-") {
            fs::copy(entry.path(), libraries.join(&*name))?;
        }
    }
    let host_root = output(command(RUSTC).args(["--print", "sysroot"]))?;
    let host_libraries = Path::new(&host_root).join("lib/rustlib");
    for entry in fs::read_dir(&host_libraries)? {
        let entry = entry?;
        let link = sysroot.join("lib/rustlib").join(entry.file_name());
        if entry.file_name() != WASM {
            symlink(entry.path(), &link).with_context(|| format!("{}", link.display()))?;
        }
    }
    make_dir(&sysroot.join("bin"))?;
    let wrapper = sysroot.join("bin/rustc");
    let sysroot = sysroot.display();
    fs::write(
        &wrapper,
        format!("#!/bin/sh\nexec {RUSTC} --sysroot '{sysroot}' \"$@\"\n"),
    )?;
    fs::set_permissions(&wrapper, fs::Permissions::from_mode(0o755))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_their_second_number() {
        assert!(minor("1.85.0") < minor("1.95"));
        assert_eq!(minor("1.95.0"), minor("1.95"));
        assert!(minor("none") < minor("1.95"));
    }
}
