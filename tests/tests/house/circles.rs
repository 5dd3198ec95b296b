//! No module imports what imports it, directly or in a circle.
//!
//! The modules are compared file by file, within each crate. A file has an arrow to another when its
//! code or a private `use` of it names an item that is *defined* there: a name is followed through
//! re-exports, globs and modules to the definition. Therefore `mod child;` and `pub use child::Item;`
//! are no arrows, and a `mod.rs` that only declares and re-exports is in no circle; one that defines
//! what its children use, and itself uses what they define, is. Not looked at: code that is compiled
//! for tests alone, methods, and paths in attributes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use crate::modules::{Arrows, Modules};

/// The files that reach each other, circle by circle.
fn circles(arrows: &Arrows) -> BTreeSet<BTreeSet<&Path>> {
    let reached: BTreeMap<&Path, BTreeSet<&Path>> = arrows
        .keys()
        .map(|file| {
            let mut reached = BTreeSet::new();
            let mut open = vec![file.as_path()];
            while let Some(file) = open.pop() {
                let next = arrows.get(file).into_iter().flat_map(BTreeMap::keys);
                open.extend(
                    next.map(PathBuf::as_path)
                        .filter(|file| reached.insert(*file)),
                );
            }
            (file.as_path(), reached)
        })
        .collect();
    reached
        .iter()
        .filter(|(file, reached)| reached.contains(*file))
        .map(|(file, others)| {
            let back = |other: &&&Path| reached[**other].contains(file);
            others.iter().filter(back).copied().collect()
        })
        .collect()
}

fn described(circle: &BTreeSet<&Path>, arrows: &Arrows) -> String {
    let mut text = format!("{} files in a circle:\n", circle.len());
    let short = |path: &Path| {
        path.strip_prefix(tests::root())
            .unwrap_or(path)
            .display()
            .to_string()
    };
    for from in circle {
        for (to, names) in &arrows[*from] {
            if circle.contains(to.as_path()) {
                let names: Vec<_> = names.iter().map(String::as_str).collect();
                let _ = writeln!(
                    text,
                    "  {} → {} ({})",
                    short(from),
                    short(to),
                    names.join(", ")
                );
            }
        }
    }
    text
}

#[test]
fn no_module_imports_what_imports_it() {
    let mut report = String::new();
    for member in tests::members().unwrap() {
        let mut described_once = BTreeSet::new();
        for target in member.targets() {
            let arrows =
                Modules::of(&target.src_path, |path| fs::read_to_string(path).ok()).arrows();
            for circle in circles(&arrows) {
                let text = described(&circle, &arrows);
                if described_once.insert(text.clone()) {
                    let _ = writeln!(report, "{}: {text}", member.name);
                }
            }
        }
    }
    assert!(report.is_empty(), "{report}");
}

fn circles_in(files: &[(&str, &str)]) -> Vec<String> {
    let read = |path: &Path| {
        let found = files.iter().find(|(name, _)| path == Path::new(name))?;
        Some(found.1.to_owned())
    };
    let arrows = Modules::of(Path::new("lib.rs"), read).arrows();
    let name = |path: &&Path| path.display().to_string();
    let joined = |circle: BTreeSet<&Path>| circle.iter().map(name).collect::<Vec<_>>().join(" ");
    circles(&arrows).into_iter().map(joined).collect()
}

#[test]
fn two_that_import_each_other_are_a_circle_also_through_a_re_export() {
    let files = [
        ("lib.rs", "mod a; mod b;"),
        ("a/mod.rs", "mod inner; pub use inner::A;"),
        ("a/inner.rs", "pub struct A(crate::b::B);"),
        ("b.rs", "use crate::a::A; pub struct B(Box<A>);"),
    ];
    assert_eq!(circles_in(&files), ["a/inner.rs b.rs"]);
}

#[test]
fn a_parent_that_declares_and_re_exports_is_in_no_circle() {
    let files = [
        ("lib.rs", "mod a; pub use a::A; pub struct Other;"),
        (
            "a.rs",
            "use crate::Other; pub struct A(Other); #[cfg(test)] mod tests { use super::*; }",
        ),
    ];
    assert_eq!(circles_in(&files), [""; 0]);
}

#[test]
fn a_parent_that_uses_its_child_and_defines_what_the_child_uses_is() {
    let files = [
        (
            "lib.rs",
            "mod a; pub struct Other; fn run() { assert!(a::made()); }",
        ),
        (
            "a.rs",
            "pub fn made() -> bool { let _ = super::Other; true }",
        ),
    ];
    assert_eq!(circles_in(&files), ["a.rs lib.rs"]);
}
