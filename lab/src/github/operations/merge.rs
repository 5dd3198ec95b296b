//! Merging: the head's guard, the rules, and the merge commit.

use anyhow::Context as _;
use serde::Deserialize;

use crate::github::accounts::Account;
use crate::github::error::ApiError;
use crate::github::event::RepositoryEvent;
use crate::github::git::{Content, NewCommit, RefUpdate};
use crate::github::repository::{Merged, Pull, RepositoryState};
use crate::github::rules;
use crate::github::state::Repo;

use super::{commits, pull, pull_mut, pushes, require_write};

/// The body of a merge.
#[derive(Clone, Default, Deserialize)]
pub(crate) struct MergeRequest {
    /// The head that the caller saw; the head is not guarded when absent.
    sha: Option<String>,
    /// `merge` (the default) or `squash`.
    merge_method: Option<String>,
    commit_title: Option<String>,
    commit_message: Option<String>,
}

/// Merges and returns the oid of the merge commit.
pub(crate) fn merge(
    repo: &Repo,
    by: &'static Account,
    number: u64,
    request: &MergeRequest,
) -> Result<String, ApiError> {
    require_write(by)?;
    let (updates, oid) = {
        let _moving = repo.moving.lock();
        let seen = {
            let state = repo.state.lock();
            let pull = pull(&state, number)?;
            check(repo, &state, pull, request)?;
            pull.clone()
        };
        let updates = write(repo, by, &seen, request)?;
        let oid = updates[0].after.clone();
        let mut state = repo.state.lock();
        let now = repo.github.now();
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
    repo.publish([RepositoryEvent::PullRequest {
        number,
        action: "closed",
        by,
    }]);
    for update in updates {
        pushes::apply_consequences(repo, update, by);
    }
    Ok(oid)
}

fn check(
    repo: &Repo,
    state: &RepositoryState,
    pull: &Pull,
    request: &MergeRequest,
) -> Result<(), ApiError> {
    if !pull.is_open() {
        return Err(ApiError::not_allowed("Pull Request is not mergeable"));
    }
    if request.sha.as_ref().is_some_and(|sha| *sha != pull.head) {
        return Err(ApiError::conflict(
            "Head branch was modified. Review and try the merge again.",
        ));
    }
    match request.merge_method.as_deref() {
        None | Some("merge" | "squash") => {}
        Some("rebase") => {
            return Err(ApiError::not_allowed(
                "Rebase merges are not allowed on this repository.",
            ));
        }
        Some(_) => {
            return Err(ApiError::invalid(
                "PullRequest",
                "merge_method",
                "invalid",
                "merge_method is invalid",
            ));
        }
    }
    if pull.draft {
        return Err(ApiError::not_allowed("Pull Request is still a draft"));
    }
    let judgement = rules::judge(repo, state, pull)?;
    if !judgement.mergeable {
        return Err(ApiError::not_allowed("Pull Request is not mergeable"));
    }
    match judgement.unmet.into_iter().next() {
        Some(unmet) => Err(ApiError::not_allowed(unmet)),
        None => Ok(()),
    }
}

/// Writes the merge commit and deletes the head's branch; the base's update comes first.
fn write(
    repo: &Repo,
    by: &'static Account,
    pull: &Pull,
    request: &MergeRequest,
) -> anyhow::Result<Vec<RefUpdate>> {
    let git = &repo.git;
    let base = git.branch(&pull.base_ref);
    let base = base.context("the base branch is gone")?;
    let tree = git.merged_tree(&base, &pull.head)?;
    let tree = tree.context("the merge conflicts")?;
    let squash = request.merge_method.as_deref() == Some("squash");
    let title = request.commit_title.clone().unwrap_or_else(|| {
        if squash {
            format!("{} (#{})", pull.title, pull.number)
        } else {
            format!(
                "Merge pull request #{} from {}/{}",
                pull.number, repo.owner, pull.head_ref
            )
        }
    });
    let message = request.commit_message.as_ref().unwrap_or(&pull.title);
    let mut parents = vec![base];
    if !squash {
        parents.push(pull.head.clone());
    }
    let merged = git.write(&NewCommit {
        reference: &format!("refs/heads/{}", pull.base_ref),
        parents: &parents,
        content: Content::Tree(tree),
        message: &format!("{title}\n\n{message}"),
        author: commits::signature(repo, by),
        committer: commits::web_flow(repo),
        force: false,
    })?;
    let mut updates = vec![merged];
    if git.branch(&pull.head_ref).as_ref() == Some(&pull.head) {
        updates.push(git.set_reference(&format!("refs/heads/{}", pull.head_ref), None)?);
    }
    Ok(updates)
}
