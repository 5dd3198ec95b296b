//! Tools as their projects publish them: faster than building, where the network reaches them.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use walkdir::WalkDir;

use crate::process::{command, on_path, output};
use crate::workspace::{make_dir, remove_dir};

/// The target triple of static binaries for this machine; `None` where projects publish none.
pub fn triple() -> Option<&'static str> {
    match (std::env::consts::OS, std::env::consts::ARCH) {
        ("linux", "x86_64") => Some("x86_64-unknown-linux-musl"),
        ("linux", "aarch64") => Some("aarch64-unknown-linux-musl"),
        _ => None,
    }
}

/// Downloads a `.tar.gz` and moves the program in it, at any depth, to `bin`.
pub fn fetch(url: &str, program: &str, bin: &Path) -> Result<()> {
    on_path("curl").context("there is no curl to fetch it with")?;
    let scratch = bin.with_extension("fetched");
    remove_dir(&scratch)?;
    make_dir(&scratch)?;
    let archive = scratch.join("archive.tar.gz");
    output(
        command("curl")
            .args(["--fail", "--location", "--silent", "--show-error"])
            .args(["--proto", "=https"])
            .args(["--connect-timeout", "5", "--max-time", "180", "--output"])
            .arg(&archive)
            .arg(url),
    )?;
    unpack(&archive, program, &scratch, bin)?;
    remove_dir(&scratch)
}

fn unpack(archive: &Path, program: &str, scratch: &Path, bin: &Path) -> Result<()> {
    let mut tar = command("tar");
    output(tar.arg("-xzf").arg(archive).arg("-C").arg(scratch))?;
    make_dir(bin)?;
    let found = WalkDir::new(scratch)
        .into_iter()
        .filter_map(Result::ok)
        .find(|entry| entry.file_type().is_file() && entry.file_name() == program)
        .with_context(|| format!("the archive holds no `{program}`"))?;
    fs::rename(found.path(), bin.join(program))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_taken_out_of_a_published_archive() {
        let dir = std::env::temp_dir().join(format!("weft-prebuilt-{}", std::process::id()));
        let (packed, scratch, bin) = (dir.join("packed"), dir.join("scratch"), dir.join("bin"));
        make_dir(&packed.join("tool-1.0")).unwrap();
        make_dir(&scratch).unwrap();
        fs::write(packed.join("tool-1.0/tool"), "#!/bin/sh\n").unwrap();
        let archive = dir.join("tool.tar.gz");
        let mut tar = command("tar");
        tar.arg("-czf").arg(&archive).arg("-C").arg(&packed);
        output(tar.arg("tool-1.0")).unwrap();

        unpack(&archive, "tool", &scratch, &bin).unwrap();

        assert_eq!(fs::read_to_string(bin.join("tool")).unwrap(), "#!/bin/sh\n");
        let missing = unpack(&archive, "other", &scratch, &bin).unwrap_err();
        assert!(missing.to_string().contains("other"), "{missing}");
        fs::remove_dir_all(dir).unwrap();
    }
}
