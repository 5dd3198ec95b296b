//! Reviewing pull requests and dismissing reviews.

use std::sync::Arc;

use crate::forge::accounts::{self, Account};
use crate::forge::engine::{Engine, Event};
use crate::forge::refusal::Refusal;
use crate::forge::rules;
use crate::forge::state::{Happening, Repository, Review, ReviewState, What};

use super::{pull, pull_mut, require_write};

/// Reviews a pull request and returns the review's id. `commit` is recorded and not checked against
/// the head, as on GitHub.
pub(crate) fn review(
    engine: &Arc<Engine>,
    repository: &Arc<Repository>,
    by: &'static Account,
    number: u64,
    event: &str,
    body: &str,
    commit: Option<&str>,
) -> Result<u64, Refusal> {
    let verdict = match event {
        "APPROVE" => ReviewState::Approved,
        "REQUEST_CHANGES" => ReviewState::ChangesRequested,
        "COMMENT" => ReviewState::Commented,
        _ => {
            return Err(Refusal::unprocessable(format!(
                "Event {event} is not a review event"
            )));
        }
    };
    let id = engine.next_id();
    {
        let mut state = repository.state.lock();
        let head = pull(&state, number)?.head.clone();
        let commit = match commit {
            Some(sha) => repository
                .git
                .commit(sha)?
                .ok_or_else(|| {
                    Refusal::unprocessable("The commit_id is not part of the pull request")
                })?
                .oid
                .clone(),
            None => head,
        };
        let now = engine.now();
        let pull = pull_mut(&mut state, number)?;
        if pull.author == by && verdict != ReviewState::Commented {
            let what = match verdict {
                ReviewState::Approved => "approve",
                _ => "request changes on",
            };
            return Err(Refusal::unprocessable(format!(
                "Can not {what} your own pull request"
            )));
        }
        if body.trim().is_empty() && verdict != ReviewState::Approved {
            return Err(Refusal::unprocessable("Body is required for this event"));
        }
        pull.reviews.push(Review {
            id,
            author: by,
            state: verdict,
            body: body.to_owned(),
            commit,
            submitted_at: now,
        });
        pull.updated_at = now;
        pull.requested.remove(by.login);
        if accounts::APPROVER_LOGINS.contains(&by.login) {
            pull.requested_team = false;
        }
    }
    engine.publish(
        repository,
        vec![Event::Review {
            number,
            review: id,
            action: "submitted",
            by,
        }],
    );
    Ok(id)
}

/// Dismisses a review that approves or refuses.
pub(crate) fn dismiss(
    engine: &Arc<Engine>,
    repository: &Arc<Repository>,
    by: &'static Account,
    number: u64,
    id: u64,
    message: &str,
) -> Result<(), Refusal> {
    require_write(by)?;
    {
        let mut state = repository.state.lock();
        let now = engine.now();
        let pull = pull_mut(&mut state, number)?;
        let protected = rules::protection(&pull.base_ref).is_some();
        let review = pull
            .reviews
            .iter_mut()
            .find(|review| review.id == id)
            .ok_or_else(Refusal::not_found)?;
        let previous = review.state;
        if !matches!(
            previous,
            ReviewState::Approved | ReviewState::ChangesRequested
        ) {
            let state = previous.as_str().to_lowercase();
            return Err(Refusal::unprocessable(format!(
                "Can not dismiss a {state} pull request review"
            )));
        }
        if message.trim().is_empty() && protected {
            return Err(Refusal::unprocessable("Message is required"));
        }
        review.state = ReviewState::Dismissed;
        pull.updated_at = now;
        pull.timeline.push(Happening {
            id: engine.next_id(),
            by,
            at: now,
            what: What::ReviewDismissed {
                review: id,
                previous,
                message: message.to_owned(),
            },
        });
    }
    engine.publish(
        repository,
        vec![Event::Review {
            number,
            review: id,
            action: "dismissed",
            by,
        }],
    );
    Ok(())
}
