//! `cargo xtask demo`: builds everything, then becomes `weft demo`, or with `--real` the program that
//! starts the test bed.

use std::os::unix::process::CommandExt;

use anyhow::Result;

use crate::cli::DemoOptions;
use crate::process::{command, say};
use crate::workspace::Workspace;
use crate::{server, setup, spa};

/// Builds what has changed and replaces this process, so that output, exit code and Ctrl-C are the
/// demo's own.
pub fn run(workspace: &Workspace, options: &DemoOptions) -> Result<()> {
    spa::build(workspace, &setup::for_build(workspace)?)?;
    let weft = server::build_demo(workspace)?;
    let mut demo = if options.real {
        let tools = setup::for_testbed(workspace)?;
        let mut testbed = tools.command(server::build_testbed(workspace)?)?;
        testbed.arg("--weft").arg(weft);
        testbed
    } else {
        let mut lab = command(weft);
        lab.arg("demo");
        lab
    };
    demo.arg("--static-dir").arg(workspace.dist());
    if let Some(port) = options.port {
        demo.args(["--port", &port.to_string()]);
    }
    if options.no_open {
        demo.arg("--no-open");
    }
    say("starting the demo; Ctrl-C ends it");
    // `exec` returns only when it failed.
    Err(demo.exec().into())
}
