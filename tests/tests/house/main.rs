//! The rules of the house, for every member of the workspace: which part may know which, what a file
//! owes its readers, and the words that are used.
#![allow(
    clippy::unwrap_used,
    reason = "a test stops where something is missing"
)]

mod circles;
mod docs;
mod links;
mod modules;
mod retired_names;
mod syntax;

use std::path::Path;

use tests::{Source, sources};

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
    let rust = sources(&["rs"]).unwrap();
    let silent = offenders(&rust, |source| !source.text.starts_with("//!"));
    assert!(silent.is_empty(), "no first line `//!`: {silent:#?}");
}

#[test]
fn no_file_is_longer_than_one_subject_needs() {
    let all = sources(&["rs", "css", "ts", "mjs"]).unwrap();
    let long = offenders(&all, |source| source.text.lines().count() >= LONGEST);
    assert!(long.is_empty(), "{LONGEST} lines or more: {long:#?}");
}

#[test]
fn of_the_server_only_the_demo_knows_the_lab() {
    let server = sources(&["rs"]).unwrap();
    let knowing = offenders(&server, |source| {
        source.path.starts_with("proxy/src")
            && source.path != Path::new("proxy/src/demo.rs")
            && source.text.lines().any(|line| {
                let line = line.trim_start();
                !line.starts_with("//") && (line.contains("lab::") || line.contains("use lab"))
            })
    });
    assert!(knowing.is_empty(), "they import the lab: {knowing:#?}");
}

#[test]
fn the_rules_do_no_io() {
    let rules = sources(&["rs"]).unwrap();
    let outside = [
        "std::fs",
        "std::net",
        "std::process",
        "std::env",
        "std::thread",
        "tokio",
    ];
    let reaching = offenders(&rules, |source| {
        source.path.starts_with("model/src")
            && outside.iter().any(|name| source.text.contains(name))
    });
    assert!(reaching.is_empty(), "they reach outside: {reaching:#?}");
}

#[test]
fn nothing_is_left_for_later_in_the_code() {
    let all = sources(&["rs", "css"]).unwrap();
    let later = offenders(&all, |source| {
        ["TO\u{44}O", "FIX\u{4d}E", "XX\u{58}"]
            .iter()
            .any(|word| source.text.contains(word))
    });
    assert!(later.is_empty(), "left for later: {later:#?}");
}
