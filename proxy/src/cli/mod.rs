//! The command line of `weft`: commands, log, exit codes.

mod checkout;
mod error;
mod promote;
mod release;
mod remote;
mod verify;

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Parser, Subcommand};
use tokio::runtime::{Builder, Runtime};
use tracing_subscriber::EnvFilter;

use crate::app::AppState;
use crate::clock::SystemClock;
use crate::config::Config;
#[cfg(feature = "demo")]
use crate::demo;
use crate::http;
use crate::run::{RunError, listen, serve_until_shutdown};

pub use error::CommandError;
pub(crate) use promote::Promote;
pub(crate) use release::Release;
pub(crate) use verify::Verify;

/// The exit code of a wrong command line or configuration.
const USAGE: u8 = 2;

/// A promotion board for Flux: where every release is, whether it is really serving, and what each
/// gate waits for.
#[derive(Debug, Parser)]
#[command(
    name = "weft",
    version,
    subcommand_required = true,
    arg_required_else_help = true
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the pipelines of a configuration.
    Serve(Serve),
    /// Serve the built-in lab: the whole process without a cluster or an account.
    #[cfg(feature = "demo")]
    Demo(demo::Options),
    /// Start a release: edits four files, pushes them on a branch, opens the pull request.
    Release(Release),
    /// Carry a release into the next environment.
    Promote(Promote),
    /// Check that the versions of a release agree and increase.
    Verify(Verify),
}

#[derive(Debug, Args)]
struct Serve {
    /// The configuration, in YAML.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

/// An error of a command, after which the process ends.
#[derive(Debug, thiserror::Error)]
enum CliError {
    #[error(transparent)]
    Run(#[from] RunError),
    /// A command on a promotion repository did not do what it should.
    #[error(transparent)]
    Command(#[from] CommandError),
}

impl CliError {
    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Run(RunError::Config(_) | RunError::Site(_))
            | Self::Command(CommandError::Refused(_)) => ExitCode::from(USAGE),
            _ => ExitCode::FAILURE,
        }
    }
}

/// Runs the command and returns the exit code: 2 when the command line or the configuration is wrong.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    log();
    match run(cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Also where the log is filtered: it is the last word of the process.
            let last_word = writeln!(std::io::stderr(), "weft: {error}");
            last_word.map_or(ExitCode::FAILURE, |()| error.exit_code())
        }
    }
}

fn run(command: Command) -> Result<(), CliError> {
    match command {
        Command::Serve(options) => {
            // Before the runtime starts: nothing may listen while the configuration is wrong.
            let config = Config::read(&options.config).map_err(RunError::from)?;
            Ok(runtime()?.block_on(serve(config))?)
        }
        #[cfg(feature = "demo")]
        Command::Demo(options) => Ok(runtime()?.block_on(demo::run(options))?),
        Command::Release(release) => Ok(runtime()?.block_on(release.run())?),
        Command::Promote(promote) => Ok(runtime()?.block_on(promote.run())?),
        Command::Verify(verify) => Ok(verify.run()?),
    }
}

fn runtime() -> Result<Runtime, RunError> {
    Ok(Builder::new_multi_thread().enable_all().build()?)
}

async fn serve(config: Config) -> Result<(), RunError> {
    let address = config.listen;
    let app = AppState::build(config, Arc::new(SystemClock)).await?;
    let router = http::router(&app, None)?;
    let listener = listen(address).await?;
    let home = format!("http://{}{}", listener.local_addr()?, app.config.base_path);
    serve_until_shutdown(&app, listener, router, &home).await
}

/// Logs to stderr: lines for people on a terminal, JSON elsewhere. `WEFT_LOG` says how much.
fn log() {
    let filter =
        EnvFilter::try_from_env("WEFT_LOG").unwrap_or_else(|_| EnvFilter::new("warn,proxy=info"));
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    if std::io::stderr().is_terminal() {
        lines.init();
    } else {
        lines.json().init();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    #[cfg(feature = "demo")]
    fn the_demo_takes_its_options() {
        let words = "weft demo --port 0 --no-open --pace fast --static-dir dist";
        let cli = Cli::try_parse_from(words.split(' ')).unwrap();
        let Command::Demo(demo) = cli.command else {
            panic!("another command");
        };
        assert!(demo.no_open && demo.port == 0 && demo.pace == demo::Timing::Fast);
        assert_eq!(demo.static_dir, Some("dist".into()));
    }
}
