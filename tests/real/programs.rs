//! The programs that `cargo xtask test --real` builds, run so that a test fails with all that they wrote.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use testbed::process::{self, Finished};

/// Returns the path of a program, by the variable that holds it.
pub fn program(variable: &str) -> PathBuf {
    process::program(variable).unwrap()
}

/// Returns a `go` command in this folder that writes nothing into it, as the programs were built with it.
pub fn go(folder: &Path) -> Command {
    let mut go = Command::new(program("WEFT_REAL_GO"));
    go.current_dir(folder)
        .env("CGO_ENABLED", "0")
        .env("GOFLAGS", "-mod=readonly")
        .env("GOTOOLCHAIN", "local")
        .env("GOWORK", "off");
    go
}

/// Runs a command, which must succeed; returns what it writes on standard output.
#[track_caller]
pub fn run(command: &mut Command) -> String {
    run_with(command, "").ok().unwrap()
}

/// Runs a command to its end, with this on its standard input.
pub fn run_with(command: &mut Command, input: &str) -> Finished {
    process::run(command, input).unwrap()
}

/// What went wrong where, or nothing: for tests that look at many things and tell of all.
#[derive(Default)]
pub struct Complaints(String);

impl Complaints {
    /// Adds a complaint about a place.
    pub fn add(&mut self, place: &str, what: &str) {
        writeln!(self.0, "{place}: {}", what.trim_end()).unwrap();
    }

    /// The test fails with all of them.
    #[track_caller]
    pub fn none(self) {
        assert!(self.0.is_empty(), "\n{}", self.0);
    }
}
