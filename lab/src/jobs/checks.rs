//! The checks of a pull request to main: `test`, `versions agree`, `chart lint`.

use std::sync::Arc;

use workflow::CHART;
use workflow::verify::{Finding, Severity, as_text, verify};

use super::files::Files;
use super::runner::{Job, Outcome, Runner};
use crate::github::accounts::Account;
use crate::github::git::Git;
use crate::github::operations::statuses::NewRun;
use crate::github::repository::{DEFAULT_BRANCH, Workflow};
use crate::github::state::Repo;

pub(crate) static PULL_REQUEST: Workflow = Workflow {
    name: "pull request",
    path: ".github/workflows/pull-request.yaml",
    event: "pull_request",
    checks: &["test", "versions agree", "chart lint"],
};

/// Starts the checks of a pull request's head.
pub(super) fn start(runner: &Arc<Runner>, repo: &Repo, number: u64, by: &'static Account) {
    let pull = repo.state.lock().pulls.get(&number).cloned();
    let Some(pull) = pull.filter(|pull| pull.base_ref == DEFAULT_BRANCH) else {
        return;
    };
    let job = |check: fn(&Git, &str) -> anyhow::Result<Outcome>| -> Job {
        let head = pull.head.clone();
        Box::new(move |repo| check(&repo.git, &head))
    };
    let checks = vec![job(test), job(versions_agree), job(chart_lint)];
    let run = NewRun {
        workflow: &PULL_REQUEST,
        title: pull.title,
        head_branch: pull.head_ref,
        head: pull.head,
        actor: by,
    };
    runner.run(repo, run, checks);
}

/// Checks whether the program could be built: the lab has no compiler, so it reads what a build needs.
fn test(git: &Git, head: &str) -> anyhow::Result<Outcome> {
    Ok(match Files::read(git, head)?.facts() {
        Ok(_) => Outcome::success("All tests passed"),
        Err(error) => Outcome::failure(error.to_string()),
    })
}

/// Runs `weft verify` on the pull request.
fn versions_agree(git: &Git, head: &str) -> anyhow::Result<Outcome> {
    let files = Files::read(git, head)?;
    let Some(main) = git.branch(DEFAULT_BRANCH) else {
        return Ok(Outcome::failure("There is no main to compare with"));
    };
    let Some(comparison) = git.compare(&main, head)? else {
        return Ok(Outcome::failure("The branch shares no history with main"));
    };
    let base = Files::read(git, &comparison.merge_base)?;
    let findings = verify(&|path| files.get(path), Some(&|path| base.get(path)));
    let is_error = |finding: &Finding| finding.severity == Severity::Error;
    Ok(match findings.iter().any(is_error) {
        true => Outcome::failure(as_text(&findings).trim_end()),
        false => Outcome::success("The versions agree"),
    })
}

fn chart_lint(git: &Git, head: &str) -> anyhow::Result<Outcome> {
    let Some(text) = git.text(head, CHART)? else {
        return Ok(Outcome::failure(format!("{CHART} is missing")));
    };
    let chart: serde_json::Value = match serde_saphyr::from_str(&text) {
        Ok(chart) => chart,
        Err(error) => return Ok(Outcome::failure(format!("{CHART}: {error}"))),
    };
    let mut keys = ["apiVersion", "name", "version"].into_iter();
    let lacks = keys.find(|key| chart[key].as_str().is_none_or(str::is_empty));
    Ok(match lacks {
        Some(key) => Outcome::failure(format!("{CHART} has no {key}")),
        None => Outcome::success("1 chart linted, 0 failed"),
    })
}
