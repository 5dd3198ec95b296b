//! Webhooks: what is sent to whom, signed over the raw bytes. Deliveries go out one after the
//! other, so that a receiver sees events in order; like GitHub, nothing is sent twice by itself.

use std::sync::Arc;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use parking_lot::Mutex;
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::sync::mpsc;
use url::Url;

use super::accounts::Account;
use super::acts::merge::uuid;
use super::engine::{Engine, Event};
use super::git::ZERO;
use super::present;
use super::state::{Repository, RepositoryState};

/// A receiver of webhooks.
#[derive(Clone)]
struct Hook {
    url: Url,
    secret: String,
}

struct Delivery {
    hook: Hook,
    event: &'static str,
    id: String,
    body: Vec<u8>,
}

/// The configured receivers and the queue to them.
pub(crate) struct Webhooks {
    hooks: Mutex<Vec<Hook>>,
    queue: mpsc::UnboundedSender<Delivery>,
}

impl Webhooks {
    /// The queue, and the work that empties it.
    pub(crate) fn new(client: reqwest::Client) -> (Self, impl Future<Output = ()>) {
        let (queue, mut deliveries) = mpsc::unbounded_channel::<Delivery>();
        let work = async move {
            while let Some(delivery) = deliveries.recv().await {
                deliver(&client, delivery).await;
            }
        };
        let hooks = Self {
            hooks: Mutex::default(),
            queue,
        };
        (hooks, work)
    }

    /// Adds a receiver.
    pub(crate) fn add(&self, url: Url, secret: String) {
        self.hooks.lock().push(Hook { url, secret });
    }

    /// Queues one event for every receiver.
    pub(crate) fn send(&self, event: &'static str, body: &Value) {
        for hook in self.hooks.lock().iter() {
            let delivery = Delivery {
                hook: hook.clone(),
                event,
                id: uuid(),
                body: body.to_string().into_bytes(),
            };
            if self.queue.send(delivery).is_err() {
                tracing::debug!(event, "the forge is closing: a webhook was not sent");
            }
        }
    }
}

async fn deliver(client: &reqwest::Client, delivery: Delivery) {
    let Delivery {
        hook,
        event,
        id,
        body,
    } = delivery;
    let answer = client
        .post(hook.url.clone())
        .timeout(Duration::from_secs(10))
        .header("Content-Type", "application/json")
        .header("User-Agent", "GitHub-Hookshot/lab")
        .header("X-GitHub-Event", event)
        .header("X-GitHub-Delivery", &id)
        .header("X-Hub-Signature-256", signature(&hook.secret, &body))
        .body(body)
        .send()
        .await;
    match answer {
        Ok(answer) if answer.status().is_success() => {}
        Ok(answer) => tracing::warn!(event, id, status = %answer.status(), "a webhook was refused"),
        Err(error) => tracing::warn!(event, id, %error, "a webhook was not delivered"),
    }
}

/// `X-Hub-Signature-256` of a body: `sha256=` and the hex of its HMAC-SHA256.
#[must_use]
pub fn signature(secret: &str, body: &[u8]) -> String {
    match Hmac::<Sha256>::new_from_slice(secret.as_bytes()) {
        Ok(mut mac) => {
            mac.update(body);
            format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
        }
        Err(error) => unreachable!("HMAC takes keys of any length: {error}"),
    }
}

/// The event's name and body, or `None` for what GitHub sends no webhook of.
pub(crate) fn body(
    engine: &Arc<Engine>,
    repository: &Arc<Repository>,
    event: &Event,
) -> Option<(&'static str, Value)> {
    let links = engine.links();
    let state = repository.state.lock();
    let (name, by, mut body): (_, &Account, _) = match event {
        Event::Push { update, by } => {
            let head = repository.git.commit(&update.after).ok().flatten();
            let body = json!({
                "ref": update.reference,
                "before": update.before,
                "after": update.after,
                "created": update.before == ZERO,
                "deleted": update.after == ZERO,
                "forced": false,
                "base_ref": null,
                "compare": format!("{}/{}", links.web, repository.full_name()),
                "commits": [],
                "head_commit": head.map(|commit| json!({
                    "id": commit.oid,
                    "tree_id": commit.tree,
                    "message": commit.message,
                    "timestamp": present::stamp(commit.committer.at),
                })),
                "pusher": { "name": by.login, "email": by.email() },
            });
            ("push", by, body)
        }
        Event::PullRequest { number, action, by } => {
            let pull = state.pulls.get(number)?;
            let summary = present::pull_detail(&links, repository, &state, pull);
            let summary = summary
                .inspect_err(|error| tracing::error!(%error, "a webhook was left incomplete"))
                .ok()?;
            let body = json!({ "action": action, "number": number, "pull_request": summary });
            ("pull_request", by, body)
        }
        Event::Review {
            number,
            review,
            action,
            by,
        } => {
            let pull = state.pulls.get(number)?;
            let review = pull.reviews.iter().find(|other| other.id == *review)?;
            let mut about = present::review(&links, repository, pull, review);
            about["state"] = review.state.as_str().to_lowercase().into();
            let body = json!({
                "action": action,
                "review": about,
                "pull_request": present::pull(&links, repository, pull),
            });
            ("pull_request_review", by, body)
        }
        Event::Status { sha, id } => {
            let status = state
                .statuses
                .get(sha)?
                .iter()
                .find(|status| status.id == *id)?;
            let body = json!({
                "id": status.id,
                "sha": sha,
                "name": repository.full_name(),
                "state": status.state,
                "context": status.context,
                "description": status.description,
                "target_url": status.target_url,
                "branches": [],
                "created_at": present::stamp(status.created_at),
                "updated_at": present::stamp(status.created_at),
            });
            ("status", status.creator, body)
        }
        Event::CheckRun { sha, id, action } => {
            let check = state
                .checks
                .get(sha)?
                .iter()
                .find(|check| check.id == *id)?;
            let about = present::check_run(&links, repository, &state, check);
            let by = run_actor(&state, check.run)?;
            (
                "check_run",
                by,
                json!({ "action": action, "check_run": about }),
            )
        }
        Event::WorkflowRun { id, action } => {
            let run = state.runs.iter().find(|run| run.id == *id)?;
            let about = present::workflow_run(&links, repository, run);
            (
                "workflow_run",
                run.actor,
                json!({ "action": action, "workflow_run": about }),
            )
        }
        Event::Dispatch {
            event_type,
            payload,
            by,
        } => {
            let body = json!({
                "action": event_type,
                "branch": super::state::DEFAULT_BRANCH,
                "client_payload": payload,
            });
            ("repository_dispatch", by, body)
        }
        Event::Image { .. } | Event::Chart { .. } => return None,
    };
    body["repository"] = present::repository(&links, repository);
    body["sender"] = present::user(&links, by);
    Some((name, body))
}

fn run_actor(state: &RepositoryState, run: u64) -> Option<&'static Account> {
    state
        .runs
        .iter()
        .find(|other| other.id == run)
        .map(|run| run.actor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_signed_as_in_githubs_documentation() {
        assert_eq!(
            signature("It's a Secret to Everybody", b"Hello, World!"),
            "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
        );
    }
}
