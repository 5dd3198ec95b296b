//! The words that `cargo xtask` understands. What they do lives elsewhere.

use std::ffi::OsString;

use anyhow::{Context, Result, bail};
use lexopt::{Arg, Parser, ValueExt};

/// What `cargo xtask help` prints.
pub const HELP: &str = "\
Set-up, demo and tests of Weft. Every command first finds or installs what it needs.

  cargo xtask demo [--port N] [--no-open] [--real]
                       build everything, start the embedded lab, open the page; with --real, start
                       real clusters with real Flux instead (3 GB of memory, up in a minute;
                       building these programs takes about fifteen minutes the first time)
  cargo xtask test [--real] [--only SUITE]...
                       all tests, or only: model, lab, proxy, spa, system, xtask, browser, real;
                       real, the checks against Kubernetes, Flux, Helm and podinfo as they are,
                       runs when it is named or with --real; building these takes about fifteen
                       minutes the first time
  cargo xtask setup    find or install all tools but those of the suite real, and nothing else
  cargo xtask build    build the page into dist/
  cargo xtask bench load|latency|idle|clusters
                       measure the page's start, the way of an event, the demo at rest
  cargo xtask lint     formatting, and clippy with warnings as errors
  cargo xtask deny     licences, sources and advisories of what we depend on
  cargo xtask budget   the size of the first load against its budget
  cargo xtask ci       all that the continuous integration runs
  cargo xtask help     this page

Installed tools are cached in $WEFT_CACHE, by default ~/.cache/weft.
WEFT_CHROMIUM names the browser to use when it is not on PATH.";

/// One command line, understood.
#[derive(Debug, PartialEq, Eq)]
pub enum Command {
    /// Print [`HELP`].
    Help,
    /// Find or install all tools.
    Setup,
    /// Build the single-page app.
    Build,
    /// Start the embedded lab and open the page.
    Demo(DemoOptions),
    /// Run these suites.
    Test(Vec<Suite>),
    /// Measure something.
    Bench(Bench),
    /// Check something without running the product.
    Check(Check),
}

/// How the demo is to start.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct DemoOptions {
    /// The port to listen on; `None` leaves the choice to `weft demo`.
    pub port: Option<u16>,
    /// Whether the page stays closed.
    pub no_open: bool,
    /// Whether the clusters are real.
    pub real: bool,
}

/// A part of the tests that can be run by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suite {
    /// The rules.
    Model,
    /// The embedded world.
    Lab,
    /// The server.
    Proxy,
    /// The app's plain functions, on the host.
    Spa,
    /// The whole system over its sockets, without a browser.
    System,
    /// This program.
    Xtask,
    /// The whole system by clicking.
    Browser,
    /// What we wrote against what we did not write.
    Real,
}

impl Suite {
    /// All suites, in the order in which they run: the quickest and deepest first.
    pub const ALL: [Self; 8] = [
        Self::Model,
        Self::Lab,
        Self::Proxy,
        Self::System,
        Self::Xtask,
        Self::Spa,
        Self::Browser,
        Self::Real,
    ];

    /// The word for it on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Lab => "lab",
            Self::Proxy => "proxy",
            Self::Spa => "spa",
            Self::System => "system",
            Self::Xtask => "xtask",
            Self::Browser => "browser",
            Self::Real => "real",
        }
    }

    fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|suite| suite.as_str() == word)
    }
}

/// Something to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bench {
    /// The page's start on a throttled phone.
    Load,
    /// From a lab event to the changed pixel.
    Latency,
    /// A release from its merge to prod with approvals at once, and Weft's own share of that.
    Walk,
    /// What `weft release --dry-run` and `weft verify` take.
    Commands,
    /// Memory and processor of a demo that nobody touches.
    Idle,
    /// Five thousand releases in a real API server.
    Clusters,
}

/// Something to check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// Formatting and clippy.
    Lint,
    /// Licences, bans, sources, advisories.
    Deny,
    /// Size of the first load.
    Budget,
    /// Everything, as the continuous integration does.
    Ci,
}

/// Reads the arguments after `cargo xtask`. Errors are one sentence for the person who typed.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Command> {
    let mut parser = Parser::from_args(arguments);
    let word = match parser.next()? {
        None | Some(Arg::Long("help") | Arg::Short('h')) => "help".to_owned(),
        Some(Arg::Value(word)) => word.string()?,
        Some(other) => return Err(other.unexpected().into()),
    };
    match word.as_str() {
        "demo" => demo(parser),
        "test" => test(parser),
        "bench" => bench(parser),
        "help" => alone(parser, Command::Help),
        "setup" => alone(parser, Command::Setup),
        "build" => alone(parser, Command::Build),
        "lint" => alone(parser, Command::Check(Check::Lint)),
        "deny" => alone(parser, Command::Check(Check::Deny)),
        "budget" => alone(parser, Command::Check(Check::Budget)),
        "ci" => alone(parser, Command::Check(Check::Ci)),
        other => bail!("there is no command `{other}`"),
    }
}

fn alone(mut parser: Parser, command: Command) -> Result<Command> {
    match parser.next()? {
        None => Ok(command),
        Some(argument) => Err(argument.unexpected().into()),
    }
}

fn demo(mut parser: Parser) -> Result<Command> {
    let mut options = DemoOptions::default();
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Long("port") => options.port = Some(parser.value()?.parse()?),
            Arg::Long("no-open") => options.no_open = true,
            Arg::Long("real") => options.real = true,
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(Command::Demo(options))
}

fn test(mut parser: Parser) -> Result<Command> {
    let mut suites = Vec::new();
    let mut real = false;
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Long("real") => real = true,
            Arg::Long("only") => {
                let word = parser.value()?.string()?;
                suites.push(
                    Suite::named(&word).with_context(|| format!("there is no suite `{word}`"))?,
                );
            }
            other => return Err(other.unexpected().into()),
        }
    }
    if suites.is_empty() {
        suites.extend(Suite::ALL.iter().filter(|suite| **suite != Suite::Real));
    }
    if real {
        suites.push(Suite::Real);
    }
    Ok(Command::Test(suites))
}

fn bench(mut parser: Parser) -> Result<Command> {
    let what = match parser.next()? {
        Some(Arg::Value(word)) => word.string()?,
        Some(other) => return Err(other.unexpected().into()),
        None => bail!("bench needs one of load, latency, idle"),
    };
    let bench = match what.as_str() {
        "load" => Bench::Load,
        "latency" => Bench::Latency,
        "walk" => Bench::Walk,
        "commands" => Bench::Commands,
        "idle" => Bench::Idle,
        "clusters" => Bench::Clusters,
        other => bail!("there is no bench `{other}`"),
    };
    alone(parser, Command::Bench(bench))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Command> {
        parse(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn nothing_typed_means_help() {
        assert_eq!(parsed("").unwrap(), Command::Help);
        assert_eq!(parsed("--help").unwrap(), Command::Help);
    }

    #[test]
    fn demo_takes_a_port_and_may_stay_closed() {
        let options = DemoOptions {
            port: Some(0),
            no_open: true,
            real: false,
        };
        assert_eq!(
            parsed("demo --port 0 --no-open").unwrap(),
            Command::Demo(options)
        );
        assert!(matches!(
            parsed("demo --real").unwrap(),
            Command::Demo(DemoOptions { real: true, .. })
        ));
    }

    #[test]
    fn test_can_be_narrowed_more_than_once() {
        assert_eq!(
            parsed("test --only model --only browser").unwrap(),
            Command::Test(vec![Suite::Model, Suite::Browser])
        );
    }

    #[test]
    fn the_real_peers_are_asked_only_when_they_are_named() {
        let suites = |line: &str| match parsed(line).unwrap() {
            Command::Test(suites) => suites,
            other => panic!("{other:?}"),
        };
        assert_eq!(suites("test"), Suite::ALL[..7]);
        assert_eq!(suites("test --real"), Suite::ALL);
        assert_eq!(suites("test --only real"), [Suite::Real]);
    }

    #[test]
    fn every_suite_and_every_command_is_in_the_help() {
        for suite in Suite::ALL {
            assert!(HELP.contains(suite.as_str()), "{}", suite.as_str());
        }
        for word in [
            "demo", "test", "setup", "build", "bench", "lint", "deny", "budget", "ci", "help",
        ] {
            assert!(HELP.contains(&format!("cargo xtask {word}")), "{word}");
        }
    }

    #[test]
    fn what_is_not_understood_is_named() {
        for (line, named) in [
            ("dem", "dem"),
            ("demo --prot 1", "--prot"),
            ("demo --port high", "high"),
            ("test --only moddel", "moddel"),
            ("bench", "load"),
            ("build twice", "twice"),
        ] {
            let error = parsed(line).unwrap_err().to_string();
            assert!(error.contains(named), "{line}: {error}");
        }
    }
}
