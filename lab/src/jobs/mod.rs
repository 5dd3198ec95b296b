//! The repository's workflows, Actions-like: container builds, pull-request checks, releases and
//! promotions. The jobs subscribe to the events of the GitHub-shaped server. A job starts right after its
//! event, takes the configured time, and is recorded as a workflow run with its checks.

mod checks;
mod containers;
pub(crate) mod files;
mod forge;
mod promotion;
pub(crate) mod release;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::github::event::RepositoryEvent;
use crate::github::git::ZERO;
use crate::github::operations::statuses::{self, NewRun};
use crate::github::repository::{DEFAULT_BRANCH, Phase};
use crate::github::state::{GitHubState, Repo};

pub(crate) use self::checks::PULL_REQUEST;
pub(crate) use self::containers::{BRANCH, tag as branch_tag};
pub(crate) use self::promotion::PROMOTION;
pub(crate) use self::release::RELEASE;

/// The environments in the order in which releases travel.
pub const ENVIRONMENTS: [&str; 5] = ["dev", "dev-test", "uat", "stg", "prod"];

/// Returns the branch of the promotion into an environment.
pub(crate) fn promotion_branch(environment: &str) -> String {
    format!("promotion-app-podinfo-podinfo-{environment}")
}

/// The outcome of a job: its phase and the sentence that explains it.
pub(crate) struct Outcome {
    phase: Phase,
    sentence: String,
}

impl Outcome {
    fn new(phase: Phase, sentence: impl Into<String>) -> Self {
        let sentence = sentence.into();
        Self { phase, sentence }
    }

    fn success(sentence: impl Into<String>) -> Self {
        Self::new(Phase::Success, sentence)
    }

    fn failure(sentence: impl Into<String>) -> Self {
        Self::new(Phase::Failure, sentence)
    }

    fn skipped(sentence: impl Into<String>) -> Self {
        Self::new(Phase::Skipped, sentence)
    }
}

/// The work of one job.
type Job = Box<dyn FnOnce(&Repo) -> anyhow::Result<Outcome> + Send>;

/// The runner of the workflows.
pub(crate) struct Jobs {
    delay: Duration,
    /// The name of the workflow that no runner is free for, if any: its runs stay queued.
    pub(crate) paused: watch::Sender<Option<String>>,
}

impl Jobs {
    /// Runs the workflows of every event from now on; each job takes `delay`.
    pub(crate) fn start(github: &Arc<GitHubState>, delay: Duration) -> Arc<Self> {
        let jobs = Arc::new(Self {
            delay,
            paused: watch::Sender::new(None),
        });
        let runner = jobs.clone();
        github.on_event("jobs", move |repo, event| runner.react(repo, event));
        jobs
    }

    /// Starts the workflows that the event triggers.
    fn react(self: &Arc<Self>, repo: &Repo, event: &RepositoryEvent) {
        match event {
            RepositoryEvent::Push { update, by } if update.after != ZERO => {
                match update.reference.strip_prefix("refs/heads/") {
                    Some(DEFAULT_BRANCH) => release::start(self, repo, update, by),
                    Some(branch) => containers::start(self, repo, branch, update, by),
                    None => {}
                }
            }
            RepositoryEvent::PullRequest {
                number,
                action: "opened" | "synchronize" | "reopened",
                by,
            } => checks::start(self, repo, *number, by),
            RepositoryEvent::Dispatch {
                event_type,
                payload,
                ..
            } => promotion::start(self, repo, event_type, payload),
            _ => {}
        }
    }

    /// Records a run, and works through its jobs in the background. `jobs` are in the order of the
    /// workflow's checks.
    fn run(self: &Arc<Self>, repo: &Repo, run: NewRun, jobs: Vec<Job>) {
        let (head, workflow) = (run.head.clone(), run.workflow);
        let (id, checks) = statuses::start_run(repo, run);
        let (runner, repo) = (self.clone(), repo.clone());
        repo.github.clone().spawn(async move {
            let mut paused = runner.paused.subscribe();
            // The sender lives in the runner, so the channel cannot close while we wait.
            let free = |paused: &Option<String>| paused.as_deref() != Some(workflow.name);
            if paused.wait_for(free).await.is_err() {
                return;
            }
            statuses::move_run(&repo, id, Phase::InProgress);
            for check in &checks {
                statuses::move_check(&repo, &head, *check, Phase::InProgress, None);
            }
            tokio::time::sleep(runner.delay).await;
            let mut worst = Phase::Skipped;
            for (job, check) in jobs.into_iter().zip(checks) {
                let result = repo.blocking(move |repo| Ok(job(repo)?)).await;
                let outcome = result.unwrap_or_else(|error| {
                    tracing::error!(workflow = workflow.name, %error, "a job failed");
                    Outcome::failure(error.to_string())
                });
                worst = match (worst, outcome.phase) {
                    (Phase::Failure, _) | (_, Phase::Failure) => Phase::Failure,
                    (Phase::Success, _) | (_, Phase::Success) => Phase::Success,
                    (skipped, _) => skipped,
                };
                let sentence = Some(outcome.sentence);
                statuses::move_check(&repo, &head, check, outcome.phase, sentence);
            }
            statuses::move_run(&repo, id, worst);
        });
    }
}
