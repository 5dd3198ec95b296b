//! The container build: a push to any branch but main that changes the program makes an image
//! `<branch>-<sha7>-<unix time>`.

use std::sync::Arc;

use super::files::Files;
use super::runner::{Outcome, Runner};
use crate::github::accounts::Account;
use crate::github::event::RepositoryEvent;
use crate::github::git::{Git, RefUpdate, ZERO};
use crate::github::operations::statuses::NewRun;
use crate::github::repository::{DEFAULT_BRANCH, Image, RepositoryState, Workflow};
use crate::github::state::Repo;

pub(crate) static BRANCH: Workflow = Workflow {
    name: "branch",
    path: ".github/workflows/branch.yaml",
    event: "push",
    checks: &["container"],
};

/// Starts the build when the push changed the program.
pub(super) fn start(
    runner: &Arc<Runner>,
    repo: &Repo,
    branch: &str,
    update: &RefUpdate,
    by: &'static Account,
) {
    match changes_program(&repo.git, update) {
        Ok(true) => {}
        Ok(false) => return,
        Err(error) => {
            tracing::error!(%error, branch, "cannot tell what a push changed");
            return;
        }
    }
    let (branch, sha) = (branch.to_owned(), update.after.clone());
    let run = NewRun {
        workflow: &BRANCH,
        title: format!("Build {branch}"),
        head_branch: branch.clone(),
        head: sha.clone(),
        actor: by,
    };
    let job = move |repo: &Repo| {
        let tag = build(repo, &branch, &sha)?;
        Ok(Outcome::success(format!("Pushed {tag}")))
    };
    runner.run(repo, run, vec![Box::new(job)]);
}

fn changes_program(git: &Git, update: &RefUpdate) -> anyhow::Result<bool> {
    let before = if update.before == ZERO {
        let Some(main) = git.branch(DEFAULT_BRANCH) else {
            return Ok(true);
        };
        match git.compare(&main, &update.after)? {
            Some(comparison) => comparison.merge_base.clone(),
            None => return Ok(true),
        }
    } else {
        update.before.clone()
    };
    let changed = git.diff(&before, &update.after)?;
    let mut paths = changed.iter().map(|file| &file.path);
    Ok(paths.any(|path| path.starts_with("cmd/") || path.starts_with("pkg/")))
}

fn build(repo: &Repo, branch: &str, sha: &str) -> anyhow::Result<String> {
    let facts = Files::read(&repo.git, sha)?.facts()?;
    let now = repo.github.now();
    let mut state = repo.state.lock();
    let time = now.unix_timestamp().max(newest(&state) + 1);
    let tag = tag(branch, sha, time);
    let image = Image {
        tag: tag.clone(),
        revision: sha.to_owned(),
        color: facts.colour.to_string(),
        version: facts.version.0,
        created_at: now,
    };
    state.images.insert(tag.clone(), image);
    drop(state);
    repo.publish([RepositoryEvent::Image { tag: tag.clone() }]);
    Ok(tag)
}

/// Returns the tag of a branch build. Builds are ordered by its time.
pub(crate) fn tag(branch: &str, sha: &str, time: i64) -> String {
    let is_special = |letter: char| !letter.is_ascii_alphanumeric() && !".-_".contains(letter);
    let plain = branch.replace(is_special, "-");
    format!("{plain}-{}-{time}", &sha[..7])
}

/// Returns the time of the newest branch build, so that two in one second still have an order.
fn newest(state: &RepositoryState) -> i64 {
    let tags = state.images.keys();
    let times = tags.filter_map(|tag| tag.rsplit_once('-')?.1.parse().ok());
    times.max().unwrap_or(0)
}
