//! Statuses, check runs and workflow runs.

use serde_json::{Value, json};

use super::people::{app, user};
use super::{Links, node_id, repositories, stamp};
use crate::forge::state::{CheckRun, Repository, RepositoryState, Status, WorkflowRun};

/// `status`.
pub(crate) fn status(links: &Links, repository: &Repository, sha: &str, status: &Status) -> Value {
    let mut body = simple_status(links, repository, sha, status);
    body["creator"] = user(links, status.creator);
    body
}

/// `simple-commit-status`, which does not say who set it.
fn simple_status(links: &Links, repository: &Repository, sha: &str, status: &Status) -> Value {
    let login = status.creator.slug();
    json!({
        "url": format!("{}/repos/{}/statuses/{sha}", links.api, repository.full_name()),
        "avatar_url": format!("{}/avatars/{login}.svg", links.web),
        "id": status.id,
        "node_id": node_id("SC", status.id),
        "state": status.state,
        "description": status.description,
        "target_url": status.target_url,
        "context": status.context,
        "created_at": stamp(status.created_at),
        "updated_at": stamp(status.created_at),
    })
}

/// `combined-commit-status`: `pending` when there are none.
pub(crate) fn combined_status(
    links: &Links,
    repository: &Repository,
    state: &RepositoryState,
    sha: &str,
) -> Value {
    let statuses: Vec<&Status> = state.latest_statuses(sha);
    let word = |status: &&&Status| status.state != "success" && status.state != "pending";
    let combined = if statuses.iter().any(|status| word(&status)) {
        "failure"
    } else if statuses.is_empty() || statuses.iter().any(|status| status.state == "pending") {
        "pending"
    } else {
        "success"
    };
    let url = format!(
        "{}/repos/{}/commits/{sha}",
        links.api,
        repository.full_name()
    );
    json!({
        "state": combined,
        "statuses": statuses
            .iter()
            .map(|status| simple_status(links, repository, sha, status))
            .collect::<Vec<_>>(),
        "sha": sha,
        "total_count": statuses.len(),
        "repository": repositories::repository(links, repository),
        "commit_url": url,
        "url": format!("{url}/status"),
    })
}

/// `check-run`.
pub(crate) fn check_run(
    links: &Links,
    repository: &Repository,
    state: &RepositoryState,
    check: &CheckRun,
) -> Value {
    let full_name = repository.full_name();
    let url = format!("{}/repos/{full_name}/check-runs/{}", links.api, check.id);
    let page = format!("{}/{full_name}/actions/runs/{}", links.web, check.run);
    let pulls: Vec<Value> = state
        .pulls
        .values()
        .filter(|pull| pull.is_open() && pull.head == check.head)
        .map(|pull| {
            let repository = json!({
                "id": repository.id,
                "url": format!("{}/repos/{full_name}", links.api),
                "name": repository.name,
            });
            json!({
                "id": pull.id,
                "number": pull.number,
                "url": format!("{}/repos/{full_name}/pulls/{}", links.api, pull.number),
                "head": { "ref": pull.head_ref, "sha": pull.head, "repo": repository },
                "base": { "ref": pull.base_ref, "sha": pull.base, "repo": repository },
            })
        })
        .collect();
    json!({
        "id": check.id,
        "name": check.name,
        "node_id": node_id("CR", check.id),
        "head_sha": check.head,
        "external_id": "",
        "url": url,
        "html_url": page,
        "details_url": page,
        "status": check.phase.status(),
        "conclusion": check.phase.conclusion(),
        "started_at": stamp(check.started_at),
        "completed_at": check.completed_at.map(stamp),
        "output": {
            "title": check.title,
            "summary": check.title,
            "text": null,
            "annotations_count": 0,
            "annotations_url": format!("{url}/annotations"),
        },
        "check_suite": { "id": check.run },
        "app": app(links),
        "pull_requests": pulls,
    })
}

/// `workflow-run`.
pub(crate) fn workflow_run(links: &Links, repository: &Repository, run: &WorkflowRun) -> Value {
    let full_name = repository.full_name();
    let api = format!("{}/repos/{full_name}", links.api);
    let url = format!("{api}/actions/runs/{}", run.id);
    let place = repositories::repository(links, repository);
    json!({
        "id": run.id,
        "name": run.name,
        "node_id": node_id("WFR", run.id),
        "check_suite_id": run.id,
        "check_suite_node_id": node_id("CS", run.id),
        "head_branch": run.head_branch,
        "head_sha": run.head,
        "path": run.path,
        "display_title": run.title,
        "run_number": run.number,
        "run_attempt": 1,
        "event": run.event,
        "status": run.phase.status(),
        "conclusion": run.phase.conclusion(),
        "workflow_id": workflow_id(run.path),
        "url": url,
        "html_url": format!("{}/{full_name}/actions/runs/{}", links.web, run.id),
        "pull_requests": [],
        "created_at": stamp(run.created_at),
        "updated_at": stamp(run.updated_at),
        "run_started_at": stamp(run.created_at),
        "actor": user(links, run.actor),
        "triggering_actor": user(links, run.actor),
        "jobs_url": format!("{url}/jobs"),
        "logs_url": format!("{url}/logs"),
        "check_suite_url": format!("{api}/check-suites/{}", run.id),
        "artifacts_url": format!("{url}/artifacts"),
        "cancel_url": format!("{url}/cancel"),
        "rerun_url": format!("{url}/rerun"),
        "previous_attempt_url": null,
        "workflow_url": format!("{api}/actions/workflows/{}", workflow_id(run.path)),
        "head_commit": null,
        "repository": place,
        "head_repository": place,
    })
}

/// A number for a workflow's file, the same at each start.
fn workflow_id(path: &str) -> u64 {
    path.bytes()
        .fold(7, |id: u64, byte| (id * 31 + u64::from(byte)) % 90_000_000)
}
