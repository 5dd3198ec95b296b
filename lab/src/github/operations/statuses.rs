//! Commit statuses, check runs, workflow runs, and the dispatches that start them.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::github::accounts::Account;
use crate::github::error::ApiError;
use crate::github::event::RepositoryEvent;
use crate::github::repository::{CheckRun, Phase, Status, Workflow, WorkflowRun};
use crate::github::state::Repo;

use super::require_write;

/// The body of a new status.
#[derive(Deserialize)]
pub(crate) struct NewStatus {
    #[serde(default)]
    state: String,
    context: Option<String>,
    description: Option<String>,
    target_url: Option<String>,
}

/// Sets a status on a commit.
pub(crate) fn set_status(
    repo: &Repo,
    by: &'static Account,
    sha: &str,
    new: NewStatus,
) -> Result<Status, ApiError> {
    require_write(by)?;
    if !matches!(
        new.state.as_str(),
        "error" | "failure" | "pending" | "success"
    ) {
        return Err(ApiError::invalid(
            "Status",
            "state",
            "invalid",
            "state is invalid",
        ));
    }
    let commit = repo.git.commit(sha)?;
    let sha = commit
        .map(|commit| commit.oid.clone())
        .ok_or_else(|| ApiError::unprocessable(format!("No commit found for SHA: {sha}")))?;
    let status = Status {
        id: repo.github.next_id(),
        state: new.state,
        context: new.context.unwrap_or_else(|| "default".to_owned()),
        description: new.description,
        target_url: new.target_url,
        creator: by,
        created_at: repo.github.now(),
    };
    let id = status.id;
    let mut state = repo.state.lock();
    let statuses = state.statuses.entry(sha.clone()).or_default();
    statuses.push(status.clone());
    drop(state);
    repo.publish([RepositoryEvent::Status { sha, id }]);
    Ok(status)
}

/// Accepts a dispatch, which the jobs react to.
pub(crate) fn dispatch(
    repo: &Repo,
    by: &'static Account,
    event_type: &str,
    payload: Value,
) -> Result<(), ApiError> {
    require_write(by)?;
    let refuse = |field: &str, message: &str| {
        Err(ApiError::invalid(
            "RepositoryDispatch",
            field,
            "invalid",
            message,
        ))
    };
    if event_type.is_empty() || event_type.len() > 100 {
        return refuse("event_type", "event_type must be 1 to 100 characters");
    }
    let payload = if payload.is_null() {
        json!({})
    } else {
        payload
    };
    let Some(properties) = payload.as_object() else {
        return refuse("client_payload", "client_payload is not an object");
    };
    if properties.len() > 10 {
        return refuse("client_payload", "No more than 10 properties are allowed");
    }
    if payload.to_string().len() >= 64 * 1024 {
        return refuse("client_payload", "client_payload is too large");
    }
    let event = RepositoryEvent::Dispatch {
        event_type: event_type.to_owned(),
        payload,
        by,
    };
    repo.publish([event]);
    Ok(())
}

/// A workflow run to be recorded.
pub(crate) struct NewRun {
    pub(crate) workflow: &'static Workflow,
    pub(crate) title: String,
    pub(crate) head_branch: String,
    pub(crate) head: String,
    pub(crate) actor: &'static Account,
}

/// Records a queued workflow run with its queued checks; returns the run's id and the checks' ids in
/// the workflow's order.
pub(crate) fn start_run(repo: &Repo, new: NewRun) -> (u64, Vec<u64>) {
    let now = repo.github.now();
    let run = repo.github.next_id();
    let jobs = new.workflow.checks.iter();
    let ids: Vec<u64> = jobs.clone().map(|_| repo.github.next_id()).collect();
    let head = new.head.clone();
    {
        let mut state = repo.state.lock();
        let number = state.next_run_number(new.workflow);
        state.runs.push(WorkflowRun {
            id: run,
            number,
            workflow: new.workflow,
            title: new.title,
            head_branch: new.head_branch,
            head: new.head,
            actor: new.actor,
            phase: Phase::Queued,
            created_at: now,
            updated_at: now,
        });
        let checks = state.checks.entry(head.clone()).or_default();
        checks.extend(jobs.zip(&ids).map(|(name, id)| CheckRun {
            id: *id,
            run,
            name: (*name).to_owned(),
            head: head.clone(),
            phase: Phase::Queued,
            title: None,
            started_at: now,
            completed_at: None,
        }));
    }
    let mut events = vec![RepositoryEvent::WorkflowRun {
        id: run,
        action: "requested",
    }];
    events.extend(ids.iter().map(|id| RepositoryEvent::CheckRun {
        sha: head.clone(),
        id: *id,
        action: "created",
    }));
    repo.publish(events);
    (run, ids)
}

/// Sets a check's phase; `title` is the sentence about its outcome.
pub(crate) fn move_check(repo: &Repo, sha: &str, id: u64, phase: Phase, title: Option<String>) {
    let now = repo.github.now();
    {
        let mut state = repo.state.lock();
        let check = state
            .checks
            .get_mut(sha)
            .and_then(|checks| checks.iter_mut().find(|check| check.id == id));
        let Some(check) = check else {
            return;
        };
        check.phase = phase;
        if phase == Phase::InProgress {
            check.started_at = now;
        }
        if phase.conclusion().is_some() {
            check.completed_at = Some(now);
            check.title = title;
        }
    }
    if phase.conclusion().is_some() {
        let sha = sha.to_owned();
        repo.publish([RepositoryEvent::CheckRun {
            sha,
            id,
            action: "completed",
        }]);
    }
}

/// Sets a run's phase.
pub(crate) fn move_run(repo: &Repo, id: u64, phase: Phase) {
    let now = repo.github.now();
    {
        let mut state = repo.state.lock();
        let Some(run) = state.runs.iter_mut().find(|run| run.id == id) else {
            return;
        };
        run.phase = phase;
        run.updated_at = now;
    }
    let action = match phase {
        Phase::Queued => "requested",
        Phase::InProgress => "in_progress",
        Phase::Success | Phase::Failure | Phase::Skipped => "completed",
    };
    repo.publish([RepositoryEvent::WorkflowRun { id, action }]);
}
