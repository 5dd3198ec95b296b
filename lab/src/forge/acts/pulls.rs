//! Opening, changing, closing and commenting pull requests, and asking for reviews.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::forge::accounts::{self, Account};
use crate::forge::engine::{Engine, Event};
use crate::forge::refusal::Refusal;
use crate::forge::state::{Comment, Pull, Repository};

use super::{pull_mut, require_write};

/// A pull request to be opened.
pub(crate) struct Opening<'a> {
    pub(crate) title: &'a str,
    pub(crate) body: &'a str,
    /// A branch of this repository, with or without `owner:`.
    pub(crate) head: &'a str,
    pub(crate) base: &'a str,
    pub(crate) draft: bool,
}

/// Who must be asked for what; the one team that the demo has owns everything.
const CODEOWNERS: &str = ".github/CODEOWNERS";

/// The code's owners, who are asked when a pull request is opened, but never its author.
fn owners(asked: bool, author: &Account) -> BTreeSet<&'static str> {
    let logins = accounts::APPROVER_LOGINS.into_iter().filter(|_| asked);
    logins.filter(|login| *login != author.login).collect()
}

/// Opens a pull request and returns its number.
pub(crate) fn open(
    engine: &Arc<Engine>,
    repository: &Arc<Repository>,
    by: &'static Account,
    opening: &Opening<'_>,
) -> Result<u64, Refusal> {
    require_write(by)?;
    let invalid = |field: &str| {
        Refusal::invalid(
            "PullRequest",
            field,
            "invalid",
            &format!("{field} is invalid"),
        )
    };
    if opening.title.trim().is_empty() {
        return Err(Refusal::invalid(
            "PullRequest",
            "title",
            "missing_field",
            "title is missing",
        ));
    }
    let owner = format!("{}:", repository.owner);
    let head_ref = opening.head.strip_prefix(&owner).unwrap_or(opening.head);
    let head = repository
        .git
        .branch(head_ref)
        .ok_or_else(|| invalid("head"))?;
    let base = repository
        .git
        .branch(opening.base)
        .ok_or_else(|| invalid("base"))?;
    let compared = repository.git.compare(&base, &head)?;
    if compared.is_none_or(|comparison| comparison.ahead.is_empty()) {
        return Err(custom(&format!(
            "No commits between {} and {head_ref}",
            opening.base
        )));
    }
    let owned = repository.git.text(&base, CODEOWNERS)?.is_some();
    let number = {
        let mut state = repository.state.lock();
        let exists = state.pulls.values().any(|pull| {
            pull.is_open() && pull.head_ref == head_ref && pull.base_ref == opening.base
        });
        if exists {
            return Err(custom(&format!(
                "A pull request already exists for {owner}{head_ref}."
            )));
        }
        let number = state.next_number();
        let now = engine.now();
        state.pulls.insert(
            number,
            Pull {
                id: engine.next_id(),
                number,
                title: opening.title.to_owned(),
                body: opening.body.to_owned(),
                author: by,
                head_ref: head_ref.to_owned(),
                base_ref: opening.base.to_owned(),
                head,
                base,
                draft: opening.draft,
                created_at: now,
                updated_at: now,
                closed_at: None,
                merged: None,
                reviews: Vec::new(),
                requested: owners(owned && !opening.draft, by),
                requested_team: owned && !opening.draft,
                timeline: Vec::new(),
                comments: Vec::new(),
            },
        );
        number
    };
    engine.publish(
        repository,
        vec![Event::PullRequest {
            number,
            action: "opened",
            by,
        }],
    );
    Ok(number)
}

fn custom(message: &str) -> Refusal {
    Refusal::invalid("PullRequest", "", "custom", message)
}

/// What may be changed about a pull request.
#[derive(Default)]
pub(crate) struct Update<'a> {
    pub(crate) title: Option<&'a str>,
    pub(crate) body: Option<&'a str>,
    /// `open` or `closed`.
    pub(crate) state: Option<&'a str>,
}

/// Changes the title or body, closes or reopens.
pub(crate) fn update(
    engine: &Arc<Engine>,
    repository: &Arc<Repository>,
    by: &'static Account,
    number: u64,
    update: &Update<'_>,
) -> Result<(), Refusal> {
    let mut events = Vec::new();
    {
        let mut state = repository.state.lock();
        let now = engine.now();
        let pull = pull_mut(&mut state, number)?;
        if pull.author != by {
            require_write(by)?;
        }
        if let Some(title) = update.title {
            pull.title = title.to_owned();
        }
        if let Some(body) = update.body {
            pull.body = body.to_owned();
        }
        if update.title.is_some() || update.body.is_some() {
            pull.updated_at = now;
            events.push(Event::PullRequest {
                number,
                action: "edited",
                by,
            });
        }
        match (update.state, pull.is_open()) {
            (Some("closed"), true) => {
                pull.closed_at = Some(now);
                pull.updated_at = now;
                events.push(Event::PullRequest {
                    number,
                    action: "closed",
                    by,
                });
            }
            (Some("open"), false) => {
                let tip = repository.git.branch(&pull.head_ref);
                if pull.merged.is_some() || tip.as_ref() != Some(&pull.head) {
                    return Err(custom("state cannot be changed."));
                }
                pull.closed_at = None;
                pull.updated_at = now;
                events.push(Event::PullRequest {
                    number,
                    action: "reopened",
                    by,
                });
            }
            (Some("open" | "closed") | None, _) => {}
            (Some(_), _) => {
                return Err(Refusal::invalid(
                    "PullRequest",
                    "state",
                    "invalid",
                    "state is invalid",
                ));
            }
        }
    }
    engine.publish(repository, events);
    Ok(())
}

/// Asks people, and the approvers' team, for their review.
pub(crate) fn request_reviewers(
    engine: &Arc<Engine>,
    repository: &Arc<Repository>,
    by: &'static Account,
    number: u64,
    logins: &[String],
    teams: &[String],
) -> Result<(), Refusal> {
    require_write(by)?;
    {
        let mut state = repository.state.lock();
        let pull = pull_mut(&mut state, number)?;
        for login in logins {
            let account = accounts::account(login).ok_or_else(|| {
                Refusal::unprocessable(
                    "Reviews may only be requested from collaborators. One or more of the users \
                     or teams you specified is not a collaborator of the repository.",
                )
            })?;
            if account == pull.author {
                return Err(Refusal::unprocessable(
                    "Review cannot be requested from pull request author.",
                ));
            }
            pull.requested.insert(account.login);
        }
        if teams.iter().any(|team| team != accounts::APPROVERS) {
            return Err(Refusal::unprocessable(
                "Could not resolve to a node with the team's slug.",
            ));
        }
        pull.requested_team |= !teams.is_empty();
        pull.updated_at = engine.now();
    }
    let event = Event::PullRequest {
        number,
        action: "review_requested",
        by,
    };
    engine.publish(repository, vec![event]);
    Ok(())
}

/// Comments on a pull request's conversation; anyone who is signed in may. Returns the comment's id.
pub(crate) fn comment(
    engine: &Arc<Engine>,
    repository: &Arc<Repository>,
    by: &'static Account,
    number: u64,
    body: &str,
) -> Result<u64, Refusal> {
    if body.trim().is_empty() {
        return Err(Refusal::invalid(
            "IssueComment",
            "body",
            "missing_field",
            "body is missing",
        ));
    }
    let mut state = repository.state.lock();
    let now = engine.now();
    let id = engine.next_id();
    let pull = pull_mut(&mut state, number)?;
    pull.updated_at = now;
    pull.comments.push(Comment {
        id,
        author: by,
        body: body.to_owned(),
        created_at: now,
    });
    Ok(id)
}
