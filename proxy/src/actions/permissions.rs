//! What a viewer may do, and why not.

use model::api::Permission;
use model::pipeline::RepositoryName;
use model::promotion::{Actor, Promotion, PromotionState, RepositoryPermission};

use super::ActionError;
use crate::app::AppState;
use crate::auth::Person;
use crate::github::{self, Credentials};

/// The four actions of a card.
pub(super) struct CardPermissions {
    pub(super) approve: Permission,
    pub(super) approve_and_merge: Permission,
    pub(super) merge: Permission,
    pub(super) refuse: Permission,
}

impl CardPermissions {
    /// Returns what `actor` may do; without one, that they must sign in.
    pub(super) fn of(promotion: &Promotion, actor: Option<&Actor>) -> Self {
        let Some(actor) = actor else {
            let sign_in = || Permission::unless(Some("Sign in with GitHub first.".into()));
            return Self {
                approve: sign_in(),
                approve_and_merge: sign_in(),
                merge: sign_in(),
                refuse: sign_in(),
            };
        };
        let approve = promotion.why_not_approve(actor);
        let both = approve
            .clone()
            .or_else(|| promotion.why_not_merge(actor, true));
        Self {
            approve: Permission::unless(approve),
            approve_and_merge: Permission::unless(both),
            merge: Permission::unless(promotion.why_not_merge(actor, false)),
            refuse: Permission::unless(why_not_refuse(promotion, actor)),
        }
    }
}

/// Returns why `actor` may not ask for changes, in a sentence; `None` where they may.
pub(super) fn why_not_refuse(promotion: &Promotion, actor: &Actor) -> Option<String> {
    match promotion.state {
        PromotionState::Merged => return Some("It is merged already.".into()),
        PromotionState::Closed => return Some("It was closed without a merge.".into()),
        PromotionState::Open => {}
    }
    if is_author(promotion, actor) {
        return Some("You opened this pull request; close it on GitHub instead.".into());
    }
    (actor.permission < RepositoryPermission::Write).then(|| {
        format!(
            "@{} may only read {}; a refusal from you would not count. Ask for write access.",
            actor.login, promotion.repository
        )
    })
}

/// Whether `actor` opened the pull request.
pub(super) fn is_author(promotion: &Promotion, actor: &Actor) -> bool {
    promotion.author.eq_ignore_ascii_case(&actor.login)
}

/// Returns what is missing before the merge, in a sentence.
pub(super) fn missing(promotion: &Promotion) -> String {
    match promotion.state {
        PromotionState::Merged => {
            return promotion
                .merged_by
                .as_ref()
                .map_or_else(|| "It is merged.".into(), |by| format!("Merged by @{by}."));
        }
        PromotionState::Closed => return "It was closed without a merge.".into(),
        PromotionState::Open => {}
    }
    // Nobody may more than this actor, so that what stops them stops everyone.
    let anybody = Actor {
        login: String::new(),
        permission: RepositoryPermission::Maintain,
    };
    let beyond_approvals = promotion.why_not_merge(&anybody, true);
    match (promotion.missing_approvals(), beyond_approvals) {
        (Some(0), None) => "Nothing is missing: it can be merged.".into(),
        (Some(0) | None, Some(why)) => why,
        (None, None) => "The rules of the branch could not be read.".into(),
        (Some(missing), why) => {
            let approvals = if missing == 1 {
                "1 approval is missing".to_owned()
            } else {
                format!("{missing} approvals are missing")
            };
            let asked = if promotion.requested.is_empty() {
                String::new()
            } else {
                format!("; asked: @{}", promotion.requested.join(", @"))
            };
            let why = why
                .filter(|_| missing == 1)
                .map(|why| format!(" {why}"))
                .unwrap_or_default();
            format!("{approvals}{asked}.{why}")
        }
    }
}

/// Fails with `NotPermitted` for a person without write access to a repository; `deed` ends the sentence.
pub(super) async fn require_write(
    app: &AppState,
    person: &Person,
    repository: &RepositoryName,
    deed: &str,
) -> Result<(), ActionError> {
    match why_not_write(app, person, repository, deed).await? {
        None => Ok(()),
        Some(why) => Err(ActionError::NotPermitted {
            code: "no_write_access",
            why,
        }),
    }
}

/// Returns why a person may not write to a repository, as GitHub says now; `deed` ends the sentence.
pub(super) async fn why_not_write(
    app: &AppState,
    person: &Person,
    repository: &RepositoryName,
    deed: &str,
) -> Result<Option<String>, github::Error> {
    let permission = app
        .github
        .permission(Credentials::Person(&person.token), repository)
        .await?;
    Ok((permission < RepositoryPermission::Write)
        .then(|| format!("You need write access to {repository} to {deed}.")))
}
