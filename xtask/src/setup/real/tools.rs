//! The programs, their versions, and how each is built, as `xtask/go-tools.json` lists them.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde::Deserialize;

/// What comes from the Go module proxy. A module and its version are written as Go does: `path@version`.
#[derive(Deserialize)]
pub struct GoSources {
    pub podinfo: String,
    /// The modules with the custom resource definitions of Flux 2.9.
    pub flux: Vec<String>,
    /// The quickest to build first.
    pub tools: Vec<GoTool>,
}

impl GoSources {
    /// Reads the list.
    pub fn read() -> Result<Self> {
        serde_json::from_str(include_str!("../../../go-tools.json"))
            .context("go-tools.json cannot be read")
    }
}

/// Programs that are built together, with the same dependencies.
#[derive(Deserialize)]
pub struct GoTool {
    /// Its name in the cache and in messages.
    pub name: String,
    /// The version in the name of its cache directory.
    pub version: String,
    /// How long building it from nothing takes on two cores.
    pub time: String,
    /// The file names of the programs, each with its package and version.
    pub packages: BTreeMap<String, String>,
    /// Modules that are built in another version than a `go.mod` requires.
    #[serde(default)]
    pub replaces: Vec<String>,
    pub unversioned: Option<Unversioned>,
    /// Flags for the linker, besides `-s -w`.
    #[serde(default)]
    pub ldflags: Vec<String>,
}

/// Every module that `of` requires at v0.0.0 is taken at version `by`: Kubernetes develops these within
/// its own repository and publishes them beside itself.
#[derive(Deserialize)]
pub struct Unversioned {
    pub of: String,
    pub by: String,
}

/// The environment variable that tells the tests the path of a program.
pub fn variable(program: &str) -> String {
    format!("WEFT_REAL_{}", program.to_uppercase().replace('-', "_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kubernetes_is_linked_with_the_version_that_is_built() {
        let tools = GoSources::read().unwrap().tools;
        for tool in tools.iter().filter(|tool| tool.name == "kubernetes") {
            let wanted = format!("gitVersion={}", tool.version);
            let linked = |flag: &&String| flag.ends_with(&wanted);
            assert_eq!(tool.ldflags.iter().filter(linked).count(), 2);
            for package in tool.packages.values() {
                assert!(package.ends_with(&format!("@{}", tool.version)));
            }
        }
    }

    #[test]
    fn the_variable_of_a_program_is_in_capitals() {
        assert_eq!(variable("kube-apiserver"), "WEFT_REAL_KUBE_APISERVER");
    }
}
