//! Statuses, check runs and workflow runs.

use serde_json::{Value, json};

use super::format::{node_id, stamp};
use super::people::user;
use super::repositories;
use crate::github::repository::{CheckRun, Status, WorkflowRun};
use crate::github::state::Repo;

/// `status`.
pub(crate) fn status(repo: &Repo, sha: &str, status: &Status) -> Value {
    let creator = user(&repo.github.links(), status.creator);
    json!({
        "url": format!("{}/statuses/{sha}", repo.api()),
        "avatar_url": creator["avatar_url"],
        "id": status.id,
        "node_id": node_id("SC", status.id),
        "state": status.state,
        "description": status.description,
        "target_url": status.target_url,
        "context": status.context,
        "created_at": stamp(status.created_at),
        "updated_at": stamp(status.created_at),
        "creator": creator,
    })
}

/// `check-run`, as far as webhooks carry it here.
pub(crate) fn check_run(repo: &Repo, check: &CheckRun) -> Value {
    let page = format!("{}/actions/runs/{}", repo.page(), check.run);
    json!({
        "id": check.id,
        "name": check.name,
        "node_id": node_id("CR", check.id),
        "head_sha": check.head,
        "url": format!("{}/check-runs/{}", repo.api(), check.id),
        "html_url": page,
        "details_url": page,
        "status": check.phase.status(),
        "conclusion": check.phase.conclusion(),
        "started_at": stamp(check.started_at),
        "completed_at": check.completed_at.map(stamp),
        "output": { "title": check.title, "summary": check.title },
        "check_suite": { "id": check.run },
    })
}

/// `workflow-run`.
pub(crate) fn workflow_run(repo: &Repo, run: &WorkflowRun) -> Value {
    let (api, workflow) = (repo.api(), run.workflow);
    let url = format!("{api}/actions/runs/{}", run.id);
    let repository = repositories::repository(repo);
    let actor = user(&repo.github.links(), run.actor);
    let workflow_id = workflow_id(workflow.path);
    json!({
        "id": run.id,
        "name": workflow.name,
        "node_id": node_id("WFR", run.id),
        "check_suite_id": run.id,
        "check_suite_node_id": node_id("CS", run.id),
        "head_branch": run.head_branch,
        "head_sha": run.head,
        "path": workflow.path,
        "display_title": run.title,
        "run_number": run.number,
        "run_attempt": 1,
        "event": workflow.event,
        "status": run.phase.status(),
        "conclusion": run.phase.conclusion(),
        "workflow_id": workflow_id,
        "url": url,
        "html_url": format!("{}/actions/runs/{}", repo.page(), run.id),
        "pull_requests": [],
        "created_at": stamp(run.created_at),
        "updated_at": stamp(run.updated_at),
        "run_started_at": stamp(run.created_at),
        "actor": actor,
        "triggering_actor": actor,
        "jobs_url": format!("{url}/jobs"),
        "logs_url": format!("{url}/logs"),
        "check_suite_url": format!("{api}/check-suites/{}", run.id),
        "artifacts_url": format!("{url}/artifacts"),
        "cancel_url": format!("{url}/cancel"),
        "rerun_url": format!("{url}/rerun"),
        "previous_attempt_url": null,
        "workflow_url": format!("{api}/actions/workflows/{workflow_id}"),
        "head_commit": null,
        "repository": repository,
        "head_repository": repository,
    })
}

/// Derives a workflow's id from the path of its file, so that it is the same at each start.
fn workflow_id(path: &str) -> u64 {
    path.bytes()
        .fold(7, |id: u64, byte| (id * 31 + u64::from(byte)) % 90_000_000)
}
