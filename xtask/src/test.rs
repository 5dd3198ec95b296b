//! `cargo xtask test`: runs the suites one after the other, all of them even when one fails, and
//! closes with the sum.

use std::fs;
use std::io::{BufRead, BufReader, IsTerminal, Write};
use std::ops::AddAssign;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::cli::Suite;
use crate::process::{command, say};
use crate::workspace::{Workspace, make_dir};
use crate::{server, setup, spa};

/// How many tests passed and how many did not. A suite that could not even run counts as one
/// that failed.
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

/// Runs these suites.
pub fn run(workspace: &Workspace, suites: &[Suite]) -> Result<()> {
    let mut total = Count::default();

    let packages: Vec<&str> = Suite::ALL
        .into_iter()
        .filter(|suite| suites.contains(suite))
        .filter_map(package)
        .collect();
    if !packages.is_empty() {
        say(&format!(
            "testing {} (building them the first time takes five to ten minutes)",
            packages.join(", ")
        ));
        let mut cargo = cargo_test(workspace);
        cargo.args(packages.iter().flat_map(|package| ["--package", package]));
        total += count_cargo(&mut cargo)?;
    }
    if suites.contains(&Suite::Lab) {
        setup::for_forge_contract(workspace)?;
        say("holding the lab's forge against GitHub's API description");
        total += count_cargo(cargo_test(workspace).args([
            "--package",
            "lab",
            "--test",
            "github_contract",
            "--",
            "--ignored",
        ]))?;
        // Left out of the first run for this one.
        total.skipped -= 1;
    }
    if suites.contains(&Suite::Spa) {
        say("testing the app's plain functions (building them takes some minutes)");
        total += count_cargo(cargo_test(workspace).args(["--package", "weft", "--lib"]))?;
    }
    if suites.contains(&Suite::Browser) {
        total += browser(workspace)?;
    }
    if suites.contains(&Suite::Real) {
        let count = real(workspace)?;
        if suites.contains(&Suite::System) {
            // Left out of the first run for this one.
            total.skipped = total.skipped.saturating_sub(count.passed + count.failed);
        }
        total += count;
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

fn package(suite: Suite) -> Option<&'static str> {
    match suite {
        Suite::Model => Some("model"),
        Suite::Lab => Some("lab"),
        Suite::Proxy => Some("proxy"),
        Suite::System => Some("tests"),
        Suite::Xtask => Some("xtask"),
        Suite::Spa | Suite::Browser | Suite::Real => None,
    }
}

fn cargo_test(workspace: &Workspace) -> Command {
    let mut cargo = command("cargo");
    cargo
        .current_dir(&workspace.root)
        .args(["test", "--no-fail-fast"]);
    if std::io::stdout().is_terminal() {
        cargo.env("CARGO_TERM_COLOR", "always");
    }
    cargo
}

/// Passes cargo's output through and adds up its `test result:` lines.
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
    let tools = setup::for_real_peers(workspace)?;
    say("holding what we wrote against Kubernetes, Flux, Helm and podinfo as they are (a minute)");
    let mut cargo = tools.command("cargo")?;
    cargo
        .current_dir(&workspace.root)
        .args(["test", "--no-fail-fast", "--package", "tests"])
        .args(["--test", "real", "--", "--ignored"]);
    let mut count = count_cargo(&mut cargo)?;

    let browser = setup::for_browser(workspace)?;
    spa::build(workspace, &setup::for_build(workspace)?)?;
    let weft = server::build(workspace)?;
    let results = workspace.target.join("browser");
    make_dir(&results)?;
    say("walking a release through real clusters, and breaking them (about ten minutes)");
    let mut cargo = tools.command("cargo")?;
    cargo
        .current_dir(&workspace.root)
        .args(["test", "--package", "tests", "--test", "world"])
        .args(["--", "--ignored"])
        .env("WEFT_BIN", weft)
        .env("WEFT_DIST", workspace.dist())
        .env("WEFT_BROWSER_RESULTS", &results);
    browser.lend(&mut cargo);
    count += count_cargo(&mut cargo)?;
    Ok(count)
}

fn browser(workspace: &Workspace) -> Result<Count> {
    let tools = setup::for_browser(workspace)?;
    spa::build(workspace, &setup::for_build(workspace)?)?;
    let weft = server::build(workspace)?;
    say("clicking through the demo in Chromium (some minutes)");
    let results = workspace.target.join("browser");
    make_dir(&results)?;
    let report = results.join("report.json");
    if report.exists() {
        fs::remove_file(&report)?;
    }
    let status = tools
        .command("node")?
        .current_dir(workspace.browser_tests())
        .args(["node_modules/@playwright/test/cli.js", "test"])
        .env("WEFT_BIN", weft)
        .env("WEFT_DIST", workspace.dist())
        .env("WEFT_BROWSER_RESULTS", &results)
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

/// Reads the sums of Playwright's JSON report. One that passed only at a second try has failed.
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
    use super::*;

    #[test]
    fn results_are_read_with_and_without_colour() {
        let counted = Some(Count {
            passed: 5,
            failed: 1,
            skipped: 2,
        });
        let tail = "5 passed; 1 failed; 2 ignored; 0 measured; 0 filtered out; finished in 0.1s";
        assert_eq!(
            test_result(&format!("test result: FAILED. {tail}")),
            counted
        );
        assert_eq!(
            test_result(&format!("test result: \u{1b}[31mFAILED\u{1b}[m. {tail}")),
            counted
        );
        assert_eq!(test_result("test one ... ok"), None);
    }

    #[test]
    fn a_browser_test_that_needed_a_second_try_has_failed() {
        let report = r#"{"stats": {"expected": 4, "skipped": 1, "unexpected": 1, "flaky": 1}}"#;
        let count = playwright_result(report).unwrap();
        assert_eq!((count.passed, count.failed, count.skipped), (4, 2, 1));
    }
}
