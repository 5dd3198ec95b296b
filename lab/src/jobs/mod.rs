//! The repository's workflows, Actions-like: container builds, pull-request checks, releases and
//! promotions. The jobs subscribe to the events of the GitHub-shaped server. A job starts right after its
//! event, takes the configured time, and is recorded as a workflow run with its checks.

mod checks;
mod containers;
pub(crate) mod files;
mod forge;
mod promotion;
pub(crate) mod release;
mod runner;

use std::sync::Arc;
use std::time::Duration;

use crate::github::event::RepositoryEvent;
use crate::github::git::ZERO;
use crate::github::repository::DEFAULT_BRANCH;
use crate::github::state::{GitHubState, Repo};

pub(crate) use self::checks::PULL_REQUEST;
pub(crate) use self::containers::{BRANCH, tag as branch_tag};
pub(crate) use self::promotion::PROMOTION;
pub(crate) use self::release::RELEASE;
pub(crate) use self::runner::Runner;

/// The environments in the order in which releases travel.
pub const ENVIRONMENTS: [&str; 5] = ["dev", "dev-test", "uat", "stg", "prod"];

/// Returns the branch of the promotion into an environment.
pub(crate) fn promotion_branch(environment: &str) -> String {
    format!("promotion-app-podinfo-podinfo-{environment}")
}

/// Runs the workflows of every event from now on; each job takes `delay`.
pub(crate) fn start(github: &Arc<GitHubState>, delay: Duration) -> Arc<Runner> {
    let runner = Arc::new(Runner::new(delay));
    let reacting = runner.clone();
    github.on_event("jobs", move |repo, event| react(&reacting, repo, event));
    runner
}

fn react(runner: &Arc<Runner>, repo: &Repo, event: &RepositoryEvent) {
    match event {
        RepositoryEvent::Push { update, by } if update.after != ZERO => {
            match update.reference.strip_prefix("refs/heads/") {
                Some(DEFAULT_BRANCH) => release::start(runner, repo, update, by),
                Some(branch) => containers::start(runner, repo, branch, update, by),
                None => {}
            }
        }
        RepositoryEvent::PullRequest {
            number,
            action: "opened" | "synchronize" | "reopened",
            by,
        } => checks::start(runner, repo, *number, by),
        RepositoryEvent::Dispatch {
            event_type,
            payload,
            ..
        } => promotion::start(runner, repo, event_type, payload),
        _ => {}
    }
}
