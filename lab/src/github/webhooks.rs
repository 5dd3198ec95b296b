//! Webhooks: the payloads, and their delivery signed over the raw bytes. Deliveries go out one after
//! the other, so that a receiver sees events in order; like GitHub, nothing is sent again by itself.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use url::Url;
use uuid::Uuid;

use super::accounts::Account;
use super::event::RepositoryEvent;
use super::git::ZERO;
use super::json;
use super::repository::DEFAULT_BRANCH;
use super::state::{GitHubState, Repo};
use crate::signature::sign;

/// A receiver of webhooks.
#[derive(Clone)]
struct Hook {
    url: Url,
    secret: String,
}

struct Delivery {
    hook: Hook,
    event: &'static str,
    body: Vec<u8>,
}

/// The configured receivers.
#[derive(Default)]
pub(crate) struct Webhooks {
    hooks: Mutex<Vec<Hook>>,
}

impl Webhooks {
    /// Sends every event from now on to the receivers.
    pub(crate) fn start(github: &Arc<GitHubState>, client: reqwest::Client) -> Arc<Self> {
        let webhooks = Arc::new(Self::default());
        let (queue, mut deliveries) = mpsc::unbounded_channel();
        let configured = webhooks.clone();
        github.on_event("webhooks", move |repo, event| {
            let hooks = configured.hooks.lock().clone();
            if hooks.is_empty() {
                return;
            }
            let Some((event, body)) = payload(repo, event) else {
                return;
            };
            let body = body.to_string().into_bytes();
            for hook in hooks {
                let body = body.clone();
                if queue.send(Delivery { hook, event, body }).is_err() {
                    tracing::debug!(event, "a webhook was not sent: the server shuts down");
                }
            }
        });
        github.spawn(async move {
            while let Some(delivery) = deliveries.recv().await {
                deliver(&client, delivery).await;
            }
        });
        webhooks
    }

    /// Adds a receiver.
    pub(crate) fn add(&self, url: Url, secret: String) {
        self.hooks.lock().push(Hook { url, secret });
    }
}

async fn deliver(client: &reqwest::Client, delivery: Delivery) {
    let Delivery { hook, event, body } = delivery;
    let id = Uuid::new_v4().to_string();
    let answer = client
        .post(hook.url.clone())
        .timeout(Duration::from_secs(10))
        .header("Content-Type", "application/json")
        .header("User-Agent", "GitHub-Hookshot/lab")
        .header("X-GitHub-Event", event)
        .header("X-GitHub-Delivery", &id)
        .header("X-Hub-Signature-256", sign(&hook.secret, &body))
        .body(body)
        .send()
        .await;
    match answer {
        Ok(answer) if answer.status().is_success() => {}
        Ok(answer) => tracing::warn!(event, id, status = %answer.status(), "a webhook was refused"),
        Err(error) => tracing::warn!(event, id, %error, "a webhook was not delivered"),
    }
}

/// Returns the event's name and body, `None` for events that GitHub sends no webhook of.
fn payload(repo: &Repo, event: &RepositoryEvent) -> Option<(&'static str, Value)> {
    let state = repo.state.lock();
    let (name, by, mut body): (_, &Account, _) = match event {
        RepositoryEvent::Push { update, by } => {
            let head = repo.git.commit(&update.after).ok().flatten();
            let body = json!({
                "ref": update.reference,
                "before": update.before,
                "after": update.after,
                "created": update.before == ZERO,
                "deleted": update.after == ZERO,
                "forced": false,
                "base_ref": null,
                "compare": repo.page(),
                "commits": [],
                "head_commit": head.map(|commit| json!({
                    "id": commit.oid,
                    "tree_id": commit.tree,
                    "message": commit.message,
                    "timestamp": json::stamp(commit.committer.at),
                })),
                "pusher": { "name": by.login, "email": by.email() },
            });
            ("push", by, body)
        }
        RepositoryEvent::PullRequest { number, action, by } => {
            let pull = state.pulls.get(number)?;
            let summary = json::pull_detail(repo, &state, pull);
            let summary = summary
                .inspect_err(|error| tracing::error!(%error, "a webhook was left incomplete"))
                .ok()?;
            let body = json!({ "action": action, "number": number, "pull_request": summary });
            ("pull_request", by, body)
        }
        RepositoryEvent::Review {
            number,
            review,
            action,
            by,
        } => {
            let pull = state.pulls.get(number)?;
            let review = pull.reviews.iter().find(|other| other.id == *review)?;
            let mut about = json::review(repo, pull, review);
            about["state"] = review.state.as_str().to_lowercase().into();
            let body = json!({
                "action": action,
                "review": about,
                "pull_request": json::pull(repo, pull),
            });
            ("pull_request_review", by, body)
        }
        RepositoryEvent::Status { sha, id } => {
            let statuses = state.statuses.get(sha)?;
            let status = statuses.iter().find(|status| status.id == *id)?;
            let mut body = json::status(repo, sha, status);
            body["sha"] = sha.as_str().into();
            body["name"] = repo.full_name().into();
            ("status", status.creator, body)
        }
        RepositoryEvent::CheckRun { sha, id, action } => {
            let checks = state.checks.get(sha)?;
            let check = checks.iter().find(|check| check.id == *id)?;
            let run = state.runs.iter().find(|run| run.id == check.run)?;
            let about = json::check_run(repo, check);
            let body = json!({ "action": action, "check_run": about });
            ("check_run", run.actor, body)
        }
        RepositoryEvent::WorkflowRun { id, action } => {
            let run = state.runs.iter().find(|run| run.id == *id)?;
            let about = json::workflow_run(repo, run);
            (
                "workflow_run",
                run.actor,
                json!({ "action": action, "workflow_run": about }),
            )
        }
        RepositoryEvent::Dispatch {
            event_type,
            payload,
            by,
        } => {
            let body = json!({
                "action": event_type,
                "branch": DEFAULT_BRANCH,
                "client_payload": payload,
            });
            ("repository_dispatch", by, body)
        }
        RepositoryEvent::Image { .. } | RepositoryEvent::Chart { .. } => return None,
    };
    body["repository"] = json::repository(repo);
    body["sender"] = json::user(&repo.github.links(), by);
    Some((name, body))
}
