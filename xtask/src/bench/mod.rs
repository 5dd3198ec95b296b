//! `cargo xtask bench`: the numbers that Weft promises, measured.

use anyhow::Result;

use crate::cli::Bench;
use crate::process::{run as run_command, say};
use crate::workspace::Workspace;
use crate::{server, setup, spa};

mod idle;

/// Builds what is measured, measures it, fails when it is over its budget.
pub fn run(workspace: &Workspace, bench: Bench) -> Result<()> {
    let build = setup::for_build(workspace)?;
    let browser = setup::for_browser(workspace)?;
    spa::build(workspace, &build)?;
    let weft = server::build(workspace)?;
    let script = match bench {
        Bench::Idle => return idle::run(workspace, &weft),
        Bench::Load => "bench/load.mjs",
        Bench::Latency => "bench/latency.mjs",
        Bench::Walk => "bench/walk.mjs",
        Bench::Commands => "bench/commands.mjs",
    };
    say("measuring (up to two minutes)");
    let mut node = browser.command("node")?;
    node.current_dir(workspace.browser_tests())
        .arg(script)
        .env("WEFT_BIN", weft)
        .env("WEFT_DIST", workspace.dist());
    run_command(&mut node)
}
