//! The checks of a pull request to main: `test`, `versions agree`, `chart lint`.

use std::sync::Arc;

use super::facts::{self, Facts};
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
    let main_go = git.text(head, facts::MAIN_GO)?.unwrap_or_default();
    Ok(match facts::color_of(&main_go) {
        Some(color) if facts::is_color(&color) => Outcome::success("All tests passed"),
        Some(color) => Outcome::failure(format!("{color:?} is not a colour")),
        None => Outcome::failure("cmd/podinfo/main.go has no color line"),
    })
}

fn versions_agree(git: &Git, head: &str) -> anyhow::Result<Outcome> {
    let facts = match Facts::read(git, head) {
        Ok(facts) => facts,
        Err(error) => return Ok(Outcome::failure(format!("{error:#}"))),
    };
    let Facts {
        version,
        image_tag,
        app_version,
        ..
    } = facts;
    Ok(if version == image_tag && version == app_version {
        Outcome::success(format!("All three say {version}"))
    } else {
        Outcome::failure(format!(
            "VERSION is {version}, the image tag {image_tag}, the chart's appVersion {app_version}"
        ))
    })
}

fn chart_lint(git: &Git, head: &str) -> anyhow::Result<Outcome> {
    let Some(text) = git.text(head, facts::CHART)? else {
        return Ok(Outcome::failure("charts/podinfo/Chart.yaml is missing"));
    };
    let chart: serde_json::Value = match serde_saphyr::from_str(&text) {
        Ok(chart) => chart,
        Err(error) => return Ok(Outcome::failure(format!("Chart.yaml: {error}"))),
    };
    let Some(version) = chart["version"].as_str().and_then(facts::strict) else {
        return Ok(Outcome::failure(
            "Chart.yaml's version is not a semantic version",
        ));
    };
    let Some(main) = git.branch(DEFAULT_BRANCH) else {
        return Ok(Outcome::success("1 chart linted"));
    };
    let Some(comparison) = git.compare(&main, head)? else {
        return Ok(Outcome::failure("The branch shares no history with main"));
    };
    let changed = git
        .diff(&comparison.merge_base, head)?
        .iter()
        .any(|file| file.path.starts_with("charts/"));
    let before = Facts::read(git, &main)
        .ok()
        .and_then(|facts| facts::strict(&facts.chart_version));
    Ok(match before {
        Some(before) if changed && version <= before => Outcome::failure(format!(
            "The chart changed, so its version must be greater than {before}; it is {version}"
        )),
        _ => Outcome::success("1 chart linted, 0 failed"),
    })
}
