//! `cargo xtask budget`: the size of the first load, compressed with brotli, against its limit.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use walkdir::WalkDir;

use crate::workspace::Workspace;
use crate::{setup, spa};

/// The limit of the first load, in bytes as sent.
const LIMIT: u64 = 180_000;

/// Endings of the files that a browser loads before the board shows.
const FIRST_LOAD: [&str; 4] = ["html", "js", "wasm", "css"];

/// Builds the page if needed, prints the table, fails over the limit.
pub fn run(workspace: &Workspace) -> Result<()> {
    spa::build(workspace, &setup::for_build(workspace)?)?;
    let dist = workspace.dist();
    let mut files = first_load(&dist)?;
    if files.is_empty() {
        bail!("{} holds no page", dist.display());
    }
    files.sort_by_key(|(_, size)| std::cmp::Reverse(*size));
    println!("first load, brotli");
    for (name, size) in &files {
        println!("{:>9}  {name}", kilobytes(*size));
    }
    let total: u64 = files.iter().map(|(_, size)| size).sum();
    println!(
        "{:>9}  in all; may be {}",
        kilobytes(total),
        kilobytes(LIMIT)
    );
    if total > LIMIT {
        bail!(
            "the first load weighs {}, {} over what it may",
            kilobytes(total),
            kilobytes(total - LIMIT)
        );
    }
    Ok(())
}

/// The files that count, each by its path in the folder and its size as sent.
fn first_load(dist: &Path) -> Result<Vec<(String, u64)>> {
    let mut files = Vec::new();
    for entry in WalkDir::new(dist) {
        let path = entry?.into_path();
        let ending = path.extension().and_then(OsStr::to_str);
        if ending.is_some_and(|ending| FIRST_LOAD.contains(&ending)) {
            let sent = path.with_added_extension("br");
            let size = fs::metadata(&sent)
                .with_context(|| format!("{} was not precompressed", path.display()))?
                .len();
            let name = path.strip_prefix(dist).unwrap_or(&path);
            files.push((name.display().to_string(), size));
        }
    }
    Ok(files)
}

fn kilobytes(bytes: u64) -> String {
    let tenths = (bytes + 50) / 100;
    format!("{}.{} kB", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_thousands_of_bytes_with_one_digit() {
        assert_eq!(kilobytes(180_000), "180.0 kB");
        assert_eq!(kilobytes(1_949), "1.9 kB");
        assert_eq!(kilobytes(1_950), "2.0 kB");
    }
}
