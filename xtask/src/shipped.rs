//! The crates of the binary that `deploy/Dockerfile` builds, and which of them may not be shipped.

use std::fs;

use anyhow::{Context, Result, bail};

use crate::process::{command, output};
use crate::workspace::Workspace;

/// Crates that serve the demo and the tests alone.
const UNWANTED: [&str; 1] = ["lab"];

/// Fails when the shipped binary links an unwanted crate. Package and features are read from the
/// line of the Dockerfile, so that this looks at what is shipped.
pub fn check(workspace: &Workspace) -> Result<()> {
    let dockerfile = fs::read_to_string(workspace.root.join("deploy/Dockerfile"))?;
    let selection = selection(&dockerfile)
        .context("deploy/Dockerfile has no line that builds the package of `weft`")?;
    let tree = output(
        command("cargo")
            .current_dir(&workspace.root)
            .args(["tree", "--locked", "--edges", "no-dev", "--prefix", "none"])
            .args(["--format", "{p}"])
            .args(selection),
    )?;
    let crates: Vec<&str> = tree
        .lines()
        .filter_map(|line| line.split(' ').next())
        .collect();
    if crates.len() < 2 {
        bail!("`cargo tree` names no dependency of the shipped binary");
    }
    for unwanted in UNWANTED {
        if crates.contains(&unwanted) {
            bail!("the binary that deploy/Dockerfile ships links `{unwanted}`");
        }
    }
    Ok(())
}

/// The words of the Dockerfile's `cargo build` that choose the package and its features.
fn selection(dockerfile: &str) -> Option<Vec<String>> {
    let line = dockerfile
        .lines()
        .find(|line| line.contains("cargo build") && line.contains("--bin weft"))?;
    let mut words = line.split_whitespace().flat_map(|word| word.split('='));
    let mut selection = Vec::new();
    while let Some(word) = words.next() {
        match word {
            "--package" | "-p" | "--features" | "-F" => {
                selection.extend([word.to_owned(), words.next()?.to_owned()]);
            }
            "--all-features" | "--no-default-features" => selection.push(word.to_owned()),
            _ => {}
        }
    }
    (!selection.is_empty()).then_some(selection)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_selection_is_that_of_the_line_that_builds_weft() {
        let chosen = |line: &str| selection(line).map(|words| words.join(" "));
        assert_eq!(
            chosen("RUN cargo xtask build \\\n && cargo build --release -p proxy --bin weft \\"),
            Some("-p proxy".to_owned())
        );
        assert_eq!(
            chosen("cargo build --package proxy --features=demo --bin weft"),
            Some("--package proxy --features demo".to_owned())
        );
        assert_eq!(chosen("RUN cargo xtask build"), None);
    }
}
