//! The decisions of an attempt, as functions of what was read.

use model::CommitId;
use model::promotion::{Actor, Promotion, PromotionState, RepositoryPermission};

use super::super::permissions::{is_author, why_not_refuse};
use crate::auth::intent::Subject;
use crate::github;

/// An action as a person orders it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Approve,
    ApproveAndMerge,
    Refuse,
}

impl Action {
    /// Returns the name in the journal.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::ApproveAndMerge => "approve_and_merge",
            Self::Refuse => "refuse",
        }
    }
}

/// The transitions that an action takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ApprovalPath {
    Approve,
    ApproveAndMerge,
    /// Without a review.
    Merge,
    Refuse,
}

/// Why an attempt ends without its action; answered with the card of the last reading.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum AbortReason {
    Changed { code: &'static str, why: String },
    NotPermitted { code: &'static str, why: String },
    RulesUnmet(String),
    GitHub(github::Error),
}

/// Compares what is there with what the person saw.
///
/// The commit of the base branch is not compared: it moves whenever another environment is promoted. A
/// moved base that changes the result changes the diff.
pub(super) fn unchanged(
    subject: &Subject,
    promotion: &Promotion,
    diff_digest: &str,
) -> Result<(), AbortReason> {
    let (code, why) = if promotion.state != PromotionState::Open {
        let how = if promotion.state == PromotionState::Merged {
            "merged"
        } else {
            "closed"
        };
        ("not_open", format!("It has been {how} in the meantime."))
    } else if promotion.head != subject.head {
        let (saw, now) = (subject.head.short(), promotion.head.short());
        (
            "head_moved",
            format!("You saw {saw}; now it is {now}. Nothing was done: look at what is new."),
        )
    } else if promotion.base_ref != subject.base_ref {
        (
            "base_changed",
            format!(
                "It was to go into {}; now it would go into {}. Nothing was done.",
                subject.base_ref, promotion.base_ref
            ),
        )
    } else if diff_digest != subject.diff_digest {
        let why = "It now changes something else than you saw. Nothing was done.";
        ("diff_changed", why.to_owned())
    } else {
        return Ok(());
    };
    Err(AbortReason::Changed { code, why })
}

/// Chooses the path of an action that the rules allow. A person who has approved already, or opened the
/// pull request, may still merge what the approvals of others allow.
pub(super) fn path(
    action: Action,
    promotion: &Promotion,
    actor: &Actor,
) -> Result<ApprovalPath, AbortReason> {
    let why_not_approve = || promotion.why_not_approve(actor);
    let (path, why_not) = match action {
        Action::Refuse => (ApprovalPath::Refuse, why_not_refuse(promotion, actor)),
        Action::Approve => (ApprovalPath::Approve, why_not_approve()),
        Action::ApproveAndMerge => match why_not_approve() {
            Some(_) if promotion.why_not_merge(actor, false).is_none() => {
                (ApprovalPath::Merge, None)
            }
            Some(why) => (ApprovalPath::ApproveAndMerge, Some(why)),
            None => (
                ApprovalPath::ApproveAndMerge,
                promotion.why_not_merge(actor, true),
            ),
        },
    };
    match why_not {
        None => Ok(path),
        Some(why) if is_author(promotion, actor) => Err(AbortReason::NotPermitted {
            code: "own_pull_request",
            why,
        }),
        Some(why) if actor.permission < RepositoryPermission::Write => {
            Err(AbortReason::NotPermitted {
                code: "no_write_access",
                why,
            })
        }
        Some(why) => Err(AbortReason::RulesUnmet(why)),
    }
}

/// Returns the id of the review that was given, `None` where its answer was lost but the promotion, read
/// afterwards, has it. With `head` it is an approval of that commit, else it asks for changes.
pub(super) fn review_given(
    given: Result<u64, github::Error>,
    after: &Promotion,
    login: &str,
    head: Option<&CommitId>,
) -> Result<Option<u64>, github::Error> {
    let stands = after.reviews.iter().any(|review| {
        let is_it = match head {
            Some(head) => review.approves && review.commit.as_ref() == Some(head),
            None => !review.approves,
        };
        is_it && review.login == login
    });
    match given {
        Ok(id) => Ok(Some(id)),
        Err(_) if stands => Ok(None),
        Err(lost) => Err(lost),
    }
}

pub(super) fn why_dismissed(seen: &CommitId, now: &CommitId) -> String {
    let (seen, now) = (seen.short(), now.short());
    format!("Approved at {seen}, but the head moved to {now} at the same moment.")
}

pub(super) fn moved_while_approving(now: &CommitId, dismissed: bool) -> AbortReason {
    let then = if dismissed {
        "Your approval was taken back."
    } else {
        "Your approval stands on the older commit; dismiss it on GitHub if it should not count."
    };
    AbortReason::Changed {
        code: "head_moved",
        why: format!(
            "The head moved to {} while you approved. {then}",
            now.short()
        ),
    }
}

/// Returns the commit of a merge that was not confirmed but that the promotion, read afterwards, has.
pub(super) fn merge_found(
    error: github::Error,
    after: &Promotion,
    head: &CommitId,
    reviewed: bool,
) -> Result<CommitId, AbortReason> {
    let is_merged = after.state == PromotionState::Merged && after.head == *head;
    if let (true, Some(commit)) = (is_merged, &after.merge_commit) {
        return Ok(commit.clone());
    }
    let it = if reviewed {
        "Your approval was given, but it"
    } else {
        "It"
    };
    Err(match error {
        github::Error::Conflict { .. } => AbortReason::Changed {
            code: "head_moved",
            why: format!("{it} was not merged: the head moved at the same moment."),
        },
        github::Error::NotAllowed { message } => {
            AbortReason::RulesUnmet(format!("{it} was not merged. GitHub says: {message}"))
        }
        error => AbortReason::GitHub(error),
    })
}

/// Returns a sentence for the person where a merge commit does not join the head that they saw.
pub(super) fn merge_doubt(
    parents: &[CommitId],
    head: &CommitId,
    commit: &CommitId,
) -> Option<String> {
    if matches!(parents, [_, second] if second == head) {
        return None;
    }
    Some(format!(
        " Look at it at once: the merge {} is not of the commit that you saw.",
        commit.short()
    ))
}

#[cfg(test)]
mod tests {
    use model::Timestamp;
    use model::pipeline::RepositoryName;
    use model::promotion::{Mergeable, Review};

    use super::*;

    const HEAD: &str = "9f3c1a7";

    fn promotion() -> Promotion {
        Promotion {
            repository: home(),
            number: 64,
            title: "Promote".into(),
            url: String::new(),
            state: PromotionState::Open,
            draft: false,
            author: "bot".into(),
            head: CommitId::new(HEAD),
            head_ref: "promotion-stg".into(),
            head_by: None,
            head_at: None,
            base_ref: "trunk".into(),
            base: CommitId::new("b"),
            mergeable: Mergeable::Clean,
            release: None,
            reviews: Vec::new(),
            requested: Vec::new(),
            required_approvals: Some(1),
            checks: Vec::new(),
            required_checks: Vec::new(),
            merge_methods: vec!["merge".into()],
            opened_at: Timestamp::default(),
            closed_at: None,
            merged_by: None,
            merge_commit: None,
        }
    }

    fn home() -> RepositoryName {
        RepositoryName::new("demo", "podinfo")
    }

    fn subject() -> Subject {
        Subject {
            user: 7,
            repository: home(),
            number: 64,
            head: CommitId::new(HEAD),
            base_ref: "trunk".into(),
            base: CommitId::new("b"),
            diff_digest: "d1".into(),
            method: "merge".into(),
        }
    }

    fn review(login: &str, approves: bool, commit: &str) -> Review {
        Review {
            login: login.into(),
            approves,
            counts: true,
            commit: Some(CommitId::new(commit)),
            at: Timestamp::default(),
            comment: None,
        }
    }

    fn actor(login: &str, permission: RepositoryPermission) -> Actor {
        Actor {
            login: login.into(),
            permission,
        }
    }

    fn writer() -> Actor {
        actor("kim", RepositoryPermission::Write)
    }

    fn lost() -> github::Error {
        github::Error::Unavailable {
            why: "no connection".into(),
        }
    }

    #[test]
    fn whatever_the_person_did_not_see_stops_the_attempt() {
        assert_eq!(unchanged(&subject(), &promotion(), "d1"), Ok(()));
        let merged = |promotion: &mut Promotion| promotion.state = PromotionState::Merged;
        let pushed = |promotion: &mut Promotion| promotion.head = CommitId::new("other");
        let retargeted = |promotion: &mut Promotion| promotion.base_ref = "main".into();
        let based = |promotion: &mut Promotion| promotion.base = CommitId::new("c");
        let same = |_: &mut Promotion| ();
        for (change, digest, expected) in [
            (merged as fn(&mut Promotion), "d1", Some("not_open")),
            (pushed, "d1", Some("head_moved")),
            (retargeted, "d1", Some("base_changed")),
            (same, "d2", Some("diff_changed")),
            (based, "d1", None),
        ] {
            let mut promotion = promotion();
            change(&mut promotion);
            let code = match unchanged(&subject(), &promotion, digest) {
                Err(AbortReason::Changed { code, .. }) => Some(code),
                other => other.map(|()| None).expect("another stop"),
            };
            assert_eq!(code, expected);
        }
    }

    #[test]
    fn each_action_has_its_path() {
        for (action, expected) in [
            (Action::Approve, ApprovalPath::Approve),
            (Action::ApproveAndMerge, ApprovalPath::ApproveAndMerge),
            (Action::Refuse, ApprovalPath::Refuse),
        ] {
            assert_eq!(path(action, &promotion(), &writer()), Ok(expected));
        }
    }

    #[test]
    fn who_may_not_approve_may_merge_what_others_approved() {
        let mut approved = promotion();
        approved.reviews = vec![review("sam", true, HEAD)];
        let author = actor("bot", RepositoryPermission::Write);
        for actor in [&author, &actor("sam", RepositoryPermission::Write)] {
            let path = path(Action::ApproveAndMerge, &approved, actor);
            assert_eq!(path, Ok(ApprovalPath::Merge));
        }
        let alone = path(Action::ApproveAndMerge, &promotion(), &author);
        assert!(matches!(
            alone,
            Err(AbortReason::NotPermitted {
                code: "own_pull_request",
                ..
            })
        ));
    }

    #[test]
    fn what_stops_only_this_person_and_what_stops_everyone_are_told_apart() {
        let reader = actor("lee", RepositoryPermission::Read);
        for action in [Action::Approve, Action::ApproveAndMerge, Action::Refuse] {
            let stop = path(action, &promotion(), &reader);
            assert!(matches!(
                stop,
                Err(AbortReason::NotPermitted {
                    code: "no_write_access",
                    ..
                })
            ));
        }
        let mut draft = promotion();
        draft.draft = true;
        let stop = path(Action::Approve, &draft, &writer());
        assert!(matches!(stop, Err(AbortReason::RulesUnmet(_))));
    }

    #[test]
    fn a_review_whose_answer_was_lost_is_found_only_where_it_is_the_persons_own() {
        let head = CommitId::new(HEAD);
        let given = |reviews: Vec<Review>, head: Option<&CommitId>| {
            let after = Promotion {
                reviews,
                ..promotion()
            };
            review_given(Err(lost()), &after, "kim", head)
        };
        assert_eq!(
            given(vec![review("kim", true, HEAD)], Some(&head)),
            Ok(None)
        );
        assert_eq!(given(vec![review("kim", false, "old")], None), Ok(None));
        for (reviews, head) in [
            (vec![], Some(&head)),
            (vec![review("sam", true, HEAD)], Some(&head)),
            (vec![review("kim", true, "old")], Some(&head)),
            (vec![review("kim", false, HEAD)], Some(&head)),
            (vec![review("kim", true, HEAD)], None),
        ] {
            assert_eq!(given(reviews, head), Err(lost()));
        }
        let known = review_given(Ok(9), &promotion(), "kim", Some(&head));
        assert_eq!(known, Ok(Some(9)));
    }

    #[test]
    fn a_merge_whose_answer_was_lost_is_found_by_head_and_commit() {
        let head = CommitId::new(HEAD);
        let merged = Promotion {
            state: PromotionState::Merged,
            merge_commit: Some(CommitId::new("m")),
            ..promotion()
        };
        let found = merge_found(lost(), &merged, &head, true);
        assert_eq!(found, Ok(CommitId::new("m")));
        let other = Promotion {
            head: CommitId::new("other"),
            ..merged
        };
        for after in [other, promotion()] {
            let found = merge_found(lost(), &after, &head, true);
            assert_eq!(found, Err(AbortReason::GitHub(lost())));
        }
    }

    #[test]
    fn a_merge_that_github_rejects_says_whether_the_approval_was_given() {
        let head = CommitId::new(HEAD);
        let message = String::from("rules");
        let conflict = github::Error::Conflict {
            message: message.clone(),
        };
        let stop = merge_found(conflict, &promotion(), &head, true);
        assert!(
            matches!(stop, Err(AbortReason::Changed { code: "head_moved", why }) if why.starts_with("Your approval was given, but it was not merged"))
        );
        let not_allowed = github::Error::NotAllowed { message };
        let stop = merge_found(not_allowed, &promotion(), &head, false);
        let why = "It was not merged. GitHub says: rules";
        assert_eq!(stop, Err(AbortReason::RulesUnmet(why.to_owned())));
    }

    #[test]
    fn an_approval_of_an_older_head_says_whether_it_still_stands() {
        let now = CommitId::new("other");
        for (dismissed, then) in [(true, "was taken back"), (false, "stands on the older")] {
            let AbortReason::Changed { code, why } = moved_while_approving(&now, dismissed) else {
                panic!("another stop");
            };
            assert!(code == "head_moved" && why.contains(then), "{why}");
        }
    }

    #[test]
    fn a_merge_is_of_the_head_that_the_person_saw_or_in_doubt() {
        let id = CommitId::new;
        let doubt = |parents: &[CommitId]| merge_doubt(parents, &id(HEAD), &id("m"));
        assert_eq!(doubt(&[id("b"), id(HEAD)]), None);
        for parents in [
            &[][..],
            &[id(HEAD)],
            &[id("b"), id("c")],
            &[id(HEAD), id("b")],
        ] {
            let sentence = doubt(parents).expect("a doubt");
            assert!(sentence.contains("not of the commit that you saw"));
        }
    }
}
