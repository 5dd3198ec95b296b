//! What the repository's workflows do, Actions-like: container builds, pull-request checks, releases
//! and promotions. A job starts right after its event, takes the configured time, and is recorded
//! as a workflow run with its checks.

mod checks;
mod containers;
mod files;
mod host;
mod promotion;
pub(crate) mod release;
pub(crate) mod steps;

use std::sync::Arc;

use crate::forge::acts::marks::{self, NewRun};
use crate::forge::engine::{Engine, Event};
use crate::forge::git::ZERO;
use crate::forge::state::{DEFAULT_BRANCH, Phase, Repository};

pub(crate) use self::containers::tag as branch_tag;

/// The environments in the order in which releases travel.
pub const ENVIRONMENTS: [&str; 5] = ["dev", "dev-test", "uat", "stg", "prod"];

/// The branch of the promotion into an environment.
pub(crate) fn promotion_branch(environment: &str) -> String {
    format!("promotion-app-podinfo-podinfo-{environment}")
}

/// How a job ended: whether it did something, and the sentence that says so.
pub(crate) struct Outcome {
    pub(crate) phase: Phase,
    pub(crate) sentence: String,
}

impl Outcome {
    pub(crate) fn success(sentence: impl Into<String>) -> Self {
        Self {
            phase: Phase::Success,
            sentence: sentence.into(),
        }
    }

    pub(crate) fn failure(sentence: impl Into<String>) -> Self {
        Self {
            phase: Phase::Failure,
            sentence: sentence.into(),
        }
    }

    pub(crate) fn skipped(sentence: impl Into<String>) -> Self {
        Self {
            phase: Phase::Skipped,
            sentence: sentence.into(),
        }
    }
}

type Work = Box<dyn FnOnce(&Arc<Engine>, &Arc<Repository>) -> anyhow::Result<Outcome> + Send>;

/// One job of a workflow.
pub(crate) struct Job {
    pub(crate) name: &'static str,
    pub(crate) work: Work,
}

/// Starts the workflows that the event triggers.
pub(crate) fn react(engine: &Arc<Engine>, repository: &Arc<Repository>, event: &Event) {
    match event {
        Event::Push { update, by } if update.after != ZERO => {
            let Some(branch) = update.reference.strip_prefix("refs/heads/") else {
                return;
            };
            if branch == DEFAULT_BRANCH {
                release::start(engine, repository, update, by);
            } else {
                containers::start(engine, repository, branch, update, by);
            }
        }
        Event::PullRequest {
            number,
            action: "opened" | "synchronize" | "reopened",
            by,
        } => {
            checks::start(engine, repository, *number, by);
        }
        Event::Dispatch {
            event_type,
            payload,
            ..
        } => {
            promotion::start(engine, repository, event_type, payload);
        }
        Event::Push { .. }
        | Event::PullRequest { .. }
        | Event::Review { .. }
        | Event::Status { .. }
        | Event::CheckRun { .. }
        | Event::WorkflowRun { .. }
        | Event::Image { .. }
        | Event::Chart { .. } => {}
    }
}

/// Records a run and works through its jobs, all at once, in the background.
pub(crate) fn run(engine: &Arc<Engine>, repository: &Arc<Repository>, run: NewRun, jobs: Vec<Job>) {
    let names: Vec<&str> = jobs.iter().map(|job| job.name).collect();
    let head = run.head.clone();
    let workflow = run.name;
    let (id, checks) = marks::start_run(engine, repository, run, &names);
    let (worker, place) = (engine.clone(), repository.clone());
    engine.spawn(async move {
        let mut held = worker.held.subscribe();
        // Its sender lives in the engine, so that it cannot close while we wait.
        let free = |held: &Option<String>| held.as_deref() != Some(workflow);
        if held.wait_for(free).await.is_err() {
            return;
        }
        marks::move_run(&worker, &place, id, Phase::InProgress);
        for check in &checks {
            marks::move_check(&worker, &place, &head, *check, Phase::InProgress, None);
        }
        tokio::time::sleep(worker.job_delay).await;
        let mut worst = Phase::Skipped;
        for (job, check) in jobs.into_iter().zip(checks) {
            let target = place.clone();
            let result = worker
                .blocking(move |engine| Ok((job.work)(engine, &target)?))
                .await;
            let outcome = result.unwrap_or_else(|refusal| {
                tracing::error!(job = job.name, error = %refusal, "a job failed");
                Outcome::failure(refusal.to_string())
            });
            worst = match (worst, outcome.phase) {
                (Phase::Failure, _) | (_, Phase::Failure) => Phase::Failure,
                (Phase::Success, _) | (_, Phase::Success) => Phase::Success,
                (skipped, _) => skipped,
            };
            let sentence = Some(outcome.sentence);
            marks::move_check(&worker, &place, &head, check, outcome.phase, sentence);
        }
        marks::move_run(&worker, &place, id, worst);
    });
}
