//! `cargo xtask bench`: measures what Weft promises in numbers.

use anyhow::Result;

use crate::cli::Bench;
use crate::process::{run as run_command, say};
use crate::workspace::Workspace;
use crate::{server, setup, spa};

mod idle;

/// Builds and measures; fails over budget.
pub fn run(workspace: &Workspace, bench: Bench) -> Result<()> {
    let script = match bench {
        Bench::Clusters => return clusters(workspace),
        Bench::Idle => None,
        Bench::Load => Some("bench/load.mjs"),
        Bench::Latency => Some("bench/latency.mjs"),
        Bench::Walk => Some("bench/walk.mjs"),
        Bench::Commands => Some("bench/commands.mjs"),
    };
    let build = setup::for_build(workspace)?;
    let browser = setup::for_browser(workspace)?;
    spa::build(workspace, &build)?;
    let weft = server::build_demo(workspace)?;
    let Some(script) = script else {
        return idle::run(workspace, &weft);
    };
    say("measuring (up to two minutes)");
    let mut node = browser.command("node")?;
    node.current_dir(workspace.browser_tests())
        .arg(script)
        .env("WEFT_BIN", weft)
        .env("WEFT_DIST", workspace.dist());
    run_command(&mut node)
}

/// The bench target of the crate `tests`, which prints its result itself.
fn clusters(workspace: &Workspace) -> Result<()> {
    let tools = setup::for_testbed(workspace)?;
    say("measuring (three minutes, after building)");
    let mut cargo = tools.command("cargo")?;
    cargo
        .current_dir(&workspace.root)
        .args(["bench", "--package", "tests", "--bench", "clusters"]);
    run_command(&mut cargo)
}
