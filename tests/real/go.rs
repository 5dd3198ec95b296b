//! The Go program of the promotion repository, by Go's own means.

use std::path::Path;
use std::process::Command;

use crate::files::{below, folder};
use crate::programs::{go, run};

#[test]
#[ignore = "needs the real programs: cargo xtask test --real"]
fn go_vets_the_program() {
    run(go(&folder("gitops")).args(["vet", "./..."]));
}

#[test]
#[ignore = "needs the real programs: cargo xtask test --real"]
fn the_programs_own_tests_pass() {
    let said = run(go(&folder("gitops")).args(["test", "./..."]));
    assert!(said.contains("ok"), "there are no tests: {said}");
}

#[test]
#[ignore = "needs the real programs: cargo xtask test --real"]
fn the_program_is_formatted() {
    let root = run(go(&folder("gitops")).args(["env", "GOROOT"]));
    let gofmt = Path::new(root.trim()).join("bin/gofmt");
    let sources = below(&folder("gitops"), &[".go"]);
    assert!(!sources.is_empty(), "there is no Go");
    let unformatted = run(Command::new(gofmt).arg("-l").args(sources));
    assert_eq!(unformatted, "");
}
