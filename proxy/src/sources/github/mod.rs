//! GitHub: what git declares, the promotions, Flux's commit statuses and the newest dispatch, read in rounds.
//!
//! A round comes each `poll` and on request; `backfill` turns old pull requests into journal entries.

mod backfill;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use model::observation::{CommitStatus, Declared, Fact, SourceName};
use model::pipeline::EnvironmentSpec;
use model::promotion::{Mergeable, Promotion, PromotionState};
use model::{CommitId, Observation, Timestamp};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::backfill::BackfillDepth;
use crate::app::AppState;
use crate::board::PipelineState;
use crate::github::{Credentials, DeclaredFile, Error, PostedStatus};

/// The pause after a requested round: GitHub's own copies may lag behind its webhook.
const SHORT_PAUSE: Duration = Duration::from_secs(1);
/// The number of rounds in a row that may hurry because GitHub is still computing something.
const MAX_UNSETTLED: u32 = 10;
/// The longest wait for a used-up rate limit, in case its reset is wrong.
const LONGEST_WAIT: Duration = Duration::from_secs(900);

/// Starts one task for each pipeline.
pub(super) fn start(app: &AppState, tasks: &TaskTracker, ending: &CancellationToken) {
    for pipeline in app.boards.pipelines() {
        let poller = GitHubPoller {
            app: app.clone(),
            pipeline: Arc::clone(pipeline),
            head: None,
            open: Vec::new(),
            backfill: BackfillDepth::ThirtyDays,
        };
        let ending = ending.clone();
        tasks.spawn(async move {
            ending.run_until_cancelled(poller.run()).await;
        });
    }
}

/// The parts of an open promotion whose change is worth a journal entry: its number, its head, and how
/// many reviews it has.
type OpenPromotion = (u64, CommitId, usize);

struct GitHubPoller {
    app: AppState,
    pipeline: Arc<PipelineState>,
    /// The head whose declarations are on the board.
    head: Option<CommitId>,
    /// The promotions that were open in the last round.
    open: Vec<OpenPromotion>,
    /// How much of the history is still to be read.
    backfill: BackfillDepth,
}

impl GitHubPoller {
    async fn run(mut self) {
        let mut was_requested = false;
        let mut unsettled_for = 0;
        loop {
            let wait = match self.round().await {
                Ok(unsettled) => {
                    unsettled_for = if unsettled { unsettled_for + 1 } else { 0 };
                    if was_requested || (1..=MAX_UNSETTLED).contains(&unsettled_for) {
                        SHORT_PAUSE
                    } else {
                        self.app.config.github.poll
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, pipeline = %self.pipeline.spec().name, "GitHub was not read");
                    self.pipeline
                        .record_failure(&SourceName::github(), &error.to_string());
                    self.wait_after(&error).await
                }
            };
            tokio::select! {
                () = self.pipeline.github_requested() => was_requested = true,
                () = tokio::time::sleep(wait) => was_requested = false,
            }
        }
    }

    /// Returns how long to wait after a failure. Waits out a used-up rate limit, whoever requests a round.
    async fn wait_after(&self, error: &Error) -> Duration {
        if let Error::RateLimited { until } = error {
            let wait = until.since(self.app.clock.now());
            tokio::time::sleep(wait.clamp(SHORT_PAUSE, LONGEST_WAIT)).await;
            return Duration::ZERO;
        }
        self.app.config.github.poll
    }

    /// Reads everything once; returns whether GitHub is still computing something.
    async fn round(&mut self) -> Result<bool, Error> {
        let spec = self.pipeline.spec();
        let github = &self.app.github;
        let at = self.app.clock.now();
        let branches_and_paths: Vec<(String, String)> = spec
            .environments
            .iter()
            .map(|environment| {
                let branch = spec.promotion_branch(&environment.name);
                (branch, environment.path.clone())
            })
            .collect();
        let (snapshot, dispatch) = tokio::join!(
            github.snapshot(
                Credentials::Reader,
                &spec.repository,
                &spec.branch,
                &branches_and_paths
            ),
            github.newest_dispatch(Credentials::Reader, &spec.repository)
        );
        let snapshot = snapshot?;
        let mut facts = Vec::new();
        if self.head.as_ref() != Some(&snapshot.head) {
            let paths: Vec<String> = branches_and_paths
                .into_iter()
                .map(|(_, path)| path)
                .collect();
            let files = github
                .declared(
                    Credentials::Reader,
                    &spec.repository,
                    &snapshot.head,
                    &paths,
                )
                .await?;
            for (environment, file) in spec.environments.iter().zip(files) {
                facts.push(declared(environment, &snapshot.head, file));
            }
        }
        match dispatch {
            Ok(run) => facts.push(Fact::Dispatch(run)),
            // The right to read Actions may be missing; the promotions tell the rest.
            Err(error) => tracing::debug!(%error, "the newest dispatch cannot be read"),
        }
        facts.extend(commit_statuses(&spec.environments, &snapshot.statuses));
        let promotions = promotions(&spec.environments, snapshot.promotions);
        facts.extend(
            promotions
                .iter()
                .map(|(name, promotion)| Fact::Promotion(name.clone(), promotion.clone())),
        );
        self.observe(facts, at);
        let open: Vec<&Promotion> = promotions
            .values()
            .filter_map(Option::as_deref)
            .filter(|promotion| promotion.state == PromotionState::Open)
            .collect();
        self.backfill(&snapshot.head, &open).await;
        let computing = |promotion: &&Promotion| promotion.mergeable == Mergeable::Computing;
        Ok(open.iter().any(computing))
    }

    fn observe(&self, facts: Vec<Fact>, at: Timestamp) {
        for fact in facts {
            self.pipeline.observe(Observation {
                source: SourceName::github(),
                at,
                sequence: u64::try_from(at.millis()).unwrap_or(0),
                fact,
            });
        }
        self.pipeline.record_success(&SourceName::github(), at);
    }

    /// Journals the pull requests, when something about them has changed.
    async fn backfill(&mut self, head: &CommitId, open: &[&Promotion]) {
        let parts = |it: &&Promotion| (it.number, it.head.clone(), it.reviews.len());
        let seen: Vec<OpenPromotion> = open.iter().map(parts).collect();
        let moved = self.head.as_ref() != Some(head) || self.open != seen;
        self.head = Some(head.clone());
        self.open = seen;
        if moved && self.backfill == BackfillDepth::None {
            self.backfill = BackfillDepth::NewestPage;
        }
        match backfill::run(&self.app, &self.pipeline, open, self.backfill).await {
            Ok(()) => self.backfill = BackfillDepth::None,
            // The next round retries; the board does not depend on it.
            Err(error) => {
                tracing::warn!(%error, pipeline = %self.pipeline.spec().name, "the past was not read");
            }
        }
    }
}

fn declared(environment: &EnvironmentSpec, head: &CommitId, file: DeclaredFile) -> Fact {
    let desired = match &file.text {
        Some(text) => workflow::desired_in(text, environment),
        None => Err("the file is not there".into()),
    };
    let declared = Declared {
        desired,
        path: environment.path.clone(),
        head: head.clone(),
        commits: file.folder.commits,
        changed_at: file.folder.changed_at,
        changed_by: file.folder.changed_by,
    };
    Fact::Declared(environment.name.clone(), Box::new(declared))
}

/// Returns for each environment the status of the newest commit that has one. Flux's context is
/// `kustomization/<name>/<first group of the Provider's UID>`.
fn commit_statuses(environments: &[EnvironmentSpec], statuses: &[PostedStatus]) -> Vec<Fact> {
    let of = |environment: &EnvironmentSpec| {
        let is_its = |status: &&PostedStatus| {
            environment.targets.iter().any(|target| {
                let prefix = format!("kustomization/{}/", target.kustomization.name);
                status.context.starts_with(&prefix)
            })
        };
        let status = statuses.iter().find(is_its)?;
        Some(Fact::Status(CommitStatus {
            environment: environment.name.clone(),
            state: status.state.clone(),
            context: status.context.clone(),
            commit: status.commit.clone(),
            creator: status.creator.clone(),
            at: status.at,
        }))
    };
    environments.iter().filter_map(of).collect()
}

type Promotions = BTreeMap<model::EnvironmentName, Option<Box<Promotion>>>;

fn promotions(
    environments: &[EnvironmentSpec],
    found: Vec<Option<(Promotion, Option<String>)>>,
) -> Promotions {
    let with_release = |environment: &EnvironmentSpec, found: (Promotion, Option<String>)| {
        let (mut promotion, text) = found;
        promotion.release = workflow::release_in(text.as_deref(), &promotion.title, environment);
        Box::new(promotion)
    };
    environments
        .iter()
        .zip(found)
        .map(|(environment, found)| {
            let promotion = found.map(|found| with_release(environment, found));
            (environment.name.clone(), promotion)
        })
        .collect()
}
