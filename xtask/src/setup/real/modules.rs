//! Programs built from Go modules. A program whose `go.mod` replaces modules cannot be installed by its name, so each is built in a module of its own.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::download::download;
use super::go::Go;
use crate::process::{is_program, output, run, say};
use crate::workspace::{Workspace, make_dir, remove_dir};

/// Programs that are built together, with the same dependencies.
pub struct GoTool {
    /// Its name in the cache and in messages.
    pub name: &'static str,
    /// The version in the name of its cache directory.
    pub version: &'static str,
    /// How long building it from nothing takes on two cores.
    pub time: &'static str,
    pub packages: &'static [Package],
    pub replaces: &'static [Replace],
    /// Flags for the linker, besides `-s -w`.
    pub ldflags: &'static str,
}

/// A program of a Go module.
pub struct Package {
    /// Its file name.
    pub program: &'static str,
    /// Its import path.
    pub path: &'static str,
    /// The version of its module.
    pub version: &'static str,
    /// The environment variable that tells the tests its path.
    pub variable: &'static str,
}

/// A module that is built in another version than a `go.mod` requires.
pub enum Replace {
    /// Every module that `module` at `version` requires at v0.0.0 is taken at version `by`: Kubernetes
    /// develops these within its own repository and publishes them beside itself.
    Unversioned {
        module: &'static str,
        version: &'static str,
        by: &'static str,
    },
    /// This module is taken at this version.
    At {
        module: &'static str,
        version: &'static str,
    },
}

/// Builds a tool's programs unless the cache has them. Returns their directory.
pub fn build(workspace: &Workspace, go: &Go, tool: &GoTool) -> Result<PathBuf> {
    let root = workspace.tool(tool.name, tool.version);
    let bin = root.join("bin");
    if tool
        .packages
        .iter()
        .all(|package| is_program(&bin.join(package.program)))
    {
        return Ok(bin);
    }
    say(&format!(
        "building {} {} from the Go module proxy ({} on two cores, once; kept in {})",
        tool.name,
        tool.version,
        tool.time,
        root.display()
    ));
    build_in(&root, go, tool)
        .with_context(|| format!("{} {} could not be built", tool.name, tool.version))?;
    Ok(bin)
}

fn build_in(root: &Path, go: &Go, tool: &GoTool) -> Result<()> {
    remove_dir(root)?;
    make_dir(&root.join("built"))?;
    let module = format!("weft.invalid/tools/{}", tool.name);
    output(go.command(root).args(["mod", "init", &module]))?;
    let replacements = replacements(go, tool.replaces)?;
    if !replacements.is_empty() {
        output(go.command(root).args(["mod", "edit"]).args(&replacements))?;
    }
    for package in tool.packages {
        let wanted = format!("{}@{}", package.path, package.version);
        output(go.command(root).args(["get", "-tool", &wanted]))?;
    }
    for package in tool.packages {
        run(go
            .command(root)
            .args(["build", "-buildvcs=false"])
            .arg(format!("-ldflags=-s -w {}", tool.ldflags))
            .arg("-o")
            .arg(root.join("built").join(package.program))
            .arg(package.path))?;
    }
    // All of them or none, however the build is interrupted.
    fs::rename(root.join("built"), root.join("bin"))?;
    Ok(())
}

fn replacements(go: &Go, replaces: &[Replace]) -> Result<Vec<String>> {
    let mut replacements = Vec::new();
    for replace in replaces {
        match replace {
            Replace::At { module, version } => {
                replacements.push(format!("-replace={module}={module}@{version}"));
            }
            Replace::Unversioned {
                module,
                version,
                by,
            } => {
                for fetched in download(go.command(&env::temp_dir()), &[(module, version)])? {
                    let manifest = fs::read_to_string(&fetched.go_mod)?;
                    let paths = unversioned(&manifest);
                    replacements.extend(paths.map(|path| format!("-replace={path}={path}@{by}")));
                }
            }
        }
    }
    Ok(replacements)
}

/// The modules that a `go.mod` requires at v0.0.0.
fn unversioned(manifest: &str) -> impl Iterator<Item = &str> {
    manifest.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let path = words.next()?;
        (words.next()? == "v0.0.0").then_some(path)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_required_without_a_version_is_replaced() {
        let manifest = "module k8s.io/kubernetes\n\nrequire (\n\tk8s.io/api v0.0.0\n\
                        \tk8s.io/klog/v2 v2.130.1\n\tk8s.io/mount-utils v0.0.0 // indirect\n)\n\
                        replace k8s.io/api => ./staging/src/k8s.io/api\n";
        assert_eq!(
            unversioned(manifest).collect::<Vec<_>>(),
            ["k8s.io/api", "k8s.io/mount-utils"]
        );
    }
}
