//! Commits and refs that are made through the API.

use crate::github::accounts::Account;
use crate::github::error::ApiError;
use crate::github::git::{Content, Edit, NewCommit, Signature};
use crate::github::rules;
use crate::github::state::Repo;

use super::{pushes, require_write};

/// A commit to be made on a branch.
pub(crate) struct Change<'a> {
    /// The branch's short name.
    pub(crate) branch: &'a str,
    /// The tip that the branch must have; for a new branch, its start.
    pub(crate) parent: &'a str,
    pub(crate) message: &'a str,
    pub(crate) edits: Vec<Edit>,
    /// Whether the branch may be moved off its json tip.
    pub(crate) force: bool,
}

/// Returns an account's signature, dated now.
pub(crate) fn signature(repo: &Repo, by: &Account) -> Signature {
    Signature {
        name: by.name.to_owned(),
        email: by.email(),
        at: repo.github.now(),
    }
}

/// Returns the committer of commits that are made through the API.
pub(crate) fn web_flow(repo: &Repo) -> Signature {
    Signature {
        name: "GitHub".to_owned(),
        email: "noreply@github.com".to_owned(),
        at: repo.github.now(),
    }
}

/// Makes the commit and returns its oid.
pub(crate) fn commit(
    repo: &Repo,
    by: &'static Account,
    change: Change<'_>,
) -> Result<String, ApiError> {
    require_write(by)?;
    refuse_protected(change.branch, by)?;
    check_branch_name(change.branch)?;
    let update = {
        let _moving = repo.moving.lock();
        let tip = repo.git.branch(change.branch);
        let moved = tip.as_deref().is_some_and(|tip| tip != change.parent);
        if moved && !change.force {
            let tip = tip.unwrap_or_default();
            return Err(ApiError::conflict(format!(
                "Expected branch to point to \"{}\" but it points to \"{tip}\". \
                 Pull and try again.",
                change.parent
            )));
        }
        if repo.git.commit(change.parent)?.is_none() {
            return Err(ApiError::unprocessable("Object does not exist"));
        }
        repo.git.write(&NewCommit {
            reference: &format!("refs/heads/{}", change.branch),
            parents: &[change.parent.to_owned()],
            content: Content::Edits(change.edits),
            message: change.message,
            author: signature(repo, by),
            committer: web_flow(repo),
            force: change.force,
        })?
    };
    let oid = update.after.clone();
    pushes::apply_consequences(repo, update, by);
    Ok(oid)
}

/// Creates a ref by its full name.
pub(crate) fn create_ref(
    repo: &Repo,
    by: &'static Account,
    name: &str,
    sha: &str,
) -> Result<(), ApiError> {
    require_write(by)?;
    let Some(short) = name
        .strip_prefix("refs/heads/")
        .or_else(|| name.strip_prefix("refs/tags/"))
    else {
        return Err(ApiError::unprocessable("Reference name is not valid"));
    };
    check_branch_name(short)?;
    let update = {
        let _moving = repo.moving.lock();
        if repo.git.reference(name).is_some() {
            return Err(ApiError::unprocessable("Reference already exists"));
        }
        let commit = repo
            .git
            .commit(sha)?
            .filter(|commit| commit.oid == sha)
            .ok_or_else(|| ApiError::unprocessable("Object does not exist"))?;
        repo.git.set_reference(name, Some(&commit.oid))?
    };
    pushes::apply_consequences(repo, update, by);
    Ok(())
}

/// Deletes a ref by its full name.
pub(crate) fn delete_ref(repo: &Repo, by: &'static Account, name: &str) -> Result<(), ApiError> {
    require_write(by)?;
    if let Some(branch) = name.strip_prefix("refs/heads/") {
        refuse_protected(branch, by)?;
    }
    let update = {
        let _moving = repo.moving.lock();
        if repo.git.reference(name).is_none() {
            return Err(ApiError::unprocessable("Reference does not exist"));
        }
        repo.git.set_reference(name, None)?
    };
    pushes::apply_consequences(repo, update, by);
    Ok(())
}

fn refuse_protected(branch: &str, by: &Account) -> Result<(), ApiError> {
    if rules::protection(branch).is_some() && !by.bypasses_protection {
        return Err(ApiError::unprocessable(
            "Changes must be made through a pull request.",
        ));
    }
    Ok(())
}

/// Applies git's rules for ref names, as far as the names here need them.
fn check_branch_name(name: &str) -> Result<(), ApiError> {
    let plain = !name.is_empty()
        && name.len() < 200
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_./+#".contains(&byte))
        && !name.contains("..")
        && !name.contains("//")
        && !name.ends_with('/')
        && !name.ends_with('.')
        && name
            .split('/')
            .all(|part| !part.starts_with(['.', '-']) && !part.ends_with(".lock"));
    if plain {
        Ok(())
    } else {
        Err(ApiError::unprocessable("Reference name is not valid"))
    }
}
