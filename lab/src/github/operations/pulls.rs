//! Opening, changing, closing and commenting pull requests, and requesting reviews.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::github::accounts::{APPROVER_LOGINS, Account};
use crate::github::error::ApiError;
use crate::github::event::RepositoryEvent;
use crate::github::repository::{Comment, Pull};
use crate::github::state::Repo;

use super::{pull_mut, require_write};

/// The body of a new pull request.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct NewPull {
    pub(crate) title: String,
    pub(crate) body: String,
    /// A branch of this repository, with or without `owner:`.
    pub(crate) head: String,
    pub(crate) base: String,
    pub(crate) draft: bool,
}

/// The file that names who is asked for a review; the demo's one team owns everything.
const CODEOWNERS: &str = ".github/CODEOWNERS";

/// Opens a pull request and returns its number.
pub(crate) fn open(repo: &Repo, by: &'static Account, new: &NewPull) -> Result<u64, ApiError> {
    require_write(by)?;
    if new.title.trim().is_empty() {
        return Err(invalid("title", "missing_field", "title is missing"));
    }
    let owner = format!("{}:", repo.owner);
    let head_ref = new.head.strip_prefix(&owner).unwrap_or(&new.head);
    let head = repo.git.branch(head_ref);
    let head = head.ok_or_else(|| invalid("head", "invalid", "head is invalid"))?;
    let base = repo.git.branch(&new.base);
    let base = base.ok_or_else(|| invalid("base", "invalid", "base is invalid"))?;
    let compared = repo.git.compare(&base, &head)?;
    if compared.is_none_or(|comparison| comparison.ahead.is_empty()) {
        let message = format!("No commits between {} and {head_ref}", new.base);
        return Err(invalid("", "custom", &message));
    }
    let owned = !new.draft && repo.git.text(&base, CODEOWNERS)?.is_some();
    let number = {
        let mut state = repo.state.lock();
        let exists = state
            .pulls
            .values()
            .any(|pull| pull.is_open() && pull.head_ref == head_ref && pull.base_ref == new.base);
        if exists {
            let message = format!("A pull request already exists for {owner}{head_ref}.");
            return Err(invalid("", "custom", &message));
        }
        let number = state.next_number();
        let now = repo.github.now();
        let mut pull = Pull {
            id: repo.github.next_id(),
            number,
            title: new.title.clone(),
            body: new.body.clone(),
            author: by,
            head_ref: head_ref.to_owned(),
            base_ref: new.base.clone(),
            head,
            base,
            draft: new.draft,
            created_at: now,
            updated_at: now,
            closed_at: None,
            merged: None,
            reviews: Vec::new(),
            requested: BTreeSet::new(),
            requested_team: false,
            comments: Vec::new(),
        };
        if owned {
            request_owners(&mut pull);
        }
        state.pulls.insert(number, pull);
        number
    };
    repo.publish([RepositoryEvent::PullRequest {
        number,
        action: "opened",
        by,
    }]);
    Ok(number)
}

fn invalid(field: &str, code: &str, message: &str) -> ApiError {
    ApiError::invalid("PullRequest", field, code, message)
}

/// Requests the review of the code's owners, but never of the author.
pub(crate) fn request_owners(pull: &mut Pull) {
    let owners = APPROVER_LOGINS.into_iter();
    pull.requested = owners.filter(|login| *login != pull.author.login).collect();
    pull.requested_team = true;
}

/// Requests the review of the code's owners again.
pub(crate) fn request_review(
    repo: &Repo,
    by: &'static Account,
    number: u64,
) -> Result<(), ApiError> {
    request_owners(pull_mut(&mut repo.state.lock(), number)?);
    repo.publish([RepositoryEvent::PullRequest {
        number,
        action: "review_requested",
        by,
    }]);
    Ok(())
}

/// The body of a change of a pull request.
#[derive(Default, Deserialize)]
pub(crate) struct PullUpdate {
    pub(crate) title: Option<String>,
    pub(crate) body: Option<String>,
    /// `open` or `closed`.
    pub(crate) state: Option<String>,
}

/// Changes the title or body, closes or reopens.
pub(crate) fn update(
    repo: &Repo,
    by: &'static Account,
    number: u64,
    update: &PullUpdate,
) -> Result<(), ApiError> {
    let mut actions = Vec::new();
    {
        let mut state = repo.state.lock();
        let now = repo.github.now();
        let pull = pull_mut(&mut state, number)?;
        if pull.author != by {
            require_write(by)?;
        }
        if let Some(title) = &update.title {
            pull.title.clone_from(title);
        }
        if let Some(body) = &update.body {
            pull.body.clone_from(body);
        }
        if update.title.is_some() || update.body.is_some() {
            actions.push("edited");
        }
        match (update.state.as_deref(), pull.is_open()) {
            (Some("closed"), true) => {
                pull.closed_at = Some(now);
                actions.push("closed");
            }
            (Some("open"), false) => {
                let tip = repo.git.branch(&pull.head_ref);
                if pull.merged.is_some() || tip.as_ref() != Some(&pull.head) {
                    return Err(invalid("", "custom", "state cannot be changed."));
                }
                pull.closed_at = None;
                actions.push("reopened");
            }
            (Some("open" | "closed") | None, _) => {}
            (Some(_), _) => return Err(invalid("state", "invalid", "state is invalid")),
        }
        if !actions.is_empty() {
            pull.updated_at = now;
        }
    }
    repo.publish(
        actions
            .into_iter()
            .map(|action| RepositoryEvent::PullRequest { number, action, by }),
    );
    Ok(())
}

/// Comments on a pull request; every account may.
pub(crate) fn comment(
    repo: &Repo,
    by: &'static Account,
    number: u64,
    body: &str,
) -> Result<Comment, ApiError> {
    if body.trim().is_empty() {
        return Err(ApiError::invalid(
            "IssueComment",
            "body",
            "missing_field",
            "body is missing",
        ));
    }
    let mut state = repo.state.lock();
    let pull = pull_mut(&mut state, number)?;
    let comment = Comment {
        id: repo.github.next_id(),
        author: by,
        body: body.to_owned(),
        created_at: repo.github.now(),
    };
    pull.updated_at = comment.created_at;
    pull.comments.push(comment.clone());
    Ok(comment)
}
