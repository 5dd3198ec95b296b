//! Approving a promotion, and merging it where that is ordered.

use model::CommitId;
use model::api::{ActionResult, Approve};
use model::pipeline::RepositoryName;
use model::promotion::{Promotion, PromotionState};

use super::ActionError;
use super::protocol::{Order, Taken};
use super::reading::Reading;
use crate::app::App;
use crate::auth::Person;
use crate::github;

/// Carries out a tap on *Approve*, *Approve and merge*, or *Merge*.
///
/// # Errors
/// `Changed` where what was seen is not what is there, `NotPermitted`, `RulesUnmet`, or what GitHub said.
pub async fn approve(
    app: &App,
    person: &Person,
    repository: &RepositoryName,
    number: u64,
    order: Approve,
) -> Result<ActionResult, ActionError> {
    let action = if order.merge {
        "approve_and_merge"
    } else {
        "approve"
    };
    let words = order.comment.unwrap_or_default();
    match Order::take(app, person, repository, number, &order.intent, action).await? {
        Taken::Before(result) => Ok(*result),
        Taken::Now(taken) => taken.end(attempt(&taken, &words, order.merge).await).await,
    }
}

async fn attempt(order: &Order<'_>, words: &str, merge: bool) -> Result<ActionResult, ActionError> {
    let reading = order.begin().await?;
    let result = act(order, reading, words, merge).await;
    order.note_done(&result).await;
    result
}

async fn act(
    order: &Order<'_>,
    reading: Reading,
    words: &str,
    merge: bool,
) -> Result<ActionResult, ActionError> {
    let actor = order.actor(&reading);
    let why_not_approve = reading.promotion.why_not_approve(&actor);
    // Who has approved already, or opened it themselves, may still merge what others' approvals allow.
    let merge_only = merge
        && why_not_approve.is_some()
        && reading.promotion.why_not_merge(&actor, false).is_none();
    if merge_only {
        return merged(order, reading, false).await;
    }
    let why_not = why_not_approve.or_else(|| {
        merge
            .then(|| reading.promotion.why_not_merge(&actor, true))
            .flatten()
    });
    if let Some(why) = why_not {
        return Err(order.refused(why, reading).await);
    }
    let review = review(order, &reading, words).await?;
    let reading = still_there(order, review).await?;
    if merge {
        return merged(order, reading, true).await;
    }
    let head = order.intent.subject.head.short().to_owned();
    Ok(ActionResult {
        sentence: format!("Approved #{} at {head}.", order.intent.subject.number),
        reviewed: true,
        merged: false,
        merge_commit: None,
        card: Some(order.card(reading).await),
    })
}

/// Gives the review. Where GitHub does not answer, it may have taken it all the same: that is found out by
/// reading, never by sending again. The review's id is then not known.
async fn review(
    order: &Order<'_>,
    reading: &Reading,
    words: &str,
) -> Result<Option<u64>, ActionError> {
    let subject = &order.intent.subject;
    let given = order
        .app
        .github
        .review(
            order.acting(),
            &subject.repository,
            subject.number,
            &subject.head,
            true,
            words,
        )
        .await;
    match given {
        Ok(id) => Ok(Some(id)),
        Err(error @ github::Error::Unavailable { .. }) => {
            let now = order.read().await?;
            let login = order.actor(reading).login;
            if approved_by(&now.promotion, &login, &subject.head) {
                Ok(None)
            } else {
                Err(error.into())
            }
        }
        Err(error) => Err(error.into()),
    }
}

fn approved_by(promotion: &Promotion, login: &str, head: &CommitId) -> bool {
    promotion.reviews.iter().any(|review| {
        review.approves && review.login == login && review.commit.as_ref() == Some(head)
    })
}

/// Reads again after the review: an approval that may count for newer code than was seen is taken back.
async fn still_there(order: &Order<'_>, review: Option<u64>) -> Result<Reading, ActionError> {
    let reading = order.read().await?;
    if reading.promotion.head == order.intent.subject.head {
        return Ok(reading);
    }
    let subject = &order.intent.subject;
    let now = reading.promotion.head.short().to_owned();
    let taken_back = match review {
        Some(review) => {
            let why = format!(
                "Approved at {}, but the head moved to {now} at the same moment.",
                subject.head.short()
            );
            let (repository, number) = (&subject.repository, subject.number);
            order
                .app
                .github
                .dismiss(order.acting(), repository, number, review, &why)
                .await
                .inspect_err(|error| tracing::error!(%error, number, "an approval of an older head cannot be taken back"))
                .is_ok()
        }
        None => false,
    };
    let then = if taken_back {
        "Your approval was taken back."
    } else {
        "Your approval stands on the older commit; dismiss it on GitHub if it should not count."
    };
    Err(ActionError::Changed {
        code: "head_moved",
        why: format!("The head moved to {now} while you approved. {then}"),
        card: order.card(reading).await,
    })
}

/// Merges exactly the head that was seen, and checks what came of it.
async fn merged(
    order: &Order<'_>,
    reading: Reading,
    reviewed: bool,
) -> Result<ActionResult, ActionError> {
    let subject = &order.intent.subject;
    let what = reading.what();
    let into = reading.environment().name.clone();
    let base = reading.promotion.base.clone();
    let answer = order
        .app
        .github
        .merge(
            order.acting(),
            &subject.repository,
            subject.number,
            &subject.head,
            &subject.method,
        )
        .await;
    let commit = match answer {
        Ok(merged) => merged.commit,
        Err(error) => after_a_failure(order, error, reviewed).await?,
    };
    let doubt = doubt(order, &base, &commit).await;
    let sentence = if reviewed {
        format!("Approved and merged: {what} is on its way into {into}.{doubt}")
    } else {
        format!("Merged: {what} is on its way into {into}.{doubt}")
    };
    let card = match order.read().await {
        Ok(reading) => Some(order.card(reading).await),
        // It is merged; that its card cannot be shown now changes nothing about it.
        Err(error) => {
            tracing::warn!(%error, "the card after a merge cannot be read");
            None
        }
    };
    Ok(ActionResult {
        sentence,
        reviewed,
        merged: true,
        merge_commit: Some(commit),
        card,
    })
}

/// What a merge that was not confirmed came to: read, never repeated.
async fn after_a_failure(
    order: &Order<'_>,
    error: github::Error,
    reviewed: bool,
) -> Result<CommitId, ActionError> {
    let reading = order.read().await?;
    let promotion = &reading.promotion;
    let is_merged =
        promotion.state == PromotionState::Merged && promotion.head == order.intent.subject.head;
    if let (true, Some(commit)) = (is_merged, &promotion.merge_commit) {
        return Ok(commit.clone());
    }
    let approved = if reviewed {
        "Your approval was given, but it"
    } else {
        "It"
    };
    match error {
        github::Error::Conflict { .. } => {
            let why = format!("{approved} was not merged: the head moved at the same moment.");
            let card = order.card(reading).await;
            Err(ActionError::Changed {
                code: "head_moved",
                why,
                card,
            })
        }
        github::Error::NotAllowed { message } => {
            let why = format!("{approved} was not merged. GitHub says: {message}");
            let card = order.card(reading).await;
            Err(ActionError::RulesUnmet { why, card })
        }
        error => Err(error.into()),
    }
}

/// Checks that the merge joined what was seen with the branch as it was read: GitHub guards the head, but
/// nothing guards the base. Words for the person where it did not.
async fn doubt(order: &Order<'_>, base: &CommitId, commit: &CommitId) -> String {
    let subject = &order.intent.subject;
    if subject.method != "merge" {
        return String::new();
    }
    let parents = order
        .app
        .github
        .parents(order.acting(), &subject.repository, commit)
        .await;
    match parents.as_deref() {
        Ok([first, second]) if *second == subject.head => {
            if first != base {
                // Normal when another environment was promoted in between; the diff was compared.
                tracing::info!(%commit, %first, %base, "the base moved before the merge");
            }
            String::new()
        }
        Ok(parents) => {
            tracing::error!(%commit, ?parents, head = %subject.head, "a merge did not join what was approved");
            format!(
                " Look at it at once: the merge {} is not of the commit that you saw.",
                commit.short()
            )
        }
        Err(error) => {
            tracing::warn!(%commit, %error, "the parents of a merge cannot be checked");
            String::new()
        }
    }
}
