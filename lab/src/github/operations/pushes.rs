//! The consequences of a ref update, whatever caused it: pull requests follow their heads, stale
//! approvals are dismissed, and events are published.

use crate::github::accounts::Account;
use crate::github::event::RepositoryEvent;
use crate::github::git::{RefUpdate, ZERO};
use crate::github::repository::{Pull, ReviewState};
use crate::github::rules;
use crate::github::state::Repo;

/// Updates the pull requests of a ref that `by` moved, and publishes the events.
pub(crate) fn apply_consequences(repo: &Repo, update: RefUpdate, by: &'static Account) {
    let mut events = Vec::new();
    if let Some(branch) = update.reference.strip_prefix("refs/heads/") {
        let now = repo.github.now();
        let mut state = repo.state.lock();
        for pull in state.pulls.values_mut().filter(|pull| pull.is_open()) {
            if pull.head_ref != branch || pull.head == update.after {
                continue;
            }
            let number = pull.number;
            pull.updated_at = now;
            if update.after == ZERO {
                pull.closed_at = Some(now);
                events.push(RepositoryEvent::PullRequest {
                    number,
                    action: "closed",
                    by,
                });
                continue;
            }
            pull.head.clone_from(&update.after);
            if let Some(base) = repo.git.branch(&pull.base_ref) {
                pull.base = base;
            }
            events.push(RepositoryEvent::PullRequest {
                number,
                action: "synchronize",
                by,
            });
            if rules::protection(&pull.base_ref).is_some() {
                dismiss_stale(pull, by, &mut events);
            }
        }
    }
    events.push(RepositoryEvent::Push { update, by });
    repo.publish(events);
}

fn dismiss_stale(pull: &mut Pull, by: &'static Account, events: &mut Vec<RepositoryEvent>) {
    for review in &mut pull.reviews {
        if review.state == ReviewState::Approved && review.commit != pull.head {
            review.state = ReviewState::Dismissed;
            events.push(RepositoryEvent::Review {
                number: pull.number,
                review: review.id,
                action: "dismissed",
                by,
            });
        }
    }
}
