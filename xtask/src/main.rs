//! `cargo xtask`: set-up, demo, test, bench and the checks of Weft.
#![allow(
    clippy::print_stdout,
    reason = "a command-line program speaks on standard output"
)]

mod bench;
mod budget;
mod checks;
mod cli;
mod demo;
mod process;
mod server;
mod setup;
mod shipped;
mod spa;
mod stamp;
mod test;
mod workspace;

use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Command};
use workspace::Workspace;

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<()> {
    let workspace = Workspace::find()?;
    match command {
        Command::Demo(options) => demo::run(&workspace, &options),
        Command::Test(options) => test::run(&workspace, &options),
        Command::Setup => setup::everything(&workspace),
        Command::Build => spa::build(&workspace, &setup::for_build(&workspace)?),
        Command::Bench(bench) => bench::run(&workspace, bench),
        Command::Lint => checks::lint(&workspace),
        Command::Fmt => checks::fmt(&workspace),
        Command::Deny => checks::deny(&workspace),
        Command::Budget => budget::run(&workspace),
        Command::Ci => checks::ci(&workspace),
    }
}
