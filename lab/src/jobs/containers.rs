//! The container build: a push to any branch but main that changes the program makes an image
//! `<branch>-<sha7>-<unix time>`.

use std::sync::Arc;

use super::files::Files;
use super::{Job, Outcome, run};
use crate::forge::Account;
use crate::forge::acts::marks::NewRun;
use crate::forge::engine::{Engine, Event};
use crate::forge::git::{Git, RefUpdate, ZERO};
use crate::forge::state::{DEFAULT_BRANCH, Image, Repository, RepositoryState};

/// Starts the build when the push changed the program.
pub(super) fn start(
    engine: &Arc<Engine>,
    repository: &Arc<Repository>,
    branch: &str,
    update: &RefUpdate,
    by: &'static Account,
) {
    match changes_program(&repository.git, update) {
        Ok(true) => {}
        Ok(false) => return,
        Err(error) => {
            tracing::error!(%error, branch, "cannot tell what a push changed");
            return;
        }
    }
    let (branch, sha) = (branch.to_owned(), update.after.clone());
    let new = NewRun {
        name: "branch",
        path: ".github/workflows/branch.yaml",
        event: "push",
        title: format!("Build {branch}"),
        head_branch: branch.clone(),
        head: sha.clone(),
        actor: by,
    };
    let build = move |engine: &Arc<Engine>, repository: &Arc<Repository>| {
        let tag = build(engine, repository, &branch, &sha)?;
        Ok(Outcome::success(format!("Pushed {tag}")))
    };
    let job = Job {
        name: "container",
        work: Box::new(build),
    };
    run(engine, repository, new, vec![job]);
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
    Ok(git
        .diff(&before, &update.after)?
        .iter()
        .any(|file| file.path.starts_with("cmd/") || file.path.starts_with("pkg/")))
}

fn build(
    engine: &Arc<Engine>,
    repository: &Arc<Repository>,
    branch: &str,
    sha: &str,
) -> anyhow::Result<String> {
    let facts = Files::read(&repository.git, sha)?.facts()?;
    let now = engine.now();
    let tag = {
        let mut state = repository.state.lock();
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
        tag
    };
    engine.publish(repository, vec![Event::Image { tag: tag.clone() }]);
    Ok(tag)
}

/// The tag of a branch build; its time is what orders it.
pub(crate) fn tag(branch: &str, sha: &str, time: i64) -> String {
    let plain: String = branch
        .chars()
        .map(|letter| {
            if letter.is_ascii_alphanumeric() || ".-_".contains(letter) {
                letter
            } else {
                '-'
            }
        })
        .collect();
    format!("{plain}-{}-{time}", &sha[..7])
}

/// The time of the newest branch build, so that two in one second still have an order.
fn newest(state: &RepositoryState) -> i64 {
    state
        .images
        .keys()
        .filter_map(|tag| tag.rsplit_once('-')?.1.parse().ok())
        .max()
        .unwrap_or(0)
}
