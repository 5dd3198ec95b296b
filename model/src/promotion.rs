//! The pull request that would carry a release into an environment, and who may do what with it.

use serde::{Deserialize, Serialize};

use crate::pipeline::RepositoryName;
use crate::{ChartVersion, CommitId, Timestamp};

/// Whether a pull request is open, merged or closed without a merge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PromotionState {
    /// It waits.
    Open,
    /// It was merged.
    Merged,
    /// It was closed without a merge.
    Closed,
}

/// Whether GitHub could merge it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Mergeable {
    /// Without conflict.
    Clean,
    /// It conflicts with its base.
    Conflicting,
    /// GitHub is still computing it.
    Computing,
}

/// How one check or status stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CheckState {
    /// It succeeded, or was skipped or neutral.
    Passed,
    /// It failed, was cancelled or timed out.
    Failed,
    /// It has not ended.
    Pending,
}

/// One check on the head.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Check {
    /// Its name or context.
    pub name: String,
    /// How it stands.
    pub state: CheckState,
    /// Whether the rules of the branch require it.
    pub required: bool,
    /// Its page.
    #[cfg_attr(target_arch = "wasm32", serde(skip_deserializing))]
    pub url: Option<String>,
    /// What it says of itself.
    #[cfg_attr(target_arch = "wasm32", serde(skip_deserializing))]
    pub description: Option<String>,
}

/// One approval, or the opposite.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Review {
    /// Who.
    pub login: String,
    /// Whether it approves; otherwise it asks for changes.
    pub approves: bool,
    /// Whether it counts: given by somebody who may write.
    pub counts: bool,
    /// The commit that it was given to, as GitHub says; attribution, not proof.
    #[cfg_attr(target_arch = "wasm32", serde(skip_deserializing))]
    pub commit: Option<CommitId>,
    /// When.
    pub at: Timestamp,
    /// What they wrote, where they wrote something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// A promotion pull request, whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promotion {
    /// Where.
    pub repository: RepositoryName,
    /// Its number.
    pub number: u64,
    /// Its title.
    pub title: String,
    /// Its page.
    pub url: String,
    /// Open, merged or closed.
    pub state: PromotionState,
    /// Whether it is a draft.
    pub draft: bool,
    /// Who opened it.
    pub author: String,
    /// The commit that an approval would be for.
    pub head: CommitId,
    /// The branch of the head.
    pub head_ref: String,
    /// Who committed the head.
    pub head_by: Option<String>,
    /// When the head was committed.
    pub head_at: Option<Timestamp>,
    /// The branch it would go into.
    pub base_ref: String,
    /// The commit of that branch.
    pub base: CommitId,
    /// Whether it can be merged.
    pub mergeable: Mergeable,
    /// The chart version it declares.
    pub release: Option<ChartVersion>,
    /// The newest opinion of each reviewer.
    pub reviews: Vec<Review>,
    /// Who is asked for a review.
    pub requested: Vec<String>,
    /// How many approvals the rules ask for; `None` where the rules could not be read.
    pub required_approvals: Option<u32>,
    /// All checks on the head.
    pub checks: Vec<Check>,
    /// Names of required checks, reported or not.
    pub required_checks: Vec<String>,
    /// The merge methods that the repository allows: `merge`, `squash`, `rebase`.
    pub merge_methods: Vec<String>,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When it was merged or closed.
    pub closed_at: Option<Timestamp>,
    /// Who merged it.
    pub merged_by: Option<String>,
    /// The commit of the merge.
    pub merge_commit: Option<CommitId>,
}

/// What a person may do in a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RepositoryPermission {
    /// Nothing, or unknown.
    None,
    /// Read.
    Read,
    /// Read, and manage issues.
    Triage,
    /// Push, review, merge.
    Write,
    /// Also manage the repository.
    Maintain,
    /// Everything.
    Admin,
}

/// A person with regard to one repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// Their login on GitHub.
    pub login: String,
    /// What they may do there.
    pub permission: RepositoryPermission,
}

/// How many checks stand how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CheckSummary {
    /// Passed.
    pub passed: usize,
    /// Failed.
    pub failed: usize,
    /// Not ended, or required and not reported.
    pub pending: usize,
}

impl CheckSummary {
    /// All of them.
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

    /// Required checks that nothing has reported on the head yet.
    pub fn unreported(&self) -> impl Iterator<Item = &str> {
        let reported = |name: &&str| !self.checks.iter().any(|check| check.name == **name);
        self.required_checks
            .iter()
            .map(String::as_str)
            .filter(reported)
    }

    /// The approvals that count.
    pub fn approvals(&self) -> impl Iterator<Item = &Review> {
        self.reviews
            .iter()
            .filter(|review| review.approves && review.counts)
    }

    /// The first reviewer who asks for changes, and whose word counts.
    #[must_use]
    pub fn refused_by(&self) -> Option<&str> {
        self.reviews
            .iter()
            .find(|review| !review.approves && review.counts)
            .map(|review| review.login.as_str())
    }

    /// How many approvals are missing; `None` where the rules could not be read.
    #[must_use]
    pub fn missing_approvals(&self) -> Option<u32> {
        let given = u32::try_from(self.approvals().count()).unwrap_or(u32::MAX);
        self.required_approvals
            .map(|required| required.saturating_sub(given))
    }

    /// Why `actor` may not approve it, in a sentence; `None` where they may.
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

    /// Why `actor` may not merge it, in a sentence, counting an approval that they would give first
    /// where `approving` is set; `None` where they may.
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
        if let Some(failed) = self
            .checks
            .iter()
            .find(|check| check.required && check.state == CheckState::Failed)
        {
            return Some(format!("The required check «{}» failed.", failed.name));
        }
        let pending = self
            .checks
            .iter()
            .filter(|check| check.required && check.state == CheckState::Pending)
            .map(|check| check.name.as_str())
            .chain(self.unreported())
            .next();
        if let Some(name) = pending {
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn promotion() -> Promotion {
        let at = Timestamp::from_millis(0);
        Promotion {
            repository: RepositoryName {
                owner: "demo".into(),
                name: "podinfo".into(),
            },
            number: 64,
            title: "Promote".into(),
            url: String::new(),
            state: PromotionState::Open,
            draft: false,
            author: "weft-demo[bot]".into(),
            head: CommitId::new("9f3c1a7"),
            head_ref: "promotion".into(),
            head_by: None,
            head_at: None,
            base_ref: "main".into(),
            base: CommitId::new("0000000"),
            mergeable: Mergeable::Clean,
            release: ChartVersion::parse("1.1.7").ok(),
            reviews: vec![],
            requested: vec![],
            required_approvals: Some(1),
            checks: vec![],
            required_checks: vec![],
            merge_methods: vec!["merge".into()],
            opened_at: at,
            closed_at: None,
            merged_by: None,
            merge_commit: None,
        }
    }

    fn actor(login: &str, permission: RepositoryPermission) -> Actor {
        Actor {
            login: login.into(),
            permission,
        }
    }

    fn check(name: &str, state: CheckState) -> Check {
        Check {
            name: name.into(),
            state,
            required: true,
            url: None,
            description: None,
        }
    }

    /// What spoils a promotion, and the words that the refusal must hold.
    type Case = (fn(&mut Promotion), &'static str);

    #[test]
    fn every_reason_not_to_merge_is_said_in_a_sentence() {
        let cases: &[Case] = &[
            (|p| p.state = PromotionState::Merged, "merged already"),
            (|p| p.state = PromotionState::Closed, "closed"),
            (|p| p.draft = true, "draft"),
            (|p| p.mergeable = Mergeable::Conflicting, "conflicts"),
            (|p| p.mergeable = Mergeable::Computing, "still computing"),
            (
                |p| p.checks = vec![check("test", CheckState::Failed)],
                "«test» failed",
            ),
            (
                |p| p.checks = vec![check("test", CheckState::Pending)],
                "«test» has not ended",
            ),
            (
                |p| p.required_checks = vec!["lint".into()],
                "«lint» has not ended",
            ),
            (|p| p.required_approvals = None, "could not be read"),
            (|p| p.required_approvals = Some(2), "One more approval"),
        ];
        let sam = actor("sam", RepositoryPermission::Write);
        for (spoil, words) in cases {
            let mut spoilt = promotion();
            assert_eq!(spoilt.why_not_merge(&sam, true), None);
            spoil(&mut spoilt);
            let why = spoilt.why_not_merge(&sam, true).unwrap_or_default();
            assert!(why.contains(words), "{why} should say {words}");
        }
    }

    #[test]
    fn nobody_approves_their_own() {
        let bot = actor("weft-demo[bot]", RepositoryPermission::Admin);
        assert!(
            promotion()
                .why_not_approve(&bot)
                .unwrap()
                .contains("their own")
        );
    }

    #[test]
    fn a_reader_is_told_before_the_tap() {
        let kim = actor("kim", RepositoryPermission::Read);
        assert!(
            promotion()
                .why_not_approve(&kim)
                .unwrap()
                .contains("write access")
        );
    }

    proptest! {
        #[test]
        fn even_an_admin_never_merges_past_a_failed_required_check(approvals in 0u32..4, required in 0u32..4) {
            let mut promotion = promotion();
            promotion.required_approvals = Some(required);
            promotion.checks = vec![check("test", CheckState::Failed)];
            for n in 0..approvals {
                promotion.reviews.push(Review { login: format!("r{n}"), approves: true, counts: true, commit: None, at: promotion.opened_at, comment: None });
            }
            prop_assert!(promotion.why_not_merge(&actor("root", RepositoryPermission::Admin), true).is_some());
        }
    }
}
