//! A real run of the process, replayed: chart 1.1.6 of the original on 2022-09-27, people included, went
//! from its merge at 17:36:18 to prod at 17:42:03.

use std::time::Duration;

use anyhow::{Context, bail};
use model::ChartVersion;
use time::OffsetDateTime;
use tokio::time::Instant;
use workflow::release::{ReleaseRequest, plan};
use workflow::{CHART, MAIN_GO, VALUES, VERSION_GO};

use crate::github::ApiError;
use crate::world::Lab;

/// When the promotion into an environment was opened and merged, after the release was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hop {
    /// The environment.
    pub environment: &'static str,
    /// When its pull request was opened.
    pub opened: Duration,
    /// When somebody had approved and merged it.
    pub merged: Duration,
}

/// The original's run.
pub const TIMETABLE: [Hop; 3] = [
    Hop {
        environment: "uat",
        opened: Duration::from_secs(136),
        merged: Duration::from_secs(168),
    },
    Hop {
        environment: "stg",
        opened: Duration::from_secs(255),
        merged: Duration::from_secs(272),
    },
    Hop {
        environment: "prod",
        opened: Duration::from_secs(328),
        merged: Duration::from_secs(345),
    },
];

/// The workflow whose runs are let go at the minute.
const PROMOTION: &str = "promotion";
/// How long the lab may take for what follows by itself.
const PATIENCE: Duration = Duration::from_secs(30);
const BETWEEN_LOOKS: Duration = Duration::from_millis(10);

/// What was replayed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replayed {
    /// The release.
    pub release: ChartVersion,
    /// When it was merged, in lab time.
    pub merged_at: OffsetDateTime,
}

/// Carries the next release through the lab at the times of [`TIMETABLE`], moving lab time on between
/// them. `look` is called after each pull request was opened (`false`) and after it was merged (`true`).
///
/// # Errors
/// When the forge refuses a deed, or what should follow by itself does not.
pub async fn replay(
    lab: &Lab,
    mut look: impl AsyncFnMut(&Hop, bool) -> anyhow::Result<()>,
) -> anyhow::Result<Replayed> {
    let forge = lab.forge();
    let release = next(lab).await?;
    let number = forge
        .open_release(&release.0, &release.1, &release.2.to_string(), "ana")
        .await?;
    forge.review(number, "li", "APPROVE", "").await?;
    forge.pause_workflow(Some(PROMOTION));
    let merged = merge(lab, number, "li");
    let merged_at = merged.await?;
    for hop in &TIMETABLE {
        until("the promotion is due", || {
            Ok((forge.queued(PROMOTION) > 0).then_some(()))
        })
        .await?;
        advance_to(lab, merged_at + hop.opened)?;
        forge.pause_workflow(None);
        let number = opened(lab, hop.environment, &release.2).await?;
        forge.pause_workflow(Some(PROMOTION));
        look(hop, false).await?;
        advance_to(lab, merged_at + hop.merged)?;
        forge.review(number, "sam", "APPROVE", "").await?;
        merge(lab, number, "sam").await?;
        look(hop, true).await?;
    }
    forge.pause_workflow(None);
    Ok(Replayed {
        release: release.2,
        merged_at,
    })
}

/// The values of the next release, as `weft release` proposes them.
async fn next(lab: &Lab) -> anyhow::Result<(String, String, ChartVersion)> {
    let mut files = Vec::new();
    for path in [MAIN_GO, VERSION_GO, VALUES, CHART] {
        files.push((path, lab.forge().file("main", path).await?));
    }
    let read = |path: &str| {
        let found = files.iter().find(|(name, _)| *name == path);
        found.map(|(_, text)| text.clone())
    };
    let plan = plan(read, &ReleaseRequest::default())?;
    Ok((plan.colour.to_string(), plan.version.0, plan.chart_version))
}

/// Merges as soon as the checks allow it, and says when.
async fn merge(lab: &Lab, number: u64, by: &str) -> anyhow::Result<OffsetDateTime> {
    let given_up = Instant::now() + PATIENCE;
    loop {
        let at = lab.clock().now();
        match lab.forge().merge(number, by).await {
            Ok(_) => return Ok(at),
            // The checks have not ended yet.
            Err(ApiError::Answer { status: 405, .. }) if Instant::now() < given_up => {
                tokio::time::sleep(BETWEEN_LOOKS).await;
            }
            Err(refusal) => return Err(refusal).context("merging"),
        }
    }
}

async fn opened(lab: &Lab, environment: &str, release: &ChartVersion) -> anyhow::Result<u64> {
    let given_up = Instant::now() + PATIENCE;
    let wanted = release.to_string();
    loop {
        let open = lab.forge().open_promotion(environment).await?;
        if let Some(pull) = open.filter(|pull| pull.title.ends_with(&wanted)) {
            return Ok(pull.number);
        }
        if Instant::now() > given_up {
            bail!("no pull request for {environment} came");
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
}

async fn until(what: &str, look: impl Fn() -> anyhow::Result<Option<()>>) -> anyhow::Result<()> {
    let given_up = Instant::now() + PATIENCE;
    while look()?.is_none() {
        if Instant::now() > given_up {
            bail!("it never came that {what}");
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
    Ok(())
}

/// Moves lab time on to a moment that has not come yet.
fn advance_to(lab: &Lab, moment: OffsetDateTime) -> anyhow::Result<()> {
    let left = Duration::try_from(moment - lab.clock().now());
    let left = left.context("the lab took longer than the original")?;
    lab.clock().advance(left);
    Ok(())
}
