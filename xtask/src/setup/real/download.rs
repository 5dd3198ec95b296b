//! The sources of Go modules, from Go's module proxy.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::process::output;

/// A module's files in Go's module cache.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Module {
    /// The directory of its sources.
    pub dir: PathBuf,
    pub go_mod: PathBuf,
}

/// Downloads modules, each `path@version`, without their dependencies. `go` is the program without
/// arguments, in a directory outside of any module.
pub fn download(mut go: Command, modules: &[String]) -> Result<Vec<Module>> {
    let answers =
        output(go.args(["mod", "download", "-json"]).args(modules)).with_context(|| {
            format!(
                "{} could not be had from Go's module proxy",
                modules.join(", ")
            )
        })?;
    serde_json::Deserializer::from_str(&answers)
        .into_iter()
        .collect::<Result<_, _>>()
        .context("what `go mod download` says cannot be read")
}
