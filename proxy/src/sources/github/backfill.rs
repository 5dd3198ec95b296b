//! Pull requests as journal entries: releases and promotions, each step once.

use std::collections::BTreeMap;
use std::time::Duration;

use model::journal::{Entry, Event};
use model::pipeline::EnvironmentSpec;
use model::promotion::Promotion;
use model::{AppVersion, ChartVersion, PipelineSpec, Timestamp};
use serde_json::Value;

use crate::app::AppState;
use crate::board::{PipelineState, ReleaseRecord};
use crate::github::{
    BackfillQuery, ClosedPullRequest, Credentials, Error as GitHubError, MergeRecord,
};
use crate::journal::JournalError;

/// How far back the journal is filled at the first start.
const WINDOW: Duration = Duration::from_secs(30 * 24 * 3600);

/// How much of the history is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BackfillDepth {
    /// Nothing was closed since.
    None,
    NewestPage,
    ThirtyDays,
}

/// Why the history was not journaled.
#[derive(Debug, thiserror::Error)]
pub(super) enum BackfillError {
    #[error(transparent)]
    GitHub(#[from] GitHubError),
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// Reads the history as far back as `depth` and journals it, with the promotions that are open now.
pub(super) async fn run(
    app: &AppState,
    pipeline: &PipelineState,
    open: &[&Promotion],
    depth: BackfillDepth,
) -> Result<(), BackfillError> {
    let spec = pipeline.spec();
    let now = app.clock.now();
    if depth == BackfillDepth::None {
        return Ok(());
    }
    let mut backfill = Backfill {
        spec,
        now,
        entries: Vec::new(),
    };
    // The files that a release changes, and by which it is read.
    let app_name = &spec.name.name;
    let past = BackfillQuery {
        branch: &spec.branch,
        chart: &format!("charts/{app_name}/Chart.yaml"),
        source: &format!("cmd/{app_name}/main.go"),
        since: now - WINDOW,
        pages: match depth {
            BackfillDepth::ThirtyDays => 10,
            BackfillDepth::NewestPage | BackfillDepth::None => 1,
        },
    };
    let pulls = app
        .github
        .closed_pull_requests(Credentials::Reader, &spec.repository, &past)
        .await?;
    let mut releases = BTreeMap::new();
    for pull in &pulls {
        if let Some(environment) = backfill.promoted_into(&pull.head_ref) {
            backfill.promotion(environment, pull);
        } else if let Some(merge) = &pull.merge
            && let Some((version, record)) = release(pull, merge, app_name)
        {
            backfill.release(&version, pull.number, merge);
            releases.insert(version, record);
        }
    }
    pipeline.remember(releases);
    for promotion in open {
        if let Some(environment) = backfill.promoted_into(&promotion.head_ref) {
            backfill.open(environment, promotion);
        }
    }
    for entry in &mut backfill.entries {
        entry.colour = pipeline.colour_of(entry.release.as_ref());
    }
    app.journal.append(&backfill.entries).await?;
    Ok(())
}

/// Returns the release that a merged pull request made, where it made one.
fn release(
    pull: &ClosedPullRequest,
    merge: &MergeRecord,
    app_name: &str,
) -> Option<(ChartVersion, ReleaseRecord)> {
    let titled = |rest: &str| rest.starts_with(&format!("{app_name} "));
    let named = pull.head_ref.starts_with("release-")
        || pull.title.strip_prefix("Release ").is_some_and(titled);
    if !named {
        return None;
    }
    let chart: Option<Value> = merge
        .chart
        .as_deref()
        .and_then(|text| serde_saphyr::from_str(text).ok());
    let text = |field: &str| chart.as_ref()?.get(field)?.as_str();
    let version = text("version")
        .and_then(|version| ChartVersion::parse(version).ok())
        .or_else(|| workflow::version_in_title(&pull.title))?;
    let record = ReleaseRecord {
        commit: merge.commit.clone(),
        app: text("appVersion").map(|version| AppVersion(version.to_owned())),
        colour: merge.source.as_deref().and_then(workflow::colour_of),
    };
    Some((version, record))
}

struct Backfill<'a> {
    spec: &'a PipelineSpec,
    now: Timestamp,
    entries: Vec<Entry>,
}

/// The common part of a pull request's steps.
struct PullRequestStep<'a> {
    number: u64,
    environment: Option<&'a EnvironmentSpec>,
    release: Option<ChartVersion>,
}

impl<'a> Backfill<'a> {
    fn promoted_into(&self, branch: &str) -> Option<&'a EnvironmentSpec> {
        self.spec
            .environments
            .iter()
            .find(|environment| self.spec.promotion_branch(&environment.name) == branch)
    }

    fn release(&mut self, version: &ChartVersion, number: u64, merge: &MergeRecord) {
        let step = PullRequestStep {
            number,
            environment: None,
            release: Some(version.clone()),
        };
        let released = Entry::new(&self.spec.name, Event::Released { number }, merge.at)
            .by(merge.by.clone())
            .sentence(format!("Released {version} with #{number}."));
        self.push(&step, "released", released);
    }

    fn promotion(&mut self, environment: &'a EnvironmentSpec, pull: &ClosedPullRequest) {
        let number = pull.number;
        let step = PullRequestStep {
            number,
            environment: Some(environment),
            release: workflow::version_in_title(&pull.title),
        };
        let what = what(step.release.as_ref());
        let (pipeline, into) = (&self.spec.name, &environment.name);
        self.opened(&step, pull.opened_at, pull.author.clone());
        for review in &pull.reviews {
            let approves = match review.state.as_str() {
                // A dismissed review was an approval when it was given; by what, GitHub does not say.
                "APPROVED" | "DISMISSED" => true,
                "CHANGES_REQUESTED" => false,
                _ => continue,
            };
            self.reviewed(&step, &review.login, approves, review.at);
        }
        if let Some(merge) = &pull.merge {
            let merged = Entry::new(pipeline, Event::PromotionMerged { number }, merge.at)
                .by(merge.by.clone())
                .sentence(format!("#{number} with {what} was merged into {into}."));
            self.push(&step, "merged", merged);
        } else if let Some(at) = pull.closed_at {
            let sentence = format!("#{number} with {what} for {into} was closed unmerged.");
            let closed = Entry::new(pipeline, Event::PromotionClosed { number }, at);
            self.push(&step, "closed", closed.sentence(sentence));
        }
    }

    fn open(&mut self, environment: &'a EnvironmentSpec, promotion: &Promotion) {
        let step = PullRequestStep {
            number: promotion.number,
            environment: Some(environment),
            release: promotion.release.clone(),
        };
        self.opened(&step, promotion.opened_at, Some(promotion.author.clone()));
        for review in &promotion.reviews {
            self.reviewed(&step, &review.login, review.approves, review.at);
        }
    }

    fn opened(&mut self, step: &PullRequestStep<'_>, at: Timestamp, who: Option<String>) {
        let (number, what) = (step.number, what(step.release.as_ref()));
        let into = step.environment.map_or("", |into| into.name.as_str());
        let opened = Entry::new(&self.spec.name, Event::PromotionOpened { number }, at)
            .by(who)
            .sentence(format!("#{number} would promote {what} into {into}."));
        // A pull request that was brought to a newer release is opened for each of them.
        self.push(step, &format!("opened {what}"), opened);
    }

    fn reviewed(&mut self, step: &PullRequestStep<'_>, login: &str, approves: bool, at: Timestamp) {
        let (number, what) = (step.number, what(step.release.as_ref()));
        let (verb, event) = if approves {
            ("approved", Event::PromotionApproved { number })
        } else {
            ("refused", Event::PromotionRefused { number })
        };
        let reviewed = Entry::new(&self.spec.name, event, at)
            .by(login.to_owned())
            .sentence(format!("@{login} {verb} #{number} with {what}."));
        self.push(step, &format!("{verb} {login} {}", at.millis()), reviewed);
    }

    /// Adds the entry of a step; `key` tells it from the others of its pull request.
    fn push(&mut self, step: &PullRequestStep<'_>, key: &str, entry: Entry) {
        let environment = step.environment.map(|environment| environment.name.clone());
        let key = format!("github {}#{} {key}", self.spec.repository, step.number);
        self.entries.push(
            entry
                .written_at(self.now)
                .environment(environment)
                .release(step.release.clone())
                .source("github")
                .key(key),
        );
    }
}

fn what(release: Option<&ChartVersion>) -> String {
    release.map_or_else(|| "a release".into(), ToString::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{Colour, CommitId};

    fn read(title: &str, head_ref: &str) -> Option<(ChartVersion, ReleaseRecord)> {
        let merge = MergeRecord {
            commit: CommitId::new("abc"),
            at: Timestamp::from_millis(1),
            by: Some("li".into()),
            chart: Some("version: 1.1.7\nappVersion: 5.1.8\n".into()),
            source: Some("package main\n\nconst color = \"#b8791f\"\n".into()),
        };
        let pull = ClosedPullRequest {
            number: 7,
            title: title.into(),
            head_ref: head_ref.into(),
            author: Some("ana".into()),
            opened_at: Timestamp::from_millis(0),
            closed_at: Some(Timestamp::from_millis(1)),
            merge: None,
            reviews: Vec::new(),
        };
        release(&pull, &merge, "podinfo")
    }

    #[test]
    fn a_release_is_read_from_the_chart_and_the_source_that_were_merged() {
        let (version, record) = read("Release podinfo 9.9.9", "release-9.9.9").unwrap();
        assert_eq!(version.to_string(), "1.1.7");
        assert_eq!(record.app, Some(AppVersion("5.1.8".into())));
        assert_eq!(record.colour, Colour::parse("#b8791f").ok());
    }

    #[test]
    fn a_pull_request_by_any_other_name_is_no_release() {
        for title in ["Tidy the readme", "Release notes for 1.1.7"] {
            assert!(read(title, "tidy").is_none(), "{title}");
        }
    }
}
