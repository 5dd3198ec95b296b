//! The manual steps of the demo's developers: push a branch build, open a release, move a head.

use anyhow::Context;
use model::{Colour, EnvironmentName};
use serde::Serialize;
use workflow::release::{Plan, Wish, plan};
use workflow::{MAIN_GO, pin_path, set_colour};

use super::files::Files;
use super::promotion_branch;
use crate::github::accounts::Account;
use crate::github::error::ApiError;
use crate::github::git::Edit;
use crate::github::operations::commits::{self, Change};
use crate::github::operations::pulls::{self, NewPull};
use crate::github::repository::DEFAULT_BRANCH;
use crate::github::state::Repo;

/// A branch that was pushed so that a container is built from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BranchBuild {
    pub branch: String,
    /// The commit.
    pub sha: String,
}

/// Changes the colour on a branch named after it.
pub(crate) fn push_branch_build(
    repo: &Repo,
    color: &str,
    by: &'static Account,
) -> Result<BranchBuild, ApiError> {
    let colour =
        Colour::parse(color).map_err(|error| ApiError::unprocessable(error.to_string()))?;
    let git = &repo.git;
    let branch = format!("try-{}", colour.to_string().trim_start_matches('#'));
    let main = main(repo)?;
    let parent = git.branch(&branch).unwrap_or(main);
    let text = file(repo, &parent, MAIN_GO)?;
    let changed = set_colour(&text, colour)
        .map_err(|refused| ApiError::unprocessable(refused.to_string()))?;
    if changed == text {
        return Err(ApiError::unprocessable(format!(
            "The branch {branch} is {colour} already"
        )));
    }
    let change = Change {
        branch: &branch,
        parent: &parent,
        message: &format!("Try {colour}"),
        edits: vec![Edit::text(MAIN_GO, &changed)],
        force: false,
    };
    let sha = commits::commit(repo, by, change)?;
    Ok(BranchBuild { branch, sha })
}

/// The edits of a release.
pub(crate) fn edits(plan: &Plan) -> Vec<Edit> {
    let edit = |edit: &workflow::release::Edit| Edit::text(edit.path, &edit.after);
    plan.edits.iter().map(edit).collect()
}

/// Opens the pull request of a release, as `weft release` does it, and returns its number.
pub(crate) fn open_release(
    repo: &Repo,
    wish: &Wish,
    by: &'static Account,
) -> Result<u64, ApiError> {
    let main = main(repo)?;
    let files = Files::read(&repo.git, &main)?;
    let plan = plan(|path| files.get(path), wish)
        .map_err(|refused| ApiError::unprocessable(refused.to_string()))?;
    let (branch, title) = (plan.branch(), plan.title());
    let change = Change {
        branch: &branch,
        parent: &main,
        message: &title,
        edits: edits(&plan),
        force: false,
    };
    commits::commit(repo, by, change)?;
    let new = NewPull {
        title,
        body: plan.body(),
        head: branch,
        base: DEFAULT_BRANCH.to_owned(),
        draft: false,
    };
    pulls::open(repo, by, &new)
}

/// Adds a commit to the open promotion into an environment: a comment line in the pinned file.
pub(crate) fn move_head(
    repo: &Repo,
    environment: &str,
    by: &'static Account,
) -> Result<String, ApiError> {
    let branch = promotion_branch(environment);
    let open = repo
        .state
        .lock()
        .pulls
        .values()
        .find(|pull| pull.is_open() && pull.head_ref == branch)
        .map(|pull| pull.head.clone());
    let head = open.ok_or_else(ApiError::not_found)?;
    let path = pin_path(&EnvironmentName(environment.to_owned()));
    let text = file(repo, &head, &path)?;
    let changed = format!("{text}# {} looked at this.\n", by.name);
    let change = Change {
        branch: &branch,
        parent: &head,
        message: &format!("Note who looked at {environment}"),
        edits: vec![Edit::text(&path, &changed)],
        force: false,
    };
    commits::commit(repo, by, change)
}

fn main(repo: &Repo) -> Result<String, ApiError> {
    let main = repo.git.branch(DEFAULT_BRANCH);
    main.ok_or_else(ApiError::not_found)
}

fn file(repo: &Repo, sha: &str, path: &str) -> Result<String, ApiError> {
    let text = repo.git.text(sha, path)?;
    Ok(text.with_context(|| format!("{path} is missing"))?)
}
