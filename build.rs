//! Writes the scoped style sheets of all components into one file, which `index.html` links.
//!
//! A scope is seeded by the number of characters in a sheet, so two sheets can collide: that fails here.
//! `stylers::build` would do the rest, but prints debug output as warnings of every build; this calls
//! what it calls.

use std::collections::BTreeMap;
use std::fs;

use stylers_core::{Class, from_str};

const GENERATED: &str = "style/generated.css";

fn main() {
    // A sheet is new together with the component that names it.
    println!("cargo:rerun-if-changed=src");
    let mut sheets: Vec<_> = fs::read_dir("style")
        .expect("style/ is beside this file")
        .map(|entry| entry.expect("style/ can be read").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "css"))
        .filter(|path| {
            path.file_name()
                .is_some_and(|name| name != "tokens.css" && name != "generated.css")
        })
        .collect();
    sheets.sort();
    let mut by_length: BTreeMap<usize, String> = BTreeMap::new();
    let mut generated = String::new();
    for sheet in sheets {
        // Not the folder: the generated sheet lies in it too, and would make every build a new one.
        println!("cargo:rerun-if-changed={}", sheet.display());
        let css = fs::read_to_string(&sheet).expect("a sheet can be read");
        let length = css.chars().filter(|c| !c.is_whitespace()).count();
        let name = sheet.display().to_string();
        if let Some(other) = by_length.insert(length, name.clone()) {
            panic!(
                "{name} and {other} have {length} characters each, and so the same scope: add a comment to one"
            );
        }
        generated += &from_str(&css, &Class::rand_class_from_seed(css.clone()));
    }
    fs::write(GENERATED, generated).expect("style/ can be written to");
}
