//! What developers do by hand in the demo: push a branch build, open a release, move a head.

use std::sync::Arc;

use anyhow::Context;

use model::{Colour, EnvironmentName};
use workflow::release::{Plan, ReleaseRequest, plan};
use workflow::{MAIN_GO, pin_path, set_colour};

use super::files::Files;
use super::promotion_branch;
use crate::forge::acts::commits::{self, Change};
use crate::forge::acts::pulls::{self, Opening};
use crate::forge::engine::Engine;
use crate::forge::git::Edit;
use crate::forge::state::{DEFAULT_BRANCH, Repository};
use crate::forge::{Account, BranchBuild, Refusal};

/// Changes the colour on a branch named after it.
pub(crate) fn push_branch_build(
    engine: &Arc<Engine>,
    repository: &Arc<Repository>,
    color: &str,
    by: &'static Account,
) -> Result<BranchBuild, Refusal> {
    let colour = Colour::parse(color).map_err(|error| Refusal::unprocessable(error.to_string()))?;
    let git = &repository.git;
    let branch = format!("try-{}", colour.to_string().trim_start_matches('#'));
    let main = main(repository)?;
    let parent = git.branch(&branch).unwrap_or(main);
    let text = file(repository, &parent, MAIN_GO)?;
    let changed =
        set_colour(&text, colour).map_err(|refused| Refusal::unprocessable(refused.to_string()))?;
    if changed == text {
        return Err(Refusal::unprocessable(format!(
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
    let sha = commits::commit(engine, repository, by, change)?;
    Ok(BranchBuild { branch, sha })
}

/// The edits of a release.
pub(crate) fn edits(plan: &Plan) -> Vec<Edit> {
    let edit = |edit: &workflow::release::Edit| Edit::text(edit.path, &edit.after);
    plan.edits.iter().map(edit).collect()
}

/// Opens the pull request of a release, as `weft release` does it, and returns its number.
pub(crate) fn open_release(
    engine: &Arc<Engine>,
    repository: &Arc<Repository>,
    request: &ReleaseRequest,
    by: &'static Account,
) -> Result<u64, Refusal> {
    let main = main(repository)?;
    let files = Files::read(&repository.git, &main)?;
    let plan = plan(|path| files.get(path), request)
        .map_err(|refused| Refusal::unprocessable(refused.to_string()))?;
    let (branch, title) = (plan.branch(), plan.title());
    let change = Change {
        branch: &branch,
        parent: &main,
        message: &title,
        edits: edits(&plan),
        force: false,
    };
    commits::commit(engine, repository, by, change)?;
    let opening = Opening {
        title: &title,
        body: &plan.body(),
        head: &branch,
        base: DEFAULT_BRANCH,
        draft: false,
    };
    pulls::open(engine, repository, by, &opening)
}

/// Adds a commit to the open promotion into an environment: a comment line in the pinned file.
pub(crate) fn move_head(
    engine: &Arc<Engine>,
    repository: &Arc<Repository>,
    environment: &str,
    by: &'static Account,
) -> Result<String, Refusal> {
    let branch = promotion_branch(environment);
    let open = repository
        .state
        .lock()
        .pulls
        .values()
        .find(|pull| pull.is_open() && pull.head_ref == branch)
        .map(|pull| pull.head.clone());
    let head = open.ok_or_else(Refusal::not_found)?;
    let path = pin_path(&EnvironmentName(environment.to_owned()));
    let text = file(repository, &head, &path)?;
    let changed = format!("{text}# {} looked at this.\n", by.name);
    let change = Change {
        branch: &branch,
        parent: &head,
        message: &format!("Note who looked at {environment}"),
        edits: vec![Edit::text(&path, &changed)],
        force: false,
    };
    commits::commit(engine, repository, by, change)
}

fn main(repository: &Repository) -> Result<String, Refusal> {
    let main = repository.git.branch(DEFAULT_BRANCH);
    main.ok_or_else(Refusal::not_found)
}

fn file(repository: &Repository, sha: &str, path: &str) -> Result<String, Refusal> {
    let text = repository.git.text(sha, path)?;
    Ok(text.with_context(|| format!("{path} is missing"))?)
}
