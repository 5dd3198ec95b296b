//! The workflow runs of the seeded history, each with its checks, all of them successful.

use std::sync::atomic::{AtomicU64, Ordering};

use time::{Duration, OffsetDateTime};

use crate::forge::Account;
use crate::forge::state::{CheckRun, Phase, RepositoryState, WorkflowRun};

/// One of the repository's workflows.
pub(super) struct Workflow {
    name: &'static str,
    path: &'static str,
    event: &'static str,
    checks: &'static [&'static str],
}

pub(super) static CONTAINER: Workflow = Workflow {
    name: "branch",
    path: ".github/workflows/branch.yaml",
    event: "push",
    checks: &["container"],
};

pub(super) static PULL_REQUEST: Workflow = Workflow {
    name: "pull request",
    path: ".github/workflows/pull-request.yaml",
    event: "pull_request",
    checks: &["test", "versions agree", "chart lint"],
};

pub(super) static RELEASE: Workflow = Workflow {
    name: "release",
    path: ".github/workflows/release.yaml",
    event: "push",
    checks: &["release"],
};

pub(super) static PROMOTION: Workflow = Workflow {
    name: "promotion",
    path: ".github/workflows/promotion.yaml",
    event: "repository_dispatch",
    checks: &["promote"],
};

/// On what and for whom a workflow ran.
pub(super) struct Ran<'a> {
    pub(super) workflow: &'static Workflow,
    pub(super) branch: &'a str,
    pub(super) head: &'a str,
    pub(super) actor: &'static Account,
    pub(super) at: OffsetDateTime,
}

/// Records a run that succeeded half a minute after it started.
pub(super) fn record(state: &mut RepositoryState, ids: &AtomicU64, ran: &Ran<'_>) {
    let id = || ids.fetch_add(1, Ordering::Relaxed);
    let Workflow {
        name,
        path,
        event,
        checks,
    } = ran.workflow;
    let run = id();
    let earlier = state.runs.iter().filter(|run| run.path == *path).count();
    let end = ran.at + Duration::seconds(30);
    state.runs.push(WorkflowRun {
        id: run,
        number: earlier as u64 + 1,
        name,
        path,
        event,
        title: format!("{name} on {}", ran.branch),
        head_branch: ran.branch.to_owned(),
        head: ran.head.to_owned(),
        actor: ran.actor,
        phase: Phase::Success,
        created_at: ran.at,
        updated_at: end,
    });
    let marks = state.checks.entry(ran.head.to_owned()).or_default();
    marks.extend(checks.iter().map(|check| CheckRun {
        id: id(),
        run,
        name: (*check).to_owned(),
        head: ran.head.to_owned(),
        phase: Phase::Success,
        title: None,
        started_at: ran.at,
        completed_at: Some(end),
    }));
}
