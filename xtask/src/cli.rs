//! The command line of `cargo xtask`.

use clap::{Args, Parser, Subcommand};

use crate::workspace::Workspace;

/// Set-up, demo, tests and checks of Weft. Every command first finds or installs what it needs
///
/// Installed tools are cached in $WEFT_CACHE, by default ~/.cache/weft. WEFT_CHROMIUM names the
/// browser to use when it is not on PATH.
#[derive(Debug, Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    arg_required_else_help = true
)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

/// What is to be done.
#[derive(Debug, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Build everything, start the embedded lab, open the page
    Demo(DemoOptions),
    /// Run all tests
    Test(TestOptions),
    /// Find or install all tools but those of the suite `real`, and nothing else
    Setup,
    /// Build the page into dist/
    Build,
    /// Measure something against its budget
    #[command(subcommand)]
    Bench(Bench),
    /// Check the formatting, and run clippy with warnings as errors
    Lint,
    /// Format the code, what is inside of `view!` included
    Fmt,
    /// Check licences, sources and advisories of the dependencies, and the crates of the shipped binary
    Deny,
    /// Check the size of the first load against its budget
    Budget,
    /// Run everything that the continuous integration runs
    Ci,
}

/// How the demo starts.
#[derive(Args, Debug, Default, PartialEq, Eq)]
pub struct DemoOptions {
    /// The port on 127.0.0.1; a free one unless given
    #[arg(long, value_name = "N")]
    pub port: Option<u16>,
    /// Do not open the page in a browser
    #[arg(long)]
    pub no_open: bool,
    /// Start real clusters with real Flux instead of the lab: 3 GB of memory, up in a minute;
    /// building these programs takes about fifteen minutes the first time
    #[arg(long)]
    pub real: bool,
}

/// Which tests run.
#[derive(Args, Debug, Default, PartialEq, Eq)]
pub struct TestOptions {
    /// Run the suite `real` as well: the checks against Kubernetes, Flux, Helm and podinfo as they
    /// are; building these takes about fifteen minutes the first time
    #[arg(long)]
    pub real: bool,
    /// Run one suite only: the tests of a crate, by its name, `browser` or `real`; repeatable
    #[arg(long, value_name = "SUITE", value_parser = suite)]
    pub only: Vec<Suite>,
}

/// A part of the tests that can be run by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Suite {
    /// The tests of one member of the workspace.
    Crate(String),
    /// The whole system, driven in Chromium.
    Browser,
    /// What we wrote against the real Kubernetes, Flux, Helm and podinfo.
    Real,
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Subcommand)]
pub enum Bench {
    /// The page's start on a throttled phone
    Load,
    /// From an event in the lab to the changed pixel
    Latency,
    /// A release from its merge to prod with approvals at once, and Weft's own share of that
    Walk,
    /// The time that `weft release --dry-run` and `weft verify` take
    Commands,
    /// Memory and processor of an idle demo
    Idle,
    /// Five thousand releases in a real API server
    Clusters,
}

fn suite(word: &str) -> anyhow::Result<Suite> {
    Ok(match word {
        "browser" => Suite::Browser,
        "real" => Suite::Real,
        _ => {
            let packages = Workspace::find()?.packages()?;
            let crates: Vec<String> = packages.into_iter().map(|package| package.name).collect();
            if !crates.iter().any(|name| name == word) {
                anyhow::bail!("the suites are {}, browser, real", crates.join(", "));
            }
            Suite::Crate(word.to_owned())
        }
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn parsed(line: &str) -> Result<Command, String> {
        Cli::try_parse_from(format!("xtask {line}").split_whitespace())
            .map(|cli| cli.command)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn nothing_typed_means_help() {
        assert!(parsed("").unwrap_err().contains("budget"));
        assert!(parsed("--help").unwrap_err().contains("WEFT_CHROMIUM"));
    }

    #[test]
    fn demo_takes_a_port_and_may_stay_closed() {
        let demo = |port, no_open, real| {
            Command::Demo(DemoOptions {
                port,
                no_open,
                real,
            })
        };
        assert_eq!(
            parsed("demo --port 0 --no-open"),
            Ok(demo(Some(0), true, false))
        );
        assert_eq!(parsed("demo --real"), Ok(demo(None, false, true)));
    }

    #[test]
    fn test_can_be_narrowed_more_than_once() {
        let options = TestOptions {
            real: false,
            only: vec![Suite::Crate("model".to_owned()), Suite::Browser],
        };
        assert_eq!(
            parsed("test --only model --only browser").unwrap(),
            Command::Test(options)
        );
    }

    #[test]
    fn what_is_not_understood_is_named() {
        for (line, named) in [
            ("dem", "dem"),
            ("demo --prot 1", "--prot"),
            ("demo --port high", "high"),
            ("test --only moddel", "moddel"),
            ("test --only moddel", "model"),
            ("bench", "load"),
            ("build twice", "twice"),
        ] {
            let error = parsed(line).unwrap_err();
            assert!(error.contains(named), "{line}: {error}");
        }
    }
}
