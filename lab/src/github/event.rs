//! The events of a repository, to which webhooks, jobs and clusters subscribe.

use std::sync::Arc;

use serde_json::Value;

use super::accounts::Account;
use super::git::RefUpdate;
use super::repository::Repository;

/// An event, and the repository that it happened in.
#[derive(Clone)]
pub struct Published {
    pub(crate) repository: Arc<Repository>,
    pub event: RepositoryEvent,
}

/// A change in a repository. Objects are named by their number or id and read when they are needed.
#[derive(Clone)]
pub enum RepositoryEvent {
    /// A ref was created, moved or deleted.
    Push {
        update: RefUpdate,
        by: &'static Account,
    },
    /// A pull request changed; `action` is the webhook's word.
    PullRequest {
        number: u64,
        action: &'static str,
        by: &'static Account,
    },
    /// A review was submitted or dismissed.
    Review {
        number: u64,
        review: u64,
        action: &'static str,
        by: &'static Account,
    },
    /// A commit status was set.
    Status { sha: String, id: u64 },
    /// A check run was created or completed.
    CheckRun {
        sha: String,
        id: u64,
        action: &'static str,
    },
    /// A workflow run was requested, started or completed.
    WorkflowRun { id: u64, action: &'static str },
    /// A `repository_dispatch` was sent.
    Dispatch {
        event_type: String,
        payload: Value,
        by: &'static Account,
    },
    /// The container registry holds a new tag.
    Image { tag: String },
    /// The chart repository holds a new version.
    Chart { version: String },
}
