//! The pull request that promotes a release into an environment, and who may approve or merge it.

use serde::{Deserialize, Serialize};

use crate::pipeline::RepositoryName;
use crate::{ChartVersion, CommitId, Timestamp};

/// The state of a pull request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PromotionState {
    Open,
    Merged,
    /// Closed without a merge.
    Closed,
}

/// Whether GitHub can merge a pull request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Mergeable {
    Clean,
    /// In conflict with its base.
    Conflicting,
    Computing,
}

/// The state of a check or commit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CheckState {
    /// Succeeded, skipped or neutral.
    Passed,
    /// Failed, cancelled or timed out.
    Failed,
    Pending,
}

/// A check or commit status on the head.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Check {
    /// The name of a check, or the context of a commit status.
    pub name: String,
    pub state: CheckState,
    /// Whether the rules of the branch require it.
    pub required: bool,
    pub url: Option<String>,
    pub description: Option<String>,
}

/// The newest opinion of a reviewer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Review {
    pub login: String,
    /// Whether it approves; otherwise it requests changes.
    pub approves: bool,
    /// Whether it counts, because the reviewer may write.
    pub counts: bool,
    /// The commit that GitHub attributes it to, which is no proof of what was reviewed.
    pub commit: Option<CommitId>,
    pub at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// A promotion pull request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promotion {
    pub repository: RepositoryName,
    pub number: u64,
    pub title: String,
    /// The page on GitHub.
    pub url: String,
    pub state: PromotionState,
    pub draft: bool,
    /// The login of who opened it.
    pub author: String,
    /// The commit that an approval applies to.
    pub head: CommitId,
    pub head_ref: String,
    /// The login or name of the author of the head.
    pub head_by: Option<String>,
    pub head_at: Option<Timestamp>,
    /// The branch that it merges into.
    pub base_ref: String,
    /// The head of that branch.
    pub base: CommitId,
    pub mergeable: Mergeable,
    /// The chart version that it declares.
    pub release: Option<ChartVersion>,
    pub reviews: Vec<Review>,
    /// Logins of the requested reviewers.
    pub requested: Vec<String>,
    /// The number of approvals that the rules require; `None` where the rules could not be read.
    pub required_approvals: Option<u32>,
    pub checks: Vec<Check>,
    /// The names of all required checks, including those that have not reported.
    pub required_checks: Vec<String>,
    /// The merge methods that the repository allows: `merge`, `squash`, `rebase`.
    pub merge_methods: Vec<String>,
    pub opened_at: Timestamp,
    /// When it was merged or closed.
    pub closed_at: Option<Timestamp>,
    pub merged_by: Option<String>,
    pub merge_commit: Option<CommitId>,
}

/// The permission of a person in a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RepositoryPermission {
    /// No permission, or an unknown one.
    None,
    Read,
    /// Read, and manage issues.
    Triage,
    /// Push, review and merge.
    Write,
    Maintain,
    Admin,
}

/// A person with regard to one repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    pub login: String,
    pub permission: RepositoryPermission,
}

/// The number of checks in each state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CheckSummary {
    pub passed: usize,
    pub failed: usize,
    /// Not ended, or required and not reported.
    pub pending: usize,
}

impl CheckSummary {
    /// Returns the number of checks.
    #[must_use]
    pub fn total(self) -> usize {
        self.passed + self.failed + self.pending
    }
}

impl Promotion {
    /// Counts the checks; a required one that has not reported counts as pending.
    #[must_use]
    pub fn summary(&self) -> CheckSummary {
        let count = |state| {
            self.checks
                .iter()
                .filter(|check| check.state == state)
                .count()
        };
        CheckSummary {
            passed: count(CheckState::Passed),
            failed: count(CheckState::Failed),
            pending: count(CheckState::Pending) + self.unreported().count(),
        }
    }

    /// Returns the required checks that have not reported on the head.
    pub fn unreported(&self) -> impl Iterator<Item = &str> {
        let reported = |name: &&str| !self.checks.iter().any(|check| check.name == **name);
        self.required_checks
            .iter()
            .map(String::as_str)
            .filter(reported)
    }

    /// Returns the first required check in a state.
    #[must_use]
    pub fn required_check(&self, state: CheckState) -> Option<&Check> {
        let mut checks = self.checks.iter();
        checks.find(|check| check.required && check.state == state)
    }

    /// Returns the approvals that count.
    pub fn approvals(&self) -> impl Iterator<Item = &Review> {
        self.reviews
            .iter()
            .filter(|review| review.approves && review.counts)
    }

    /// Returns the first reviewer whose review counts and requests changes.
    #[must_use]
    pub fn refused_by(&self) -> Option<&str> {
        self.reviews
            .iter()
            .find(|review| !review.approves && review.counts)
            .map(|review| review.login.as_str())
    }

    /// Returns the number of missing approvals; `None` where the rules could not be read.
    #[must_use]
    pub fn missing_approvals(&self) -> Option<u32> {
        let given = u32::try_from(self.approvals().count()).unwrap_or(u32::MAX);
        self.required_approvals
            .map(|required| required.saturating_sub(given))
    }

    /// Returns why `actor` may not approve, in a sentence; `None` where they may.
    #[must_use]
    pub fn why_not_approve(&self, actor: &Actor) -> Option<String> {
        if let Some(why) = self.why_closed() {
            return Some(why);
        }
        if self.author.eq_ignore_ascii_case(&actor.login) {
            return Some(
                "You opened this pull request; GitHub lets nobody approve their own.".into(),
            );
        }
        if actor.permission < RepositoryPermission::Write {
            return Some(format!(
                "@{} may only read {}; an approval from you would not count. Ask for write access.",
                actor.login, self.repository
            ));
        }
        if self.draft {
            return Some("It is a draft; mark it ready for review on GitHub first.".into());
        }
        if self
            .approvals()
            .any(|review| review.login == actor.login && review.commit.as_ref() == Some(&self.head))
        {
            return Some(format!("You have approved {} already.", self.head.short()));
        }
        None
    }

    /// Returns why `actor` may not merge, in a sentence; `None` where they may. With `approving`, the approval
    /// that they give first counts.
    #[must_use]
    pub fn why_not_merge(&self, actor: &Actor, approving: bool) -> Option<String> {
        if let Some(why) = self.why_closed() {
            return Some(why);
        }
        if actor.permission < RepositoryPermission::Write {
            return Some(format!(
                "@{} may not merge in {}; ask for write access.",
                actor.login, self.repository
            ));
        }
        if self.draft {
            return Some("It is a draft; mark it ready for review on GitHub first.".into());
        }
        match self.mergeable {
            Mergeable::Conflicting => {
                return Some(format!(
                    "It conflicts with {}; resolve that on GitHub first.",
                    self.base_ref
                ));
            }
            Mergeable::Computing => {
                return Some("GitHub is still computing whether it can be merged.".into());
            }
            Mergeable::Clean => {}
        }
        if let Some(failed) = self.required_check(CheckState::Failed) {
            return Some(format!("The required check «{}» failed.", failed.name));
        }
        let pending = self.required_check(CheckState::Pending);
        let pending = pending.map(|check| check.name.as_str());
        if let Some(name) = pending.or_else(|| self.unreported().next()) {
            return Some(format!("The required check «{name}» has not ended."));
        }
        if let Some(login) = self
            .refused_by()
            .filter(|login| !(approving && *login == actor.login))
        {
            return Some(format!("@{login} asks for changes."));
        }
        let Some(missing) = self.missing_approvals() else {
            return Some(format!(
                "The rules of {} could not be read, so nothing is merged.",
                self.base_ref
            ));
        };
        let has_approved = self.approvals().any(|review| review.login == actor.login);
        let missing = if approving && !has_approved {
            missing.saturating_sub(1)
        } else {
            missing
        };
        match missing {
            0 => None,
            1 => Some("One more approval is needed.".into()),
            more => Some(format!("{more} more approvals are needed.")),
        }
    }

    fn why_closed(&self) -> Option<String> {
        match self.state {
            PromotionState::Open => None,
            PromotionState::Merged => Some("It is merged already.".into()),
            PromotionState::Closed => Some("It was closed without a merge.".into()),
        }
    }
}
