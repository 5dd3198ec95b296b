//! Who may approve or merge a promotion, and why not.

use crate::world::{check, promotion};
use model::promotion::{
    Actor, CheckState, Mergeable, Promotion, PromotionState, RepositoryPermission, Review,
};
use proptest::prelude::*;

fn actor(login: &str, permission: RepositoryPermission) -> Actor {
    Actor {
        login: login.into(),
        permission,
    }
}

/// A change of a promotion, and a part of the reason against merging it.
type Case = (fn(&mut Promotion), &'static str);

#[test]
fn every_reason_not_to_merge_is_said_in_a_sentence() {
    let cases: &[Case] = &[
        (|p| p.state = PromotionState::Merged, "merged already"),
        (|p| p.state = PromotionState::Closed, "closed"),
        (|p| p.draft = true, "draft"),
        (|p| p.mergeable = Mergeable::Conflicting, "conflicts"),
        (|p| p.mergeable = Mergeable::Computing, "still computing"),
        (|p| p.checks[0].state = CheckState::Failed, "«test» failed"),
        (
            |p| p.checks[0].state = CheckState::Pending,
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
        let mut spoilt = promotion("uat", "1.1.7");
        assert_eq!(spoilt.why_not_merge(&sam, true), None);
        spoil(&mut spoilt);
        let why = spoilt.why_not_merge(&sam, true).unwrap_or_default();
        assert!(why.contains(words), "{why} should say {words}");
    }
}

#[test]
fn who_may_not_approve_is_told_before_the_tap() {
    for (login, permission, words) in [
        ("weft-demo[bot]", RepositoryPermission::Admin, "their own"),
        ("kim", RepositoryPermission::Read, "write access"),
    ] {
        let why = promotion("uat", "1.1.7").why_not_approve(&actor(login, permission));
        assert!(why.expect("a reason").contains(words), "{login}");
    }
}

proptest! {
    #[test]
    fn even_an_admin_never_merges_past_a_failed_required_check(approvals in 0u32..4, required in 0u32..4) {
        let mut promotion = promotion("uat", "1.1.7");
        promotion.required_approvals = Some(required);
        promotion.checks = vec![check("test", CheckState::Failed)];
        for n in 0..approvals {
            promotion.reviews.push(Review { login: format!("r{n}"), approves: true, counts: true, commit: None, at: promotion.opened_at, comment: None });
        }
        prop_assert!(promotion.why_not_merge(&actor("root", RepositoryPermission::Admin), true).is_some());
    }
}
