//! The command line: what it understands, and how the process begins and ends.

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
use std::time::Duration;

use axum::Router;
use clap::{Args, Parser, Subcommand, ValueEnum};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

use crate::app::{App, StartError};
use crate::clock::SystemClock;
use crate::config::{Config, ConfigError};
use crate::http::{self, ServeError, SiteError};
use crate::{demo, sources};

pub use error::CommandError;
pub(crate) use promote::Promote;
pub(crate) use release::Release;
pub(crate) use verify::Verify;

/// The exit code of a wrong command line or configuration.
const USAGE: u8 = 2;
/// How long the sources may take to end.
const GRACE: Duration = Duration::from_secs(5);

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
    Demo(Demo),
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

/// How the demo is started.
#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// The port on 127.0.0.1; a free one unless said.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub port: u16,
    /// Do not open the page in a browser.
    #[arg(long)]
    pub no_open: bool,
    /// How long deployments take.
    #[arg(long, value_enum, default_value_t = Pace::Real)]
    pub pace: Pace,
    /// The folder of the built page; `dist` unless said, where it is there.
    #[arg(long, value_name = "DIR")]
    pub static_dir: Option<PathBuf>,
}

/// How long deployments take in the demo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Pace {
    /// As fast as one can follow.
    Fast,
    /// As long as a presenter can talk.
    Real,
}

/// Why the process ends with an error.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RunError {
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The built page is not there, or not one.
    #[error(transparent)]
    Site(#[from] SiteError),
    /// The server could not be put together.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The port cannot be had.
    #[error("cannot listen on {address}: {error}")]
    Bind {
        /// The address.
        address: std::net::SocketAddr,
        /// Why.
        error: std::io::Error,
    },
    /// The server ended by itself.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// The lab could not be started.
    #[error("the lab could not be started: {0:#}")]
    Lab(anyhow::Error),
    /// A command on a promotion repository did not do what it should.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// Something that every process may do was not allowed.
    #[error("the process could not be set up: {0}")]
    Process(#[from] std::io::Error),
}

impl RunError {
    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Config(_) | Self::Site(_) | Self::Command(CommandError::Refused(_)) => {
                ExitCode::from(USAGE)
            }
            _ => ExitCode::FAILURE,
        }
    }
}

/// Runs the command and gives the exit code: 2 where the command line or the configuration is wrong.
#[must_use]
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

fn run(command: Command) -> Result<(), RunError> {
    match command {
        Command::Serve(options) => {
            // Before the runtime starts: nothing may listen while the configuration is wrong.
            let config = Config::read(&options.config)?;
            on_runtime(serve(config))
        }
        Command::Demo(options) => on_runtime(demo::run(options)),
        Command::Release(release) => on_runtime(async { Ok(release.run().await?) }),
        Command::Promote(promote) => on_runtime(async { Ok(promote.run().await?) }),
        Command::Verify(verify) => Ok(verify.run()?),
    }
}

fn on_runtime(work: impl Future<Output = Result<(), RunError>>) -> Result<(), RunError> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(work)
}

async fn serve(config: Config) -> Result<(), RunError> {
    let address = config.listen;
    let app = App::build(config, Arc::new(SystemClock)).await?;
    let router = http::router(&app, None)?;
    let listener = listen(address).await?;
    let home = format!("http://{}{}", listener.local_addr()?, app.config.base_path);
    until_told_to_end(&app, listener, router, &home).await
}

/// Takes the port.
pub(crate) async fn listen(address: std::net::SocketAddr) -> Result<TcpListener, RunError> {
    TcpListener::bind(address)
        .await
        .map_err(|error| RunError::Bind { address, error })
}

/// Starts the sources and serves until SIGINT or SIGTERM.
pub(crate) async fn until_told_to_end(
    app: &Arc<App>,
    listener: TcpListener,
    router: Router,
    home: &str,
) -> Result<(), RunError> {
    let ending = end_on_signal(app.shutdown.clone())?;
    let tasks = sources::start(app, &app.shutdown);
    writeln!(std::io::stdout(), "weft: listening on {home}")?;
    let served = http::serve(app, listener, router).await;
    app.shutdown.cancel();
    ending.abort();
    if tokio::time::timeout(GRACE, tasks.wait()).await.is_err() {
        tracing::warn!("some sources did not end in time");
    }
    Ok(served?)
}

/// Cancels the token on the first signal that asks the process to end.
fn end_on_signal(shutdown: CancellationToken) -> std::io::Result<tokio::task::JoinHandle<()>> {
    #[cfg(unix)]
    let mut terminate = {
        use tokio::signal::unix::{SignalKind, signal};
        signal(SignalKind::terminate())?
    };
    Ok(tokio::spawn(async move {
        #[cfg(unix)]
        let terminated = terminate.recv();
        #[cfg(not(unix))]
        let terminated = std::future::pending::<Option<()>>();
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => {
                if let Err(error) = interrupted {
                    tracing::error!(%error, "Ctrl-C cannot be heard");
                    return;
                }
            }
            _ = terminated => {}
        }
        tracing::info!("ending");
        shutdown.cancel();
    }))
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
    fn the_demo_takes_its_options() {
        let words = "weft demo --port 0 --no-open --pace fast --static-dir dist";
        let cli = Cli::try_parse_from(words.split(' ')).unwrap();
        let Command::Demo(demo) = cli.command else {
            panic!("another command");
        };
        assert!(demo.no_open && demo.port == 0 && demo.pace == Pace::Fast);
        assert_eq!(demo.static_dir, Some("dist".into()));
    }
}
