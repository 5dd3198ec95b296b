//! Programs built from Go modules. A program whose `go.mod` replaces modules cannot be installed by its name, so each is built in a module of its own.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::download::download;
use super::go::Go;
use super::tools::GoTool;
use crate::process::{is_program, output, run, say};
use crate::workspace::{Workspace, make_dir, remove_dir};

/// Builds a tool's programs unless the cache has them. Returns their directory.
pub fn build(workspace: &Workspace, go: &Go, tool: &GoTool) -> Result<PathBuf> {
    let root = workspace.tool(&tool.name, &tool.version);
    let bin = root.join("bin");
    if tool
        .packages
        .keys()
        .all(|program| is_program(&bin.join(program)))
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
    let replacements = replacements(go, tool)?;
    if !replacements.is_empty() {
        output(go.command(root).args(["mod", "edit"]).args(&replacements))?;
    }
    for package in tool.packages.values() {
        output(go.command(root).args(["get", "-tool", package]))?;
    }
    for (program, package) in &tool.packages {
        let (path, _) = package.split_once('@').unwrap_or((package, ""));
        run(go
            .command(root)
            .args(["build", "-buildvcs=false"])
            .arg(format!("-ldflags=-s -w {}", tool.ldflags.join(" ")))
            .arg("-o")
            .arg(root.join("built").join(program))
            .arg(path))?;
    }
    // All of them or none, however the build is interrupted.
    fs::rename(root.join("built"), root.join("bin"))?;
    Ok(())
}

/// The options of `go mod edit` that replace modules.
fn replacements(go: &Go, tool: &GoTool) -> Result<Vec<String>> {
    let replace = |path: &str, module: &str| format!("-replace={path}={module}");
    let at = |module: &String| {
        let (path, _) = module.split_once('@').unwrap_or((module, ""));
        replace(path, module)
    };
    let mut replacements: Vec<String> = tool.replaces.iter().map(at).collect();
    if let Some(unversioned) = &tool.unversioned {
        for fetched in download(go.outside(), std::slice::from_ref(&unversioned.of))? {
            let manifest = fs::read_to_string(&fetched.go_mod)?;
            let paths = self::unversioned(&manifest);
            replacements
                .extend(paths.map(|path| replace(path, &format!("{path}@{}", unversioned.by))));
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
