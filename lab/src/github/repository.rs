//! The data of a repository besides git: pull requests, reviews, statuses, checks, runs, images and
//! charts. Plain data; the rules are in `rules`, the changes in `operations`.

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

/// The state of one repository besides git.
#[derive(Default)]
pub(crate) struct RepositoryState {
    pub(crate) pulls: BTreeMap<u64, Pull>,
    /// By commit, oldest first.
    pub(crate) statuses: HashMap<String, Vec<Status>>,
    /// By commit, oldest first.
    pub(crate) checks: HashMap<String, Vec<CheckRun>>,
    /// Oldest first.
    pub(crate) runs: Vec<WorkflowRun>,
    /// The images of the container registry, by tag.
    pub(crate) images: BTreeMap<String, Image>,
    /// Newest first.
    pub(crate) charts: Vec<Chart>,
}

impl RepositoryState {
    /// Returns the number of the next pull request.
    pub(crate) fn next_number(&self) -> u64 {
        self.pulls
            .last_key_value()
            .map_or(1, |(number, _)| number + 1)
    }

    /// The open pull request from a branch.
    pub(crate) fn open_from(&self, branch: &str) -> Option<&Pull> {
        let mut pulls = self.pulls.values();
        pulls.find(|pull| pull.is_open() && pull.head_ref == branch)
    }

    /// Returns the number of the next run of a workflow.
    pub(crate) fn next_run_number(&self, workflow: &Workflow) -> u64 {
        let runs = self.runs.iter();
        runs.filter(|run| run.workflow.path == workflow.path)
            .count() as u64
            + 1
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
    pub(crate) comments: Vec<Comment>,
}

impl Pull {
    /// The word of the GraphQL enum `PullRequestState`.
    pub(crate) fn state(&self) -> &'static str {
        match (&self.merged, self.is_open()) {
            (Some(_), _) => "MERGED",
            (None, true) => "OPEN",
            (None, false) => "CLOSED",
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.closed_at.is_none()
    }
}

/// The merge of a pull request.
#[derive(Clone)]
pub(crate) struct Merged {
    pub(crate) by: &'static Account,
    pub(crate) at: OffsetDateTime,
    pub(crate) commit: String,
}

/// The verdict of a review.
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

/// A review of a pull request.
#[derive(Clone)]
pub(crate) struct Review {
    pub(crate) id: u64,
    pub(crate) author: &'static Account,
    pub(crate) state: ReviewState,
    pub(crate) body: String,
    pub(crate) commit: String,
    pub(crate) submitted_at: OffsetDateTime,
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

/// The status and conclusion of a check or run.
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

/// A workflow of the repository.
pub(crate) struct Workflow {
    pub(crate) name: &'static str,
    /// The path of its file.
    pub(crate) path: &'static str,
    /// The event that starts it.
    pub(crate) event: &'static str,
    /// The names of its jobs, each of which is a check.
    pub(crate) checks: &'static [&'static str],
}

/// One run of a workflow.
#[derive(Clone)]
pub(crate) struct WorkflowRun {
    pub(crate) id: u64,
    pub(crate) number: u64,
    pub(crate) workflow: &'static Workflow,
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
