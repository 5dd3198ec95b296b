//! Branch protection: the requirements that a pull request does not meet, in GitHub's words. Reads only.

use std::sync::Arc;

use super::accounts::Permission;
use super::git::FileDiff;
use super::repository::{DEFAULT_BRANCH, Pull, Repository, RepositoryState, Review, ReviewState};

/// The requirements of a protected branch.
pub(crate) struct Protection {
    /// Approvals by accounts that may write.
    pub(crate) approvals: usize,
    /// The checks that must pass.
    pub(crate) checks: &'static [&'static str],
}

const MAIN: Protection = Protection {
    approvals: 1,
    checks: &["test", "versions agree", "chart lint"],
};

/// The protection of a branch, by its short name.
pub(crate) fn protection(branch: &str) -> Option<&'static Protection> {
    (branch == DEFAULT_BRANCH).then_some(&MAIN)
}

/// The verdict of the reviews.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    Approved,
    ChangesRequested,
    ReviewRequired,
}

impl Decision {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "APPROVED",
            Self::ChangesRequested => "CHANGES_REQUESTED",
            Self::ReviewRequired => "REVIEW_REQUIRED",
        }
    }
}

/// The sum of all checks and statuses of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rollup {
    Failure,
    Pending,
    Success,
}

impl Rollup {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Failure => "FAILURE",
            Self::Pending => "PENDING",
            Self::Success => "SUCCESS",
        }
    }
}

/// The merge state of a pull request.
pub(crate) struct Judgement {
    /// Whether git can merge it.
    pub(crate) mergeable: bool,
    /// `None` when review is no gate.
    pub(crate) decision: Option<Decision>,
    /// The requirements that are not met, in GitHub's sentences.
    pub(crate) unmet: Vec<String>,
    /// `clean`, `blocked`, `dirty`, `draft`, `unstable` or `unknown`.
    pub(crate) state: &'static str,
}

/// The latest review of each author that approves, refuses or was dismissed, oldest first.
pub(crate) fn opinions(pull: &Pull, writers_only: bool) -> Vec<&Review> {
    let mut latest: Vec<&Review> = Vec::new();
    for review in &pull.reviews {
        let counts = !writers_only || review.author.permission >= Permission::Write;
        if counts && review.state != ReviewState::Commented {
            latest.retain(|other| other.author != review.author);
            latest.push(review);
        }
    }
    latest
}

/// The sum of the checks and statuses of a commit, or `None` when there are none.
pub(crate) fn rollup(state: &RepositoryState, sha: &str) -> Option<Rollup> {
    let checks = state.latest_checks(sha).into_iter().map(|check| {
        if check.phase.passes() {
            Rollup::Success
        } else if check.phase.conclusion().is_some() {
            Rollup::Failure
        } else {
            Rollup::Pending
        }
    });
    let statuses =
        state
            .latest_statuses(sha)
            .into_iter()
            .map(|status| match status.state.as_str() {
                "success" => Rollup::Success,
                "pending" => Rollup::Pending,
                _ => Rollup::Failure,
            });
    let all: Vec<Rollup> = checks.chain(statuses).collect();
    [Rollup::Failure, Rollup::Pending, Rollup::Success]
        .into_iter()
        .find(|worst| all.contains(worst))
}

/// Judges an open pull request by git and by the protection of its base.
pub(crate) fn judge(
    repo: &Repository,
    state: &RepositoryState,
    pull: &Pull,
) -> anyhow::Result<Judgement> {
    let rollup = rollup(state, &pull.head);
    let opinions = opinions(pull, true);
    let approvals = opinions
        .iter()
        .filter(|review| review.state == ReviewState::Approved)
        .count();
    let refused = opinions
        .iter()
        .any(|review| review.state == ReviewState::ChangesRequested);
    let protection = protection(&pull.base_ref);
    let decision = protection.map(|protection| {
        if refused {
            Decision::ChangesRequested
        } else if approvals >= protection.approvals {
            Decision::Approved
        } else {
            Decision::ReviewRequired
        }
    });
    let mergeable = match repo.git.branch(&pull.base_ref) {
        Some(base) if pull.is_open() => repo.git.merged_tree(&base, &pull.head)?.is_some(),
        _ => false,
    };
    let mut unmet = Vec::new();
    match decision {
        Some(Decision::ReviewRequired) => unmet.push(
            "At least 1 approving review is required by reviewers with write access.".to_owned(),
        ),
        Some(Decision::ChangesRequested) => {
            unmet.push("Changes have been requested.".to_owned());
        }
        Some(Decision::Approved) | None => {}
    }
    if let Some(protection) = protection {
        unmet.extend(unmet_checks(state, &pull.head, protection));
    }
    let state = if !pull.is_open() {
        "unknown"
    } else if pull.draft {
        "draft"
    } else if !mergeable {
        "dirty"
    } else if !unmet.is_empty() {
        "blocked"
    } else if matches!(rollup, Some(Rollup::Failure | Rollup::Pending)) {
        "unstable"
    } else {
        "clean"
    };
    Ok(Judgement {
        mergeable,
        decision,
        unmet,
        state,
    })
}

fn unmet_checks(state: &RepositoryState, sha: &str, protection: &Protection) -> Vec<String> {
    let checks = state.latest_checks(sha);
    let statuses = state.latest_statuses(sha);
    protection
        .checks
        .iter()
        .filter_map(|name| {
            let check = checks.iter().find(|check| check.name == *name);
            let status = statuses.iter().find(|status| status.context == *name);
            let word = match (check.map(|check| check.phase), status) {
                (Some(phase), _) if phase.passes() => return None,
                (Some(phase), _) if phase.conclusion().is_some() => "failing",
                (Some(_), _) => "in progress",
                (None, Some(status)) if status.state == "success" => return None,
                (None, Some(status)) if status.state == "pending" => "in progress",
                (None, Some(_)) => "failing",
                (None, None) => "expected",
            };
            Some(format!("Required status check \"{name}\" is {word}."))
        })
        .collect()
}

/// The files that a pull request changes.
pub(crate) fn files(repo: &Repository, pull: &Pull) -> anyhow::Result<Arc<Vec<FileDiff>>> {
    match repo.git.compare(&base_of(repo, pull), &pull.head)? {
        Some(comparison) => repo.git.diff(&comparison.merge_base, &pull.head),
        None => Ok(Arc::default()),
    }
}

/// The commits that a pull request brings, oldest first.
pub(crate) fn commits(repo: &Repository, pull: &Pull) -> anyhow::Result<Vec<String>> {
    let comparison = repo.git.compare(&base_of(repo, pull), &pull.head)?;
    Ok(comparison.map_or_else(Vec::new, |comparison| comparison.ahead.clone()))
}

/// Returns the commit that a pull request is compared with: the base's tip while it is open, then the one
/// that it merged into.
fn base_of(repo: &Repository, pull: &Pull) -> String {
    match repo.git.branch(&pull.base_ref) {
        Some(tip) if pull.is_open() => tip,
        _ => pull.base.clone(),
    }
}
