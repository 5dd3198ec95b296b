//! What is said about commits: statuses, check runs, workflow runs. And dispatches, which start
//! runs from outside.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::forge::accounts::Account;
use crate::forge::engine::{Engine, Event};
use crate::forge::refusal::Refusal;
use crate::forge::state::{CheckRun, Phase, Repository, Status, WorkflowRun};

use super::require_write;

/// A status to be set.
pub(crate) struct NewStatus {
    pub(crate) state: String,
    pub(crate) context: String,
    pub(crate) description: Option<String>,
    pub(crate) target_url: Option<String>,
}

/// Sets a status on a commit and returns its id.
pub(crate) fn set_status(
    engine: &Arc<Engine>,
    repository: &Arc<Repository>,
    by: &'static Account,
    sha: &str,
    new: NewStatus,
) -> Result<u64, Refusal> {
    require_write(by)?;
    if !matches!(
        new.state.as_str(),
        "error" | "failure" | "pending" | "success"
    ) {
        return Err(Refusal::invalid(
            "Status",
            "state",
            "invalid",
            "state is invalid",
        ));
    }
    let sha = repository
        .git
        .commit(sha)?
        .map(|commit| commit.oid.clone())
        .ok_or_else(|| Refusal::unprocessable(format!("No commit found for SHA: {sha}")))?;
    let id = engine.next_id();
    repository
        .state
        .lock()
        .statuses
        .entry(sha.clone())
        .or_default()
        .push(Status {
            id,
            state: new.state,
            context: new.context,
            description: new.description,
            target_url: new.target_url,
            creator: by,
            created_at: engine.now(),
        });
    engine.publish(repository, vec![Event::Status { sha, id }]);
    Ok(id)
}

/// Takes a dispatch; what follows is the jobs' matter.
pub(crate) fn dispatch(
    engine: &Arc<Engine>,
    repository: &Arc<Repository>,
    by: &'static Account,
    event_type: &str,
    payload: Value,
) -> Result<(), Refusal> {
    require_write(by)?;
    let refuse = |field: &str, message: &str| {
        Err(Refusal::invalid(
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
    let event = Event::Dispatch {
        event_type: event_type.to_owned(),
        payload,
        by,
    };
    engine.publish(repository, vec![event]);
    Ok(())
}

/// A run to be recorded.
pub(crate) struct NewRun {
    pub(crate) name: &'static str,
    pub(crate) path: &'static str,
    pub(crate) event: &'static str,
    pub(crate) title: String,
    pub(crate) head_branch: String,
    pub(crate) head: String,
    pub(crate) actor: &'static Account,
}

/// Records a queued workflow run with one queued check per job; returns the run's id and the
/// checks' ids in the order of `jobs`.
pub(crate) fn start_run(
    engine: &Arc<Engine>,
    repository: &Arc<Repository>,
    new: NewRun,
    jobs: &[&str],
) -> (u64, Vec<u64>) {
    let now = engine.now();
    let run = engine.next_id();
    let ids: Vec<u64> = jobs.iter().map(|_| engine.next_id()).collect();
    let head = new.head.clone();
    {
        let mut state = repository.state.lock();
        let number = state.runs.iter().filter(|run| run.path == new.path).count() as u64 + 1;
        state.runs.push(WorkflowRun {
            id: run,
            number,
            name: new.name,
            path: new.path,
            event: new.event,
            title: new.title,
            head_branch: new.head_branch,
            head: new.head,
            actor: new.actor,
            phase: Phase::Queued,
            created_at: now,
            updated_at: now,
        });
        let checks = state.checks.entry(head.clone()).or_default();
        checks.extend(jobs.iter().zip(&ids).map(|(name, id)| CheckRun {
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
    let mut events = vec![Event::WorkflowRun {
        id: run,
        action: "requested",
    }];
    events.extend(ids.iter().map(|id| Event::CheckRun {
        sha: head.clone(),
        id: *id,
        action: "created",
    }));
    engine.publish(repository, events);
    (run, ids)
}

/// Moves a check on, with a sentence about its outcome.
pub(crate) fn move_check(
    engine: &Arc<Engine>,
    repository: &Arc<Repository>,
    sha: &str,
    id: u64,
    phase: Phase,
    title: Option<String>,
) {
    let now = engine.now();
    {
        let mut state = repository.state.lock();
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
        engine.publish(
            repository,
            vec![Event::CheckRun {
                sha,
                id,
                action: "completed",
            }],
        );
    }
}

/// Moves a run on.
pub(crate) fn move_run(engine: &Arc<Engine>, repository: &Arc<Repository>, id: u64, phase: Phase) {
    let now = engine.now();
    {
        let mut state = repository.state.lock();
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
    engine.publish(repository, vec![Event::WorkflowRun { id, action }]);
}
