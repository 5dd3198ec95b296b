//! `cargo xtask`: set-up, demo, test, bench and the checks of Weft. Here: what was asked, and
//! who does it.
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
mod spa;
mod stamp;
mod test;
mod workspace;

use std::process::ExitCode;

use cli::{Check, Command};
use workspace::Workspace;

fn main() -> ExitCode {
    let command = match cli::parse(std::env::args_os().skip(1)) {
        Ok(command) => command,
        Err(error) => {
            eprintln!("xtask: {error}; `cargo xtask help` shows what there is");
            return ExitCode::from(2);
        }
    };
    match run(command) {
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
        Command::Help => {
            println!("{}", cli::HELP);
            Ok(())
        }
        Command::Setup => setup::everything(&workspace),
        Command::Build => spa::build(&workspace, &setup::for_build(&workspace)?),
        Command::Demo(options) => demo::run(&workspace, &options),
        Command::Test(suites) => test::run(&workspace, &suites),
        Command::Bench(bench) => bench::run(&workspace, bench),
        Command::Check(Check::Lint) => checks::lint(&workspace),
        Command::Check(Check::Deny) => checks::deny(&workspace),
        Command::Check(Check::Budget) => budget::run(&workspace),
        Command::Check(Check::Ci) => checks::ci(&workspace),
    }
}
