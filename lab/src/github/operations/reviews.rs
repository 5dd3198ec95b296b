//! Reviewing pull requests and dismissing reviews.

use crate::github::accounts::{APPROVER_LOGINS, Account};
use crate::github::error::ApiError;
use crate::github::event::RepositoryEvent;
use crate::github::repository::{Review, ReviewState};
use crate::github::rules;
use crate::github::state::Repo;

use super::{pull_mut, require_write};

/// Reviews a pull request and returns the review's id. `commit` is recorded and not checked against
/// the head, as on GitHub.
pub(crate) fn review(
    repo: &Repo,
    by: &'static Account,
    number: u64,
    event: &str,
    body: &str,
    commit: Option<&str>,
) -> Result<u64, ApiError> {
    let verdict = match event {
        "APPROVE" => ReviewState::Approved,
        "REQUEST_CHANGES" => ReviewState::ChangesRequested,
        "COMMENT" => ReviewState::Commented,
        _ => {
            return Err(ApiError::unprocessable(format!(
                "Event {event} is not a review event"
            )));
        }
    };
    let commit = match commit {
        Some(sha) => Some(repo.git.commit(sha)?.ok_or_else(|| {
            ApiError::unprocessable("The commit_id is not part of the pull request")
        })?),
        None => None,
    };
    let id = repo.github.next_id();
    {
        let mut state = repo.state.lock();
        let pull = pull_mut(&mut state, number)?;
        if pull.author == by && verdict != ReviewState::Commented {
            let what = match verdict {
                ReviewState::Approved => "approve",
                _ => "request changes on",
            };
            return Err(ApiError::unprocessable(format!(
                "Can not {what} your own pull request"
            )));
        }
        if body.trim().is_empty() && verdict != ReviewState::Approved {
            return Err(ApiError::unprocessable("Body is required for this event"));
        }
        let now = repo.github.now();
        pull.reviews.push(Review {
            id,
            author: by,
            state: verdict,
            body: body.to_owned(),
            commit: commit.map_or_else(|| pull.head.clone(), |commit| commit.oid.clone()),
            submitted_at: now,
        });
        pull.updated_at = now;
        pull.requested.remove(by.login);
        if APPROVER_LOGINS.contains(&by.login) {
            pull.requested_team = false;
        }
    }
    repo.publish([RepositoryEvent::Review {
        number,
        review: id,
        action: "submitted",
        by,
    }]);
    Ok(id)
}

/// Dismisses a review that approves or requests changes.
pub(crate) fn dismiss(
    repo: &Repo,
    by: &'static Account,
    number: u64,
    id: u64,
    message: &str,
) -> Result<(), ApiError> {
    require_write(by)?;
    {
        let mut state = repo.state.lock();
        let pull = pull_mut(&mut state, number)?;
        let review = pull.reviews.iter_mut().find(|review| review.id == id);
        let review = review.ok_or_else(ApiError::not_found)?;
        if !matches!(
            review.state,
            ReviewState::Approved | ReviewState::ChangesRequested
        ) {
            let state = review.state.as_str().to_lowercase();
            return Err(ApiError::unprocessable(format!(
                "Can not dismiss a {state} pull request review"
            )));
        }
        if message.trim().is_empty() && rules::protection(&pull.base_ref).is_some() {
            return Err(ApiError::unprocessable("Message is required"));
        }
        review.state = ReviewState::Dismissed;
        pull.updated_at = repo.github.now();
    }
    repo.publish([RepositoryEvent::Review {
        number,
        review: id,
        action: "dismissed",
        by,
    }]);
    Ok(())
}
