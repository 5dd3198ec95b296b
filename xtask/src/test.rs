//! `cargo xtask test`: runs every suite, also after one has failed, and closes with the sum.
//!
//! The crates are tested by one call of `cargo test --workspace`, which leaves out no member.

use std::fs;
use std::io::{BufRead, BufReader, IsTerminal, Write};
use std::ops::AddAssign;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::cli::{Suite, TestOptions};
use crate::process::{command, say};
use crate::workspace::{Workspace, make_dir};
use crate::{server, setup, spa};

/// The crate with the test target [`CONTRACT`].
const LAB: &str = "lab";

/// The test targets that need more than cargo are ignored in the first call, and run by calls of their
/// own. These choose the whole workspace too: choosing a package would resolve other features and
/// build everything again.
const CONTRACT: &str = "github_contract";
const REAL: &str = "real";
const WORLD: &str = "world";

/// Tests by outcome. A suite that cannot even run counts as one failed test.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Count {
    passed: u64,
    failed: u64,
    skipped: u64,
}

impl AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

/// Runs the suites that the options name: all but `real` where they name none.
pub fn run(workspace: &Workspace, options: &TestOptions) -> Result<()> {
    let only = &options.only;
    let every = only.is_empty();
    let crates: Vec<&str> = only
        .iter()
        .filter_map(|suite| match suite {
            Suite::Crate(name) => Some(name.as_str()),
            Suite::Browser | Suite::Real => None,
        })
        .collect();
    let mut total = Count::default();

    if every || !crates.is_empty() {
        say("testing the crates (building them the first time takes five to ten minutes)");
        total += count_cargo(cargo_test(workspace, command("cargo")).args(selection(&crates)))?;
    }
    if every || crates.contains(&LAB) {
        setup::for_github_contract(workspace)?;
        say("holding the lab's forge against GitHub's API description");
        let cargo = cargo_test(workspace, command("cargo"));
        total.run_ignored(count_cargo(&mut ignored(cargo, &crates, CONTRACT))?);
    }
    if every || only.contains(&Suite::Browser) {
        total += browser(workspace)?;
    }
    if options.real || only.contains(&Suite::Real) {
        total.run_ignored(real(workspace)?);
    }

    println!();
    println!(
        "test summary: {} passed, {} failed, {} skipped",
        total.passed, total.failed, total.skipped
    );
    if total.failed > 0 {
        bail!("{} tests failed", total.failed);
    }
    Ok(())
}

impl Count {
    /// Adds tests that an earlier call may have counted as skipped.
    fn run_ignored(&mut self, count: Self) {
        *self += count;
        self.skipped = self.skipped.saturating_sub(count.passed + count.failed);
    }
}

/// The words that choose these crates, or all of them.
fn selection<'a>(crates: &[&'a str]) -> Vec<&'a str> {
    if crates.is_empty() {
        return vec!["--workspace"];
    }
    crates.iter().flat_map(|name| ["--package", name]).collect()
}

fn cargo_test(workspace: &Workspace, mut cargo: Command) -> Command {
    cargo
        .current_dir(&workspace.root)
        .args(["test", "--no-fail-fast"]);
    if std::io::stdout().is_terminal() {
        cargo.env("CARGO_TERM_COLOR", "always");
    }
    cargo
}

/// The ignored tests of the targets with this name.
fn ignored(mut cargo: Command, crates: &[&str], target: &str) -> Command {
    cargo
        .args(selection(crates))
        .args(["--test", target, "--", "--ignored"]);
    cargo
}

/// Passes cargo's output through and sums up its `test result:` lines.
fn count_cargo(cargo: &mut Command) -> Result<Count> {
    let mut child = cargo
        .stdout(Stdio::piped())
        .spawn()
        .context("cargo could not be started")?;
    let output = child.stdout.take().context("cargo has no output")?;
    let mut count = Count::default();
    let mut stdout = std::io::stdout();
    for line in BufReader::new(output).split(b'\n') {
        let line = line?;
        stdout.write_all(&line)?;
        stdout.write_all(b"\n")?;
        if let Some(of_one) = test_result(&String::from_utf8_lossy(&line)) {
            count += of_one;
        }
    }
    if !child.wait()?.success() && count.failed == 0 {
        count.failed = 1;
    }
    Ok(count)
}

/// Reads `test result: ok. 5 passed; 0 failed; 1 ignored; …`, coloured or not.
fn test_result(line: &str) -> Option<Count> {
    let (_, counts) = line.strip_prefix("test result: ")?.split_once(". ")?;
    let number = |word: &str| {
        counts
            .split("; ")
            .find_map(|part| part.strip_suffix(word)?.trim().parse().ok())
    };
    Some(Count {
        passed: number("passed")?,
        failed: number("failed")?,
        skipped: number("ignored")?,
    })
}

fn real(workspace: &Workspace) -> Result<Count> {
    let tools = setup::for_testbed(workspace)?;
    say("holding what we wrote against Kubernetes, Flux, Helm and podinfo as they are (a minute)");
    let cargo = || -> Result<Command> { Ok(cargo_test(workspace, tools.command("cargo")?)) };
    let mut count = count_cargo(&mut ignored(cargo()?, &[], REAL))?;

    let browser = setup::for_browser(workspace)?;
    let mut cargo = ignored(cargo()?, &[], WORLD);
    lend_product(workspace, &mut cargo)?;
    browser.lend(&mut cargo);
    say("walking a release through real clusters, and breaking them (about ten minutes)");
    count += count_cargo(&mut cargo)?;
    Ok(count)
}

/// Builds the page and the server, and tells a command where they are and where its results go.
/// Returns the folder of the results.
fn lend_product(workspace: &Workspace, command: &mut Command) -> Result<PathBuf> {
    spa::build(workspace, &setup::for_build(workspace)?)?;
    let weft = server::build_demo(workspace)?;
    let results = workspace.target.join("browser");
    make_dir(&results)?;
    command
        .env("WEFT_BIN", weft)
        .env("WEFT_DIST", workspace.dist())
        .env("WEFT_BROWSER_RESULTS", &results);
    Ok(results)
}

fn browser(workspace: &Workspace) -> Result<Count> {
    let mut node = setup::for_browser(workspace)?.command("node")?;
    let report = lend_product(workspace, &mut node)?.join("report.json");
    if report.exists() {
        fs::remove_file(&report)?;
    }
    say("clicking through the demo in Chromium (some minutes)");
    let status = node
        .current_dir(workspace.browser_tests())
        .args(["node_modules/@playwright/test/cli.js", "test"])
        .status()
        .context("node could not be started")?;
    let mut count = match fs::read_to_string(&report) {
        Ok(report) => playwright_result(&report)?,
        Err(_) => Count::default(),
    };
    if !status.success() && count.failed == 0 {
        count.failed = 1;
    }
    Ok(count)
}

/// Reads the sums of Playwright's JSON report. A test that passed only at a second try has failed.
fn playwright_result(report: &str) -> Result<Count> {
    let report: serde_json::Value =
        serde_json::from_str(report).context("Playwright's report cannot be read")?;
    let number = |name: &str| {
        report["stats"][name]
            .as_u64()
            .with_context(|| format!("Playwright's report has no stats.{name}"))
    };
    Ok(Count {
        passed: number("expected")?,
        failed: number("unexpected")? + number("flaky")?,
        skipped: number("skipped")?,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::process::output;

    /// The files of the checkout, from its root.
    fn files(workspace: &Workspace) -> Vec<PathBuf> {
        let mut git = command("git");
        git.current_dir(&workspace.root).args([
            "ls-files",
            "--cached",
            "--others",
            "--exclude-standard",
        ]);
        let files = output(&mut git).unwrap();
        files
            .lines()
            .map(|file| workspace.root.join(file))
            .filter(|file| file.is_file())
            .collect()
    }

    #[test]
    fn every_member_is_tested_and_every_crate_is_a_member() {
        let workspace = Workspace::find().unwrap();
        let packages = workspace.packages().unwrap();
        assert_eq!(selection(&[]), ["--workspace"], "it leaves out no member");
        for package in &packages {
            for target in &package.targets {
                let runs = target.test || ["bench", "custom-build"].contains(&&*target.kind[0]);
                assert!(runs, "{} of {} is left out", target.name, package.name);
            }
        }
        let members: BTreeSet<_> = packages
            .into_iter()
            .map(|package| package.manifest_path)
            .collect();
        let is_manifest = |path: &PathBuf| path.ends_with("Cargo.toml");
        let manifests: BTreeSet<_> = files(&workspace).into_iter().filter(is_manifest).collect();
        assert_eq!(
            manifests, members,
            "a crate outside of the workspace is not tested"
        );
    }

    #[test]
    fn every_ignored_test_has_a_call_that_runs_it() {
        let workspace = Workspace::find().unwrap();
        let called = ["lab/tests/github_contract", "tests/real/", "tests/world/"];
        for path in files(&workspace) {
            let name = path
                .strip_prefix(&workspace.root)
                .unwrap()
                .display()
                .to_string();
            let ignores = |line: &str| line.trim_start().starts_with("#[ignore");
            let ignores =
                name.ends_with(".rs") && fs::read_to_string(&path).unwrap().lines().any(ignores);
            let is_called = called.iter().any(|start| name.starts_with(start));
            assert!(
                is_called || !ignores,
                "no suite runs the ignored tests of {name}"
            );
        }
    }

    #[test]
    fn results_are_read_with_and_without_colour() {
        let counted = Some(Count {
            passed: 5,
            failed: 1,
            skipped: 2,
        });
        let tail = "5 passed; 1 failed; 2 ignored; 0 measured; 0 filtered out; finished in 0.1s";
        for word in ["FAILED", "\u{1b}[31mFAILED\u{1b}[m"] {
            let line = format!("test result: {word}. {tail}");
            assert_eq!(test_result(&line), counted, "{line:?}");
        }
        assert_eq!(test_result("test one ... ok"), None);
    }

    #[test]
    fn a_browser_test_that_needed_a_second_try_has_failed() {
        let report = r#"{"stats": {"expected": 4, "skipped": 1, "unexpected": 1, "flaky": 1}}"#;
        let count = playwright_result(report).unwrap();
        assert_eq!((count.passed, count.failed, count.skipped), (4, 2, 1));
    }
}
