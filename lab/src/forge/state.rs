//! What the forge remembers beside git: pull requests, reviews, statuses, checks, runs, images and
//! charts. Plain data; the rules are in `rules`, the changes in `acts`.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use time::OffsetDateTime;

use super::accounts::Account;
use super::git::Git;

/// One repository: git on disk, the rest in memory.
pub(crate) struct Repository {
    pub(crate) id: u64,
    pub(crate) owner: String,
    pub(crate) name: String,
    pub(crate) created_at: OffsetDateTime,
    pub(crate) git: Git,
    /// Held by whoever moves a ref, so that checks and moves are one step. Taken before `state`.
    pub(crate) moving: Mutex<()>,
    /// Held by the promotion job, so that one promotion is written at a time.
    pub(crate) promoting: Mutex<()>,
    pub(crate) state: Mutex<RepositoryState>,
}

impl Repository {
    /// `owner/name`.
    pub(crate) fn full_name(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }
}

/// The branch that everything is released from.
pub(crate) const DEFAULT_BRANCH: &str = "main";

/// What one repository remembers.
#[derive(Default)]
pub(crate) struct RepositoryState {
    pub(crate) pulls: BTreeMap<u64, Pull>,
    /// By commit, oldest first.
    pub(crate) statuses: HashMap<String, Vec<Status>>,
    /// By commit, oldest first.
    pub(crate) checks: HashMap<String, Vec<CheckRun>>,
    /// Oldest first.
    pub(crate) runs: Vec<WorkflowRun>,
    /// By tag.
    pub(crate) images: BTreeMap<String, Image>,
    /// Newest first.
    pub(crate) charts: Vec<Chart>,
    /// Asynchronous merges by uuid.
    pub(crate) merges: HashMap<String, AsyncMerge>,
}

impl RepositoryState {
    /// The number of the next pull request.
    pub(crate) fn next_number(&self) -> u64 {
        self.pulls
            .last_key_value()
            .map_or(1, |(number, _)| number + 1)
    }

    /// The latest check run of each name on a commit, sorted by name.
    pub(crate) fn latest_checks(&self, sha: &str) -> Vec<&CheckRun> {
        let mut latest = BTreeMap::new();
        for check in self.checks.get(sha).into_iter().flatten() {
            latest.insert(check.name.as_str(), check);
        }
        latest.into_values().collect()
    }

    /// The latest status of each context on a commit, sorted by context.
    pub(crate) fn latest_statuses(&self, sha: &str) -> Vec<&Status> {
        let mut latest = BTreeMap::new();
        for status in self.statuses.get(sha).into_iter().flatten() {
            latest.insert(status.context.as_str(), status);
        }
        latest.into_values().collect()
    }
}

/// One pull request.
#[derive(Clone)]
pub(crate) struct Pull {
    pub(crate) id: u64,
    pub(crate) number: u64,
    pub(crate) title: String,
    pub(crate) body: String,
    pub(crate) author: &'static Account,
    pub(crate) head_ref: String,
    pub(crate) base_ref: String,
    /// The head's oid, kept after the branch is gone.
    pub(crate) head: String,
    /// The base's oid when the pull request was opened or last pushed to, or what it merged into.
    pub(crate) base: String,
    pub(crate) draft: bool,
    pub(crate) created_at: OffsetDateTime,
    pub(crate) updated_at: OffsetDateTime,
    pub(crate) closed_at: Option<OffsetDateTime>,
    pub(crate) merged: Option<Merged>,
    pub(crate) reviews: Vec<Review>,
    pub(crate) requested: BTreeSet<&'static str>,
    pub(crate) requested_team: bool,
    pub(crate) timeline: Vec<Happening>,
    pub(crate) comments: Vec<Comment>,
}

impl Pull {
    pub(crate) fn is_open(&self) -> bool {
        self.closed_at.is_none()
    }
}

/// How a pull request was merged.
#[derive(Clone)]
pub(crate) struct Merged {
    pub(crate) by: &'static Account,
    pub(crate) at: OffsetDateTime,
    pub(crate) commit: String,
}

/// What a review says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReviewState {
    Approved,
    ChangesRequested,
    Commented,
    Dismissed,
}

impl ReviewState {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "APPROVED",
            Self::ChangesRequested => "CHANGES_REQUESTED",
            Self::Commented => "COMMENTED",
            Self::Dismissed => "DISMISSED",
        }
    }
}

/// One review.
#[derive(Clone)]
pub(crate) struct Review {
    pub(crate) id: u64,
    pub(crate) author: &'static Account,
    pub(crate) state: ReviewState,
    pub(crate) body: String,
    pub(crate) commit: String,
    pub(crate) submitted_at: OffsetDateTime,
}

/// Something that happened to a pull request, for its timeline.
#[derive(Clone)]
pub(crate) struct Happening {
    pub(crate) id: u64,
    pub(crate) by: &'static Account,
    pub(crate) at: OffsetDateTime,
    pub(crate) what: What,
}

/// What happened.
#[derive(Clone)]
pub(crate) enum What {
    HeadForcePushed {
        before: String,
        after: String,
    },
    ReviewDismissed {
        review: u64,
        previous: ReviewState,
        message: String,
    },
}

/// One comment on a pull request.
#[derive(Clone)]
pub(crate) struct Comment {
    pub(crate) id: u64,
    pub(crate) author: &'static Account,
    pub(crate) body: String,
    pub(crate) created_at: OffsetDateTime,
}

/// One commit status.
#[derive(Clone)]
pub(crate) struct Status {
    pub(crate) id: u64,
    /// `error`, `failure`, `pending` or `success`.
    pub(crate) state: String,
    pub(crate) context: String,
    pub(crate) description: Option<String>,
    pub(crate) target_url: Option<String>,
    pub(crate) creator: &'static Account,
    pub(crate) created_at: OffsetDateTime,
}

/// How far a check or run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Queued,
    InProgress,
    Success,
    Failure,
    Skipped,
}

impl Phase {
    pub(crate) fn status(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::InProgress => "in_progress",
            Self::Success | Self::Failure | Self::Skipped => "completed",
        }
    }

    pub(crate) fn conclusion(self) -> Option<&'static str> {
        match self {
            Self::Queued | Self::InProgress => None,
            Self::Success => Some("success"),
            Self::Failure => Some("failure"),
            Self::Skipped => Some("skipped"),
        }
    }

    pub(crate) fn passes(self) -> bool {
        matches!(self, Self::Success | Self::Skipped)
    }
}

/// One check on a commit.
#[derive(Clone)]
pub(crate) struct CheckRun {
    pub(crate) id: u64,
    pub(crate) run: u64,
    pub(crate) name: String,
    pub(crate) head: String,
    pub(crate) phase: Phase,
    pub(crate) title: Option<String>,
    pub(crate) started_at: OffsetDateTime,
    pub(crate) completed_at: Option<OffsetDateTime>,
}

/// One run of a workflow.
#[derive(Clone)]
pub(crate) struct WorkflowRun {
    pub(crate) id: u64,
    pub(crate) number: u64,
    pub(crate) name: &'static str,
    pub(crate) path: &'static str,
    pub(crate) event: &'static str,
    pub(crate) title: String,
    pub(crate) head_branch: String,
    pub(crate) head: String,
    pub(crate) actor: &'static Account,
    pub(crate) phase: Phase,
    pub(crate) created_at: OffsetDateTime,
    pub(crate) updated_at: OffsetDateTime,
}

/// One image in the registry.
#[derive(Clone, Debug)]
pub(crate) struct Image {
    pub(crate) tag: String,
    pub(crate) revision: String,
    pub(crate) color: String,
    pub(crate) version: String,
    pub(crate) created_at: OffsetDateTime,
}

/// One chart package in the chart repository.
#[derive(Clone)]
pub(crate) struct Chart {
    pub(crate) version: String,
    pub(crate) created_at: OffsetDateTime,
    pub(crate) archive: Arc<ChartArchive>,
}

/// The package itself.
pub(crate) struct ChartArchive {
    pub(crate) bytes: Bytes,
    /// The SHA-256 of the bytes, bare hex.
    pub(crate) digest: String,
}

/// An asynchronous merge, as it stands.
#[derive(Clone)]
pub(crate) struct AsyncMerge {
    pub(crate) number: u64,
    pub(crate) expected_head: String,
    pub(crate) method: String,
    pub(crate) action: String,
    pub(crate) outcome: AsyncOutcome,
}

/// How an asynchronous merge ended, if it did.
#[derive(Clone)]
pub(crate) enum AsyncOutcome {
    Pending,
    Merged(String),
    Failed(String),
}
