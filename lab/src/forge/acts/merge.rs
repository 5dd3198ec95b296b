//! Merging, at once or asynchronously: the head's guard, the rules, and the merge commit.

use std::sync::Arc;

use crate::forge::accounts::Account;
use crate::forge::engine::{Engine, Event};
use crate::forge::git::{Content, NewCommit, RefUpdate};
use crate::forge::refusal::Refusal;
use crate::forge::rules;
use crate::forge::state::{AsyncMerge, AsyncOutcome, Merged, Pull, Repository};

use super::{commits, pull, pull_mut, require_write};

/// How a pull request shall be merged.
#[derive(Clone, Default)]
pub(crate) struct Order {
    /// The head that was seen; nothing guards it when absent.
    pub(crate) sha: Option<String>,
    /// `merge` (the default) or `squash`.
    pub(crate) method: Option<String>,
    pub(crate) title: Option<String>,
    pub(crate) message: Option<String>,
}

/// Merges and returns the oid of the merge commit.
pub(crate) fn merge(
    engine: &Arc<Engine>,
    repository: &Arc<Repository>,
    by: &'static Account,
    number: u64,
    order: &Order,
) -> Result<String, Refusal> {
    require_write(by)?;
    let (updates, oid) = {
        let _moving = repository.moving.lock();
        let seen = {
            let state = repository.state.lock();
            let pull = pull(&state, number)?;
            if let Some(refusal) = refuse(repository, &state, pull, order)? {
                return Err(refusal);
            }
            pull.clone()
        };
        let updates = write(engine, repository, by, &seen, order)?;
        let oid = updates[0].after.clone();
        let mut state = repository.state.lock();
        let now = engine.now();
        let pull = pull_mut(&mut state, number)?;
        pull.base.clone_from(&updates[0].before);
        pull.closed_at = Some(now);
        pull.updated_at = now;
        pull.merged = Some(Merged {
            by,
            at: now,
            commit: oid.clone(),
        });
        (updates, oid)
    };
    engine.publish(
        repository,
        vec![Event::PullRequest {
            number,
            action: "closed",
            by,
        }],
    );
    for update in updates {
        commits::moved(engine, repository, update, by)?;
    }
    Ok(oid)
}

fn refuse(
    repository: &Repository,
    state: &crate::forge::state::RepositoryState,
    pull: &Pull,
    order: &Order,
) -> anyhow::Result<Option<Refusal>> {
    if !pull.is_open() {
        return Ok(Some(Refusal::not_allowed("Pull Request is not mergeable")));
    }
    if order.sha.as_ref().is_some_and(|sha| *sha != pull.head) {
        return Ok(Some(Refusal::conflict(
            "Head branch was modified. Review and try the merge again.",
        )));
    }
    match order.method.as_deref() {
        None | Some("merge" | "squash") => {}
        Some("rebase") => {
            return Ok(Some(Refusal::not_allowed(
                "Rebase merges are not allowed on this repository.",
            )));
        }
        Some(_) => {
            return Ok(Some(Refusal::invalid(
                "PullRequest",
                "merge_method",
                "invalid",
                "merge_method is invalid",
            )));
        }
    }
    if pull.draft {
        return Ok(Some(Refusal::not_allowed("Pull Request is still a draft")));
    }
    let judgement = rules::judge(repository, state, pull)?;
    Ok(if !judgement.mergeable {
        Some(Refusal::not_allowed("Pull Request is not mergeable"))
    } else {
        judgement.unmet.into_iter().next().map(Refusal::not_allowed)
    })
}

/// Writes the merge commit and deletes the head's branch; the first move is the base's.
fn write(
    engine: &Engine,
    repository: &Repository,
    by: &'static Account,
    pull: &Pull,
    order: &Order,
) -> anyhow::Result<Vec<RefUpdate>> {
    let git = &repository.git;
    let base = git
        .branch(&pull.base_ref)
        .ok_or_else(|| anyhow::anyhow!("the base branch is gone"))?;
    let tree = git
        .merged_tree(&base, &pull.head)?
        .ok_or_else(|| anyhow::anyhow!("the merge conflicts"))?;
    let squash = order.method.as_deref() == Some("squash");
    let title = order.title.clone().unwrap_or_else(|| {
        if squash {
            format!("{} (#{})", pull.title, pull.number)
        } else {
            let owner = &repository.owner;
            format!(
                "Merge pull request #{} from {owner}/{}",
                pull.number, pull.head_ref
            )
        }
    });
    let message = order.message.clone().unwrap_or_else(|| pull.title.clone());
    let mut parents = vec![base];
    if !squash {
        parents.push(pull.head.clone());
    }
    let merged = git.write(&NewCommit {
        reference: &format!("refs/heads/{}", pull.base_ref),
        parents: &parents,
        content: Content::Tree(tree),
        message: &format!("{title}\n\n{message}"),
        author: commits::sign(engine, by),
        committer: commits::web_flow(engine),
        force: false,
    })?;
    let mut updates = vec![merged];
    if git.branch(&pull.head_ref).as_ref() == Some(&pull.head) {
        updates.push(git.set_reference(&format!("refs/heads/{}", pull.head_ref), None)?);
    }
    Ok(updates)
}

/// What came of asking for an asynchronous merge.
pub(crate) enum Asked {
    /// It runs; poll by this uuid.
    Pending { uuid: String, merge: AsyncMerge },
    /// Another one runs already.
    Already { uuid: String, merge: AsyncMerge },
    /// It was merged before.
    Merged(String),
    /// It is closed or a draft.
    Impossible(&'static str),
}

/// Asks for a merge that runs by itself; the rules are judged when it runs.
pub(crate) fn merge_async(
    engine: &Arc<Engine>,
    repository: &Arc<Repository>,
    by: &'static Account,
    number: u64,
    order: &Order,
    action: &str,
) -> Result<Asked, Refusal> {
    require_write(by)?;
    let (uuid, merge) = {
        let mut state = repository.state.lock();
        let pull = pull(&state, number)?;
        if let Some(merged) = &pull.merged {
            return Ok(Asked::Merged(merged.commit.clone()));
        }
        if !pull.is_open() {
            return Ok(Asked::Impossible("Pull request is closed"));
        }
        if pull.draft {
            return Ok(Asked::Impossible("Pull request is a draft"));
        }
        let running = state.merges.iter().find(|(_, merge)| {
            merge.number == number && matches!(merge.outcome, AsyncOutcome::Pending)
        });
        if let Some((uuid, merge)) = running {
            return Ok(Asked::Already {
                uuid: uuid.clone(),
                merge: merge.clone(),
            });
        }
        let merge = AsyncMerge {
            number,
            expected_head: order.sha.clone().unwrap_or_else(|| pull.head.clone()),
            method: order.method.clone().unwrap_or_else(|| "default".to_owned()),
            action: action.to_owned(),
            outcome: AsyncOutcome::Pending,
        };
        let uuid = uuid();
        state.merges.insert(uuid.clone(), merge.clone());
        (uuid, merge)
    };
    let order = Order {
        sha: Some(merge.expected_head.clone()),
        ..order.clone()
    };
    let (running, place, key) = (engine.clone(), repository.clone(), uuid.clone());
    engine.spawn(async move {
        let target = place.clone();
        let result = running
            .blocking(move |engine| self::merge(engine, &target, by, number, &order))
            .await;
        let outcome = match result {
            Ok(sha) => AsyncOutcome::Merged(sha),
            Err(refusal) => AsyncOutcome::Failed(refusal.sentence()),
        };
        if let Some(merge) = place.state.lock().merges.get_mut(&key) {
            merge.outcome = outcome;
        }
    });
    Ok(Asked::Pending { uuid, merge })
}

/// A random (version 4) UUID.
pub(crate) fn uuid() -> String {
    let mut bytes: [u8; 16] = rand::random();
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let hex = hex::encode(bytes);
    format!(
        "{}-{}-{}-{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..]
    )
}
