//! Refusing a promotion: a review that asks for changes, with the reason.

use model::api::{ActionResult, Refuse};
use model::pipeline::RepositoryName;

use super::ActionError;
use super::permits::why_not_refuse;
use super::protocol::{Order, Taken};
use super::reading::Reading;
use crate::app::App;
use crate::auth::Person;
use crate::github;

/// Carries out a tap on *Refuse*.
///
/// # Errors
/// `Incomplete` without a reason; else as approving.
pub async fn refuse(
    app: &App,
    person: &Person,
    repository: &RepositoryName,
    number: u64,
    order: Refuse,
) -> Result<ActionResult, ActionError> {
    let words = order.comment.trim();
    if words.is_empty() {
        let why = "Say why: the words are shown on the pull request.";
        return Err(ActionError::Incomplete(why.into()));
    }
    match Order::take(app, person, repository, number, &order.intent, "refuse").await? {
        Taken::Before(result) => Ok(*result),
        Taken::Now(taken) => taken.end(attempt(&taken, words).await).await,
    }
}

async fn attempt(order: &Order<'_>, words: &str) -> Result<ActionResult, ActionError> {
    let reading = order.begin().await?;
    let result = act(order, reading, words).await;
    order.note_done(&result).await;
    result
}

async fn act(
    order: &Order<'_>,
    reading: Reading,
    words: &str,
) -> Result<ActionResult, ActionError> {
    let actor = order.actor(&reading);
    if let Some(why) = why_not_refuse(&reading.promotion, &actor) {
        return Err(order.refused(why, reading).await);
    }
    let subject = &order.intent.subject;
    let given = order
        .app
        .github
        .review(
            order.acting(),
            &subject.repository,
            subject.number,
            &subject.head,
            false,
            words,
        )
        .await;
    let after = order.read().await?;
    let stands = || {
        let mut reviews = after.promotion.reviews.iter();
        reviews.any(|review| !review.approves && review.login == actor.login)
    };
    match given {
        Ok(_) => {}
        // It may have been taken all the same.
        Err(github::Error::Unavailable { .. }) if stands() => {}
        Err(error) => return Err(error.into()),
    }
    Ok(ActionResult {
        sentence: format!("Refused #{} at {}.", subject.number, subject.head.short()),
        reviewed: true,
        merged: false,
        merge_commit: None,
        card: Some(order.card(after).await),
    })
}
