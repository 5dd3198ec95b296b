//! `weft-testbed`: starts the real world and Weft in front of it, and keeps both until it is told to end.

use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::time::Instant;

use clap::Parser;
use testbed::{Weft, World};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// The real world: Kubernetes, Flux, Helm and podinfo on this machine, and Weft in front of them.
#[derive(Parser)]
struct Options {
    /// The program `weft`.
    #[arg(long, env = "WEFT_BIN", value_name = "FILE")]
    weft: PathBuf,
    /// The folder of the built page.
    #[arg(long, env = "WEFT_DIST", value_name = "DIR")]
    static_dir: Option<PathBuf>,
    /// The port on 127.0.0.1 that Weft listens on; a free one unless said.
    #[arg(long, value_name = "N")]
    port: Option<u16>,
    /// Do not open the page in a browser.
    #[arg(long)]
    no_open: bool,
    /// Where everything is kept; a folder that is removed at the end unless said.
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let filter = EnvFilter::try_from_env("WEFT_LOG")
        .unwrap_or_else(|_| EnvFilter::new("warn,testbed=info,weft_testbed=info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    let options = Options::parse();
    let began = Instant::now();
    let temporary = tempfile::tempdir()?;
    let folder = options
        .folder
        .unwrap_or_else(|| temporary.path().to_owned());
    std::fs::create_dir_all(&folder)?;
    let mut interrupted = signal(SignalKind::interrupt())?;
    let mut terminated = signal(SignalKind::terminate())?;
    let living = async {
        let world = World::start(&folder).await?;
        let dist = options
            .static_dir
            .as_deref()
            .map(std::path::absolute)
            .transpose()?;
        let weft = Weft::start(&world, &options.weft, dist.as_deref(), options.port)?;
        for environment in &world.environments {
            let kubeconfig = environment.plane.kubeconfig();
            tracing::info!(
                "{}: {} (kubectl --kubeconfig {})",
                environment.name,
                environment.live,
                kubeconfig.display()
            );
        }
        tracing::info!(
            "all of it is up after {:.1?} and holds {} MB; Flux installs the first release",
            began.elapsed(),
            world.resident() / 1_000_000
        );
        writeln!(std::io::stdout(), "weft: listening on {}", weft.home())?;
        if !options.no_open
            && let Err(error) = opener::open_browser(weft.home().as_str())
        {
            tracing::info!(%error, "no browser could be opened; open the page by hand");
        }
        // Both live until the process is told to end.
        std::future::pending::<()>().await;
        drop((weft, world));
        Ok(())
    };
    tokio::select! {
        ended = living => ended,
        _ = interrupted.recv() => Ok(()),
        _ = terminated.recv() => Ok(()),
    }
}
