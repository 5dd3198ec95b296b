//! Finds the tools that Weft is built and tested with, and installs missing ones: into the cache, or
//! with the system's package manager what is the system's to have.

mod cargo_tools;
mod chromium;
mod debian_wasm;
mod node;
mod packages;
mod prebuilt;
mod real;
mod slim_std;
mod toolbox;
mod wasm_target;

use anyhow::Result;

pub use self::toolbox::Toolbox;
use crate::process;
use crate::workspace::Workspace;

/// What building the single-page app and the server takes.
pub fn for_build(workspace: &Workspace) -> Result<Toolbox> {
    let mut tools = Toolbox::default();
    packages::require("git", "git", "git")?;
    wasm_target::ensure(workspace, &mut tools)?;
    slim_std::ensure(workspace, &mut tools)?;
    node::ensure()?;
    tools.add_dir(node::wasm_opt(workspace)?);
    tools.add_dir(cargo_tools::ensure(workspace, &cargo_tools::WASM_BINDGEN)?);
    tools.add_dir(cargo_tools::ensure(workspace, &cargo_tools::TRUNK)?);
    Ok(tools)
}

/// What the browser tests take, besides [`for_build`].
pub fn for_browser(workspace: &Workspace) -> Result<Toolbox> {
    let mut tools = Toolbox::default();
    packages::require("git", "git", "git")?;
    node::ensure()?;
    node::project(
        workspace,
        "tests/browser",
        "playwright",
        "Playwright and axe",
    )?;
    tools.set("WEFT_CHROMIUM", chromium::ensure(workspace)?);
    Ok(tools)
}

/// What comparing the lab's forge with GitHub's published API description takes.
pub fn for_github_contract(workspace: &Workspace) -> Result<()> {
    node::ensure()?;
    let brings = "GitHub's API description and GraphQL schema";
    node::project(
        workspace,
        "lab/tests/github_contract",
        "github-contract",
        brings,
    )
}

/// What the checks against the real Kubernetes, Flux, Helm and podinfo take.
pub fn for_testbed(workspace: &Workspace) -> Result<Toolbox> {
    let mut tools = Toolbox::default();
    real::ensure(workspace, &mut tools)?;
    Ok(tools)
}

/// What formatting takes.
pub fn for_fmt(workspace: &Workspace) -> Result<Toolbox> {
    with_tool(workspace, &cargo_tools::LEPTOSFMT)
}

/// What checking the dependencies takes.
pub fn for_deny(workspace: &Workspace) -> Result<Toolbox> {
    with_tool(workspace, &cargo_tools::CARGO_DENY)
}

fn with_tool(workspace: &Workspace, tool: &cargo_tools::Tool) -> Result<Toolbox> {
    let mut tools = Toolbox::default();
    tools.add_dir(cargo_tools::ensure(workspace, tool)?);
    Ok(tools)
}

/// Whether clippy can check the page for the browser: the toolchain's own compiler needs the target.
pub fn can_lint_for_browser(workspace: &Workspace) -> Result<bool> {
    wasm_target::of_rustup(workspace)
}

/// Finds or installs all tools but those of the suite `real`.
pub fn everything(workspace: &Workspace) -> Result<()> {
    for_build(workspace)?;
    for_browser(workspace)?;
    for_fmt(workspace)?;
    for_deny(workspace)?;
    for_github_contract(workspace)?;
    process::say("everything that the demo and the tests need is there");
    Ok(())
}
