//! What follows from a ref that moved: pull requests follow their heads, stale approvals are
//! dismissed, and the world is told. Whoever moves a ref calls this, whatever moved it.

use std::sync::Arc;

use time::OffsetDateTime;

use crate::forge::accounts::Account;
use crate::forge::engine::{Engine, Event};
use crate::forge::git::{RefUpdate, ZERO};
use crate::forge::rules;
use crate::forge::state::{Happening, Pull, Repository, ReviewState, What};

/// The events that follow from a ref that `by` moved; the caller publishes them.
pub(crate) fn follow(
    engine: &Engine,
    repository: &Repository,
    update: RefUpdate,
    by: &'static Account,
) -> anyhow::Result<Vec<Event>> {
    let mut events = Vec::new();
    if let Some(branch) = update.reference.strip_prefix("refs/heads/") {
        let now = engine.now();
        let base_of = |pull: &Pull| repository.git.branch(&pull.base_ref);
        let mut state = repository.state.lock();
        for pull in state.pulls.values_mut().filter(|pull| pull.is_open()) {
            if pull.head_ref != branch || pull.head == update.after {
                continue;
            }
            let number = pull.number;
            pull.updated_at = now;
            if update.after == ZERO {
                pull.closed_at = Some(now);
                events.push(Event::PullRequest {
                    number,
                    action: "closed",
                    by,
                });
                continue;
            }
            let forced = !repository.git.contains(&update.after, &pull.head)?;
            let before = std::mem::replace(&mut pull.head, update.after.clone());
            if let Some(base) = base_of(pull) {
                pull.base = base;
            }
            if forced {
                pull.timeline.push(Happening {
                    id: engine.next_id(),
                    by,
                    at: now,
                    what: What::HeadForcePushed {
                        before,
                        after: update.after.clone(),
                    },
                });
            }
            events.push(Event::PullRequest {
                number,
                action: "synchronize",
                by,
            });
            if rules::protection(&pull.base_ref).is_some() {
                events.extend(dismiss_stale(engine, pull, by, now));
            }
        }
    }
    events.push(Event::Push { update, by });
    Ok(events)
}

fn dismiss_stale(
    engine: &Engine,
    pull: &mut Pull,
    by: &'static Account,
    now: OffsetDateTime,
) -> Vec<Event> {
    let mut events = Vec::new();
    for review in &mut pull.reviews {
        if review.state != ReviewState::Approved || review.commit == pull.head {
            continue;
        }
        review.state = ReviewState::Dismissed;
        pull.timeline.push(Happening {
            id: engine.next_id(),
            by,
            at: now,
            what: What::ReviewDismissed {
                review: review.id,
                previous: ReviewState::Approved,
                message: String::new(),
            },
        });
        events.push(Event::Review {
            number: pull.number,
            review: review.id,
            action: "dismissed",
            by,
        });
    }
    events
}

/// Publishes what follows from what a push over HTTP did to the refs.
pub(crate) fn received(
    engine: &Arc<Engine>,
    repository: &Arc<Repository>,
    updates: Vec<RefUpdate>,
    by: &'static Account,
) -> anyhow::Result<()> {
    for update in updates {
        let events = follow(engine, repository, update, by)?;
        engine.publish(repository, events);
    }
    Ok(())
}
