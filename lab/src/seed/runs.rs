//! The workflow runs of the seeded history, each with its checks, all of them successful.

use std::sync::atomic::{AtomicU64, Ordering};

use time::{Duration, OffsetDateTime};

use crate::github::accounts::Account;
use crate::github::repository::{CheckRun, Phase, RepositoryState, Workflow, WorkflowRun};

/// A run of the seeded history.
pub(super) struct SeededRun<'a> {
    pub(super) workflow: &'static Workflow,
    pub(super) branch: &'a str,
    pub(super) head: &'a str,
    pub(super) actor: &'static Account,
    pub(super) at: OffsetDateTime,
}

/// Records a run that succeeded half a minute after it started.
pub(super) fn record(state: &mut RepositoryState, ids: &AtomicU64, ran: &SeededRun<'_>) {
    let id = || ids.fetch_add(1, Ordering::Relaxed);
    let workflow = ran.workflow;
    let run = id();
    let number = state.next_run_number(workflow);
    let end = ran.at + Duration::seconds(30);
    state.runs.push(WorkflowRun {
        id: run,
        number,
        workflow,
        title: format!("{} on {}", workflow.name, ran.branch),
        head_branch: ran.branch.to_owned(),
        head: ran.head.to_owned(),
        actor: ran.actor,
        phase: Phase::Success,
        created_at: ran.at,
        updated_at: end,
    });
    let checks = state.checks.entry(ran.head.to_owned()).or_default();
    checks.extend(workflow.checks.iter().map(|check| CheckRun {
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
