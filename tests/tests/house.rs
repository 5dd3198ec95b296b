//! The house keeps its order: which part may know which, and what every file owes its readers.

use tests::{Source, sources};

const RUST: [&str; 9] = [
    "model",
    "proxy/src",
    "lab",
    "src",
    "xtask/src",
    "tests/src",
    "tests/real",
    "tests/world",
    "testbed/src",
];
const LONGEST: usize = 500;

fn offenders(sources: &[Source], offends: impl Fn(&Source) -> bool) -> Vec<String> {
    sources
        .iter()
        .filter(|source| offends(source))
        .map(|source| source.path.display().to_string())
        .collect()
}

#[test]
fn every_module_begins_by_saying_what_lives_there() {
    let rust = sources(&RUST, &["rs"]).unwrap();
    let silent = offenders(&rust, |source| !source.text.starts_with("//!"));
    assert!(silent.is_empty(), "no first line `//!`: {silent:#?}");
}

#[test]
fn no_file_is_longer_than_one_subject_needs() {
    let folders = [
        "model/src",
        "proxy/src",
        "proxy/tests",
        "lab/src",
        "testbed/src",
        "src",
        "style",
        "tests",
        "xtask/src",
    ];
    let all = sources(&folders, &["rs", "css", "ts", "mjs"]).unwrap();
    let long = offenders(&all, |source| source.text.lines().count() >= LONGEST);
    assert!(long.is_empty(), "{LONGEST} lines or more: {long:#?}");
}

#[test]
fn of_the_server_only_the_demo_knows_the_lab() {
    let server = sources(&["proxy/src"], &["rs"]).unwrap();
    let knowing = offenders(&server, |source| {
        !source.path.ends_with("demo.rs")
            && source.text.lines().any(|line| {
                let line = line.trim_start();
                !line.starts_with("//") && (line.contains("lab::") || line.contains("use lab"))
            })
    });
    assert!(knowing.is_empty(), "they import the lab: {knowing:#?}");
}

#[test]
fn the_rules_do_no_io() {
    let rules = sources(&["model/src"], &["rs"]).unwrap();
    let outside = [
        "std::fs",
        "std::net",
        "std::process",
        "std::env",
        "std::thread",
        "tokio",
    ];
    let reaching = offenders(&rules, |source| {
        outside.iter().any(|name| source.text.contains(name))
    });
    assert!(reaching.is_empty(), "they reach outside: {reaching:#?}");
}

#[test]
fn nothing_is_left_for_later_in_the_code() {
    let everything = [&RUST[..], &["style", "proxy/tests"]].concat();
    let all = sources(&everything, &["rs", "css"]).unwrap();
    let later = offenders(&all, |source| {
        ["TO\u{44}O", "FIX\u{4d}E", "XX\u{58}"]
            .iter()
            .any(|word| source.text.contains(word))
    });
    assert!(later.is_empty(), "left for later: {later:#?}");
}
