//! `cargo xtask demo`: builds all, then becomes `weft demo`.

use anyhow::Result;

use crate::cli::DemoOptions;
use crate::workspace::Workspace;
use crate::{process, server, setup, spa};

/// Builds what has changed and hands over to the server, so that its output, its exit code and
/// Ctrl-C are its own.
pub fn run(workspace: &Workspace, options: &DemoOptions) -> Result<()> {
    spa::build(workspace, &setup::for_build(workspace)?)?;
    let weft = server::build(workspace)?;
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
    // `exec` comes back only when it failed.
    Err(demo.exec().into())
}

#[cfg(not(unix))]
fn hand_over(mut demo: std::process::Command) -> Result<()> {
    process::run(&mut demo)
}
