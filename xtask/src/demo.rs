//! `cargo xtask demo`: builds everything, then becomes `weft demo`, or with `--real` the program that
//! starts the test bed.

use anyhow::Result;

use crate::cli::DemoOptions;
use crate::workspace::Workspace;
use crate::{process, server, setup, spa};

/// Builds what has changed and replaces this process, so that output, exit code and Ctrl-C are the
/// demo's own.
pub fn run(workspace: &Workspace, options: &DemoOptions) -> Result<()> {
    spa::build(workspace, &setup::for_build(workspace)?)?;
    let weft = server::build_demo(workspace)?;
    if options.real {
        let tools = setup::for_testbed(workspace)?;
        let mut testbed = tools.command(server::build_testbed(workspace)?)?;
        testbed.arg("--weft").arg(weft);
        testbed.arg("--static-dir").arg(workspace.dist());
        if let Some(port) = options.port {
            testbed.args(["--port", &port.to_string()]);
        }
        if options.no_open {
            testbed.arg("--no-open");
        }
        return hand_over(testbed);
    }
    let mut demo = server::demo(workspace, &weft, options.port);
    if options.no_open {
        demo.arg("--no-open");
    }
    hand_over(demo)
}

#[cfg(unix)]
fn hand_over(mut demo: std::process::Command) -> Result<()> {
    use std::os::unix::process::CommandExt;
    process::say("starting the demo; Ctrl-C ends it");
    // `exec` returns only when it failed.
    Err(demo.exec().into())
}

#[cfg(not(unix))]
fn hand_over(mut demo: std::process::Command) -> Result<()> {
    process::run(&mut demo)
}
