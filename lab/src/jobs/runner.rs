//! The runner of workflows: records a run, and works through its jobs in the background.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::github::operations::statuses::{self, NewRun};
use crate::github::repository::Phase;
use crate::github::state::Repo;

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

    pub(super) fn success(sentence: impl Into<String>) -> Self {
        Self::new(Phase::Success, sentence)
    }

    pub(super) fn failure(sentence: impl Into<String>) -> Self {
        Self::new(Phase::Failure, sentence)
    }

    pub(super) fn skipped(sentence: impl Into<String>) -> Self {
        Self::new(Phase::Skipped, sentence)
    }
}

pub(super) type Job = Box<dyn FnOnce(&Repo) -> anyhow::Result<Outcome> + Send>;

pub(crate) struct Runner {
    delay: Duration,
    /// The name of the workflow that no runner is free for, if any: its runs stay queued.
    pub(crate) paused: watch::Sender<Option<String>>,
}

impl Runner {
    /// A runner whose jobs take `delay` each.
    pub(super) fn new(delay: Duration) -> Self {
        Self {
            delay,
            paused: watch::Sender::new(None),
        }
    }

    /// Records a run, and works through its jobs in the background. `jobs` are in the order of the
    /// workflow's checks.
    pub(super) fn run(self: &Arc<Self>, repo: &Repo, run: NewRun, jobs: Vec<Job>) {
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
