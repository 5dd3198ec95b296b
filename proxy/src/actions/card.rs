//! The approval card: everything that an approver needs, read at one moment.

use std::time::Duration;

use model::Release;
use model::api::{EnvironmentView, FileDiff, PromotionCard};
use model::chain::VerdictState;
use model::journal::{Entry, Event};
use model::pipeline::RepositoryName;
use model::promotion::PromotionState;
use model::rollout::verdict_after;
use model::rollout::{RolloutStep, StepState};

use super::permissions::{CardPermissions, missing};
use super::reading::{Reading, credentials};
use super::{ActionError, evidence};
use crate::app::AppState;
use crate::auth::Person;
use crate::auth::intent::Subject;
use crate::github::Comparison;

/// The folder of the chart; its changes between two releases are shown with the promotion.
const CHARTS: &str = "charts/";
const SECOND: Duration = Duration::from_secs(1);

/// Reads a promotion and returns its card; without a `person`, as everyone sees it.
///
/// # Errors
/// `NoPromotion`, or what GitHub answered.
pub async fn card(
    app: &AppState,
    person: Option<&Person>,
    repository: &RepositoryName,
    number: u64,
) -> Result<PromotionCard, ActionError> {
    let reading = Reading::new(app, person, repository, number).await?;
    Ok(of(app, person, reading).await)
}

/// Returns the card of a reading, with an intent for a signed-in person.
pub(super) async fn of(app: &AppState, person: Option<&Person>, reading: Reading) -> PromotionCard {
    let board = reading.pipeline.board();
    let (view, before) = reading.environments(&board);
    let promotion = &reading.promotion;
    let CardPermissions {
        approve,
        approve_and_merge,
        merge,
        refuse,
    } = CardPermissions::of(promotion, reading.actor.as_ref());
    let now = app.clock.now();
    let minted = person
        .filter(|_| promotion.state == PromotionState::Open)
        .map(|person| app.auth.intents.mint(subject(&reading, person), now));
    let (intent_expires_at, intent) = minted
        .map(|(intent, text)| (intent.expires_at, text))
        .unzip();
    let to = release_to_come(&reading, before);
    let between = between(app, person, &reading, view).await;
    let environment = reading.environment();
    PromotionCard {
        pipeline: board.pipeline.clone(),
        environment: environment.name.clone(),
        user_facing: environment.user_facing,
        targets: environment.targets.len(),
        repository: promotion.repository.clone(),
        number: promotion.number,
        title: promotion.title.clone(),
        url: promotion.url.clone(),
        state: promotion.state,
        from: view.release.clone(),
        to,
        evidence_from: before.unwrap_or(view).name.clone(),
        evidence_holds: evidence::holds(before, promotion.release.as_ref()),
        evidence: evidence::lines(before, promotion.release.as_ref()),
        files: files(&reading, &between),
        commits: between.commits.clone(),
        compare_url: between.url,
        checks: promotion.checks.clone(),
        reviews: promotion.reviews.clone(),
        missing: missing(promotion),
        head: promotion.head.clone(),
        head_by: promotion.head_by.clone(),
        head_at: promotion.head_at,
        base_ref: promotion.base_ref.clone(),
        author: promotion.author.clone(),
        opened_at: promotion.opened_at,
        approve,
        approve_and_merge,
        merge,
        refuse,
        intent,
        intent_expires_at,
        steps: steps(app, &reading, view).await,
        verdict: verdict_after(promotion, view),
        as_of: now,
    }
}

/// Returns what the intent is bound to: exactly what the card shows.
fn subject(reading: &Reading, person: &Person) -> Subject {
    let promotion = &reading.promotion;
    Subject {
        user: person.viewer.id,
        repository: promotion.repository.clone(),
        number: promotion.number,
        head: promotion.head.clone(),
        base_ref: promotion.base_ref.clone(),
        base: promotion.base.clone(),
        diff_digest: reading.digest(),
        method: reading.method().to_owned(),
    }
}

/// Returns the release as the environment before shows it, else as its pull request describes it.
fn release_to_come(reading: &Reading, before: Option<&EnvironmentView>) -> Release {
    let chart = reading.promotion.release.clone();
    let seen = before
        .map(|view| &view.release)
        .filter(|release| chart.is_some() && release.chart == chart);
    if let Some(seen) = seen {
        return seen.clone();
    }
    let record = chart
        .as_ref()
        .and_then(|version| reading.pipeline.release(version));
    Release {
        chart,
        app: record.as_ref().and_then(|record| record.app.clone()),
        image_tag: None,
        colour: record.and_then(|record| record.colour),
    }
}

/// Compares the release of the environment with the promoted one; empty where either is unknown or the call
/// fails, since the pull request itself is shown all the same.
async fn between(
    app: &AppState,
    person: Option<&Person>,
    reading: &Reading,
    view: &EnvironmentView,
) -> Comparison {
    let commit = |version| {
        let record = reading.pipeline.release(version)?;
        Some(record.commit)
    };
    let from = view.release.chart.as_ref().and_then(commit);
    let to = reading.promotion.release.as_ref().and_then(commit);
    let (Some(from), Some(to)) = (from, to) else {
        return Comparison::default();
    };
    if from == to {
        return Comparison::default();
    }
    let repository = &reading.promotion.repository;
    app.github
        .compare(credentials(person), repository, &from, &to)
        .await
        .unwrap_or_else(|error| {
            tracing::warn!(%error, %repository, "two releases cannot be compared");
            Comparison::default()
        })
}

fn files(reading: &Reading, between: &Comparison) -> Vec<FileDiff> {
    let chart = between
        .files
        .iter()
        .filter(|file| file.filename.starts_with(CHARTS));
    reading
        .files
        .iter()
        .chain(chart)
        .cloned()
        .map(crate::github::ChangedFile::diff)
        .collect()
}

/// Returns the steps of the rollout after the merge, with their times from the journal. A promotion that a
/// later one overtook has none: what the environment does now belongs to the later one.
async fn steps(app: &AppState, reading: &Reading, view: &EnvironmentView) -> Vec<RolloutStep> {
    let promotion = &reading.promotion;
    let overtaken = view.desired_chart > promotion.release;
    let Some(merged_at) = promotion.closed_at else {
        return Vec::new();
    };
    if promotion.state != PromotionState::Merged || overtaken {
        return Vec::new();
    }
    let environment = reading.environment();
    let tolerances = &app.config.tolerances;
    let mut steps = reading
        .pipeline
        .rollout(promotion, environment, app.clock.now(), tolerances);
    let pipeline = &reading.pipeline.spec().name;
    // Kubernetes and GitHub tell times in whole seconds, so what followed may seem to have come before.
    let (since, until) = (merged_at - SECOND, app.clock.now() + SECOND);
    match app.journal.between(pipeline, since, until).await {
        Ok(entries) => {
            let here = |entry: &&Entry| {
                entry.environment.as_ref() == Some(&view.name) && entry.release == promotion.release
            };
            let at = |is: fn(&Event) -> bool| {
                let mut entries = entries.iter().filter(here);
                entries.find(|entry| is(&entry.event)).map(|entry| entry.at)
            };
            for step in steps
                .iter_mut()
                .filter(|step| step.state == StepState::Done)
            {
                step.at = step.at.or_else(|| match step.name.as_str() {
                    "upgraded" => at(|event| *event == Event::Deployed),
                    "serving" => at(|event| {
                        matches!(event, Event::Verdict { to, .. } if *to == VerdictState::Proven)
                    }),
                    _ => None,
                });
            }
        }
        // The steps are shown without their times.
        Err(error) => tracing::warn!(%error, %pipeline, "the times of a way cannot be read"),
    }
    steps
}
