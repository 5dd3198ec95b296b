//! GitHub: what git declares, the promotions, Flux's ticks and the newest dispatch, read in rounds.
//!
//! A round comes each `poll` and at once when somebody asks; `past` turns old pull requests into entries.

mod past;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use model::observation::{CommitStatus, Declared, Fact, SourceName};
use model::pipeline::EnvironmentSpec;
use model::promotion::{Mergeable, Promotion, PromotionState};
use model::{CommitId, Observation, Timestamp};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::declaration::{release_in, want_in};
use crate::app::AppState;
use crate::board::Lane;
use crate::github::{Credentials, DeclaredFile, Error, PostedStatus};

/// How soon to look again after somebody said to look: GitHub's own copies may lag behind its webhook.
const ONCE_MORE: Duration = Duration::from_secs(1);
/// How many rounds in a row may hurry because GitHub is still computing something.
const UNSETTLED: u32 = 10;
/// The longest wait that a used-up limit may ask for before Weft tries all the same.
const LONGEST_WAIT: Duration = Duration::from_secs(900);

/// Starts one reader for each pipeline.
pub(super) fn start(app: &AppState, tasks: &TaskTracker, ending: &CancellationToken) {
    for lane in app.boards.lanes() {
        let reader = Reader {
            app: app.clone(),
            lane: Arc::clone(lane),
            head: None,
            open: Vec::new(),
            past: past::Reach::Long,
        };
        let ending = ending.clone();
        tasks.spawn(async move {
            ending.run_until_cancelled(reader.run()).await;
        });
    }
}

/// What makes an open promotion worth a new line in the journal.
#[derive(PartialEq, Eq)]
struct Open {
    number: u64,
    head: CommitId,
    reviews: usize,
}

impl Open {
    fn of(promotion: &Promotion) -> Self {
        Self {
            number: promotion.number,
            head: promotion.head.clone(),
            reviews: promotion.reviews.len(),
        }
    }
}

struct Reader {
    app: AppState,
    lane: Arc<Lane>,
    /// The head whose declarations are on the board.
    head: Option<CommitId>,
    /// The promotions that were open in the last round.
    open: Vec<Open>,
    /// How much of the past is still to be read.
    past: past::Reach,
}

impl Reader {
    async fn run(mut self) {
        let mut once_more = false;
        let mut unsettled_for = 0;
        loop {
            let wait = match self.round().await {
                Ok(unsettled) => {
                    unsettled_for = if unsettled { unsettled_for + 1 } else { 0 };
                    if once_more || (1..=UNSETTLED).contains(&unsettled_for) {
                        ONCE_MORE
                    } else {
                        self.app.config.github.poll
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, pipeline = %self.lane.spec().name, "GitHub was not read");
                    self.lane.lost(&SourceName::github(), &error.to_string());
                    self.after(&error).await
                }
            };
            tokio::select! {
                () = self.lane.github_wanted() => once_more = true,
                () = tokio::time::sleep(wait) => once_more = false,
            }
        }
    }

    /// How long to wait after a failure. While GitHub's limit is used up, nobody's wish to look counts.
    async fn after(&self, error: &Error) -> Duration {
        if let Error::RateLimited { until } = error {
            let wait = until.since(self.app.clock.now());
            tokio::time::sleep(wait.clamp(ONCE_MORE, LONGEST_WAIT)).await;
            return Duration::ZERO;
        }
        self.app.config.github.poll
    }

    /// Reads everything once; says whether something will settle so soon that it is worth another look.
    async fn round(&mut self) -> Result<bool, Error> {
        let spec = self.lane.spec();
        let github = &self.app.github;
        let at = self.app.clock.now();
        let places: Vec<(String, String)> = spec
            .environments
            .iter()
            .map(|environment| {
                let branch = spec.promotion_branch(&environment.name);
                (branch, environment.path.clone())
            })
            .collect();
        let (snapshot, dispatch) = tokio::join!(
            github.snapshot(Credentials::Reader, &spec.repository, &spec.branch, &places),
            github.newest_dispatch(Credentials::Reader, &spec.repository)
        );
        let snapshot = snapshot?;
        let mut facts = Vec::new();
        if self.head.as_ref() != Some(&snapshot.head) {
            let paths: Vec<String> = places.into_iter().map(|(_, path)| path).collect();
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
        facts.extend(ticks(&spec.environments, &snapshot.statuses));
        let promotions = promotions(&spec.environments, snapshot.promotions);
        facts.extend(
            promotions
                .iter()
                .map(|(name, promotion)| Fact::Promotion(name.clone(), promotion.clone())),
        );
        self.say(facts, at);
        let open: Vec<&Promotion> = promotions
            .values()
            .filter_map(Option::as_deref)
            .filter(|promotion| promotion.state == PromotionState::Open)
            .collect();
        self.remember(&snapshot.head, &open).await;
        let computing = |promotion: &&Promotion| promotion.mergeable == Mergeable::Computing;
        Ok(open.iter().any(computing))
    }

    fn say(&self, facts: Vec<Fact>, at: Timestamp) {
        for fact in facts {
            self.lane.observe(Observation {
                source: SourceName::github(),
                at,
                order: u64::try_from(at.millis()).unwrap_or(0),
                fact,
            });
        }
        self.lane.contact(&SourceName::github(), at);
    }

    /// Writes down what the past holds, when there may be more of it than before.
    async fn remember(&mut self, head: &CommitId, open: &[&Promotion]) {
        let seen: Vec<Open> = open.iter().map(|promotion| Open::of(promotion)).collect();
        let moved = self.head.as_ref() != Some(head) || self.open != seen;
        self.head = Some(head.clone());
        self.open = seen;
        if moved && self.past == past::Reach::None {
            self.past = past::Reach::Short;
        }
        let told = past::tell(&self.app, &self.lane, open, self.past).await;
        match told {
            Ok(()) => self.past = past::Reach::None,
            // It stays to be read in the next round; the board does not depend on it.
            Err(error) => {
                tracing::warn!(%error, pipeline = %self.lane.spec().name, "the past was not read");
            }
        }
    }
}

fn declared(environment: &EnvironmentSpec, head: &CommitId, file: DeclaredFile) -> Fact {
    let want = match &file.text {
        Some(text) => want_in(text, environment),
        None => Err("the file is not there".into()),
    };
    let declared = Declared {
        want,
        path: environment.path.clone(),
        head: head.clone(),
        commits: file.folder.commits,
        changed_at: file.folder.changed_at,
        changed_by: file.folder.changed_by,
    };
    Fact::Declared(environment.name.clone(), Box::new(declared))
}

/// For each environment the tick on the newest commit that has one. Flux writes it as
/// `kustomization/<name>/<first group of the Provider's UID>`.
fn ticks(environments: &[EnvironmentSpec], ticks: &[PostedStatus]) -> Vec<Fact> {
    let of = |environment: &EnvironmentSpec| {
        let is_its = |tick: &&PostedStatus| {
            environment.targets.iter().any(|target| {
                let prefix = format!("kustomization/{}/", target.kustomization.name);
                tick.context.starts_with(&prefix)
            })
        };
        let tick = ticks.iter().find(is_its)?;
        Some(Fact::Status(CommitStatus {
            environment: environment.name.clone(),
            state: tick.state.clone(),
            context: tick.context.clone(),
            commit: tick.commit.clone(),
            creator: tick.creator.clone(),
            at: tick.at,
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
        promotion.release = release_in(text.as_deref(), &promotion.title, environment);
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
