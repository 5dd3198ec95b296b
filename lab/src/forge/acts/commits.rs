//! Commits and refs made through the API: one commit of several files, branches created and
//! deleted.

use std::sync::Arc;

use crate::forge::accounts::Account;
use crate::forge::engine::Engine;
use crate::forge::git::{Content, Edit, NewCommit, RefUpdate, Signature};
use crate::forge::refusal::Refusal;
use crate::forge::rules;
use crate::forge::state::Repository;

use super::{pushes, require_write};

/// A commit to be made on a branch.
pub(crate) struct Change<'a> {
    /// The branch's short name.
    pub(crate) branch: &'a str,
    /// Where the branch must be; for a new branch, where it starts.
    pub(crate) parent: &'a str,
    pub(crate) message: &'a str,
    pub(crate) edits: Vec<Edit>,
    /// Whether the branch may be moved off its present tip.
    pub(crate) force: bool,
}

/// The signature of an account, now.
pub(crate) fn sign(engine: &Engine, by: &Account) -> Signature {
    Signature {
        name: by.name.to_owned(),
        email: by.email(),
        at: engine.now(),
    }
}

/// The signature that GitHub commits with on people's behalf.
pub(crate) fn web_flow(engine: &Engine) -> Signature {
    Signature {
        name: "GitHub".to_owned(),
        email: "noreply@github.com".to_owned(),
        at: engine.now(),
    }
}

/// Makes the commit and returns its oid.
pub(crate) fn commit(
    engine: &Arc<Engine>,
    repository: &Arc<Repository>,
    by: &'static Account,
    change: Change<'_>,
) -> Result<String, Refusal> {
    require_write(by)?;
    refuse_protected(change.branch, by)?;
    check_branch_name(change.branch)?;
    let update = {
        let _moving = repository.moving.lock();
        let tip = repository.git.branch(change.branch);
        let moved = tip.as_deref().is_some_and(|tip| tip != change.parent);
        if moved && !change.force {
            let tip = tip.unwrap_or_default();
            return Err(Refusal::conflict(format!(
                "Expected branch to point to \"{}\" but it points to \"{tip}\". \
                 Pull and try again.",
                change.parent
            )));
        }
        if repository.git.commit(change.parent)?.is_none() {
            return Err(Refusal::unprocessable("Object does not exist"));
        }
        repository.git.write(&NewCommit {
            reference: &format!("refs/heads/{}", change.branch),
            parents: &[change.parent.to_owned()],
            content: Content::Edits(change.edits),
            message: change.message,
            author: sign(engine, by),
            committer: web_flow(engine),
            force: change.force,
        })?
    };
    let oid = update.after.clone();
    moved(engine, repository, update, by)?;
    Ok(oid)
}

/// Creates a ref by its full name.
pub(crate) fn create_ref(
    engine: &Arc<Engine>,
    repository: &Arc<Repository>,
    by: &'static Account,
    name: &str,
    sha: &str,
) -> Result<(), Refusal> {
    require_write(by)?;
    let Some(short) = name
        .strip_prefix("refs/heads/")
        .or_else(|| name.strip_prefix("refs/tags/"))
    else {
        return Err(Refusal::unprocessable("Reference name is not valid"));
    };
    check_branch_name(short)?;
    let update = {
        let _moving = repository.moving.lock();
        if repository.git.reference(name).is_some() {
            return Err(Refusal::unprocessable("Reference already exists"));
        }
        let commit = repository
            .git
            .commit(sha)?
            .filter(|commit| commit.oid == sha)
            .ok_or_else(|| Refusal::unprocessable("Object does not exist"))?;
        repository.git.set_reference(name, Some(&commit.oid))?
    };
    moved(engine, repository, update, by)
}

/// Deletes a ref by its full name.
pub(crate) fn delete_ref(
    engine: &Arc<Engine>,
    repository: &Arc<Repository>,
    by: &'static Account,
    name: &str,
) -> Result<(), Refusal> {
    require_write(by)?;
    if let Some(branch) = name.strip_prefix("refs/heads/") {
        refuse_protected(branch, by)?;
    }
    let update = {
        let _moving = repository.moving.lock();
        if repository.git.reference(name).is_none() {
            return Err(Refusal::unprocessable("Reference does not exist"));
        }
        repository.git.set_reference(name, None)?
    };
    moved(engine, repository, update, by)
}

/// Tells the world of a ref that moved.
pub(crate) fn moved(
    engine: &Arc<Engine>,
    repository: &Arc<Repository>,
    update: RefUpdate,
    by: &'static Account,
) -> Result<(), Refusal> {
    let events = pushes::follow(engine, repository, update, by)?;
    engine.publish(repository, events);
    Ok(())
}

fn refuse_protected(branch: &str, by: &Account) -> Result<(), Refusal> {
    if rules::protection(branch).is_some() && !by.bypasses_protection {
        return Err(Refusal::unprocessable(
            "Changes must be made through a pull request.",
        ));
    }
    Ok(())
}

/// Git's rules for ref names, as far as names here need them.
fn check_branch_name(name: &str) -> Result<(), Refusal> {
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
        Err(Refusal::unprocessable("Reference name is not valid"))
    }
}
