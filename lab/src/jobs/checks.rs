//! The checks of a pull request to main: `test`, `versions agree`, `chart lint`.

use std::sync::Arc;

use workflow::CHART;
use workflow::verify::{Severity, as_text, verify};

use super::files::Files;
use super::{Job, Outcome, run};
use crate::forge::Account;
use crate::forge::acts::marks::NewRun;
use crate::forge::engine::Engine;
use crate::forge::git::Git;
use crate::forge::state::{DEFAULT_BRANCH, Repository};

/// Starts the checks of a pull request's head.
pub(super) fn start(
    engine: &Arc<Engine>,
    repository: &Arc<Repository>,
    number: u64,
    by: &'static Account,
) {
    let found = repository
        .state
        .lock()
        .pulls
        .get(&number)
        .filter(|pull| pull.base_ref == DEFAULT_BRANCH)
        .map(|pull| (pull.head.clone(), pull.head_ref.clone(), pull.title.clone()));
    let Some((head, head_branch, title)) = found else {
        return;
    };
    let new = NewRun {
        name: "pull request",
        path: ".github/workflows/pull-request.yaml",
        event: "pull_request",
        title,
        head_branch,
        head: head.clone(),
        actor: by,
    };
    let job = |name, check: fn(&Git, &str) -> anyhow::Result<Outcome>| {
        let head = head.clone();
        Job {
            name,
            work: Box::new(move |_, repository| check(&repository.git, &head)),
        }
    };
    let jobs = vec![
        job("test", test),
        job("versions agree", versions_agree),
        job("chart lint", chart_lint),
    ];
    run(engine, repository, new, jobs);
}

/// Whether the program could be built: the lab has no compiler, so it reads what it must find.
fn test(git: &Git, head: &str) -> anyhow::Result<Outcome> {
    Ok(match Files::read(git, head)?.facts() {
        Ok(_) => Outcome::success("All tests passed"),
        Err(error) => Outcome::failure(error.to_string()),
    })
}

/// What `weft verify` says of the pull request.
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
    let wrong = findings
        .iter()
        .any(|finding| finding.severity == Severity::Error);
    Ok(if wrong {
        Outcome::failure(as_text(&findings).trim_end())
    } else {
        Outcome::success("The versions agree")
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
    let lacks = ["apiVersion", "name", "version"]
        .into_iter()
        .find(|key| chart[key].as_str().is_none_or(str::is_empty));
    Ok(match lacks {
        Some(key) => Outcome::failure(format!("{CHART} has no {key}")),
        None => Outcome::success("1 chart linted, 0 failed"),
    })
}
