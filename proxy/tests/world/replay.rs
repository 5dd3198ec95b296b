//! A real run of the process, replayed: chart 1.1.6 of the original on 2022-09-27, people included, went
//! from its merge at 17:36:18 to prod at 17:42:03.

use std::time::Duration;

use anyhow::{Context, ensure};
use lab::Lab;
use lab::github::ApiError;
use model::ChartVersion;
use time::OffsetDateTime;
use tokio::time::Instant;
use workflow::release::{ReleaseRequest, plan};
use workflow::{CHART, MAIN_GO, VALUES, VERSION_GO};

/// The times of the promotion into an environment, after the merge of the release.
pub struct PromotionTimes {
    pub environment: &'static str,
    /// When the pull request was opened.
    pub opened: Duration,
    /// When somebody had approved and merged it.
    pub merged: Duration,
}

const fn times(environment: &'static str, opened: u64, merged: u64) -> PromotionTimes {
    PromotionTimes {
        environment,
        opened: Duration::from_secs(opened),
        merged: Duration::from_secs(merged),
    }
}

/// The times of the original, in seconds.
pub const TIMETABLE: [PromotionTimes; 3] = [
    times("uat", 136, 168),
    times("stg", 255, 272),
    times("prod", 328, 345),
];

/// The workflow whose runs wait for their time.
const PROMOTION: &str = "promotion";
/// How long the lab may take for what follows by itself.
const TIMEOUT: Duration = Duration::from_secs(30);
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// Carries the next release through the lab at the times of [`TIMETABLE`], moving lab time on between
/// them. `look` is called after each pull request was opened (`false`) and after it was merged (`true`).
/// Returns the release and when it was merged, in lab time.
///
/// # Errors
/// When the forge refuses, or what should follow by itself does not.
pub async fn replay(
    lab: &Lab,
    mut look: impl AsyncFnMut(&PromotionTimes, bool) -> anyhow::Result<()>,
) -> anyhow::Result<(ChartVersion, OffsetDateTime)> {
    let forge = lab.forge();
    let (colour, version, release) = next(lab).await?;
    let chart = release.to_string();
    let number = forge.open_release(&colour, &version, &chart, "ana").await?;
    forge.review(number, "li", "APPROVE", "").await?;
    forge.pause_workflow(Some(PROMOTION));
    let merged_at = merge(lab, number, "li").await?;
    for promotion in &TIMETABLE {
        let is_due = async || Ok((forge.queued(PROMOTION) > 0).then_some(()));
        eventually("the promotion is due", is_due).await?;
        advance_to(lab, merged_at + promotion.opened)?;
        forge.pause_workflow(None);
        let opened = async || {
            let open = forge.open_promotion(promotion.environment).await?;
            let open = open.filter(|pull| pull.title.ends_with(&chart));
            Ok(open.map(|pull| pull.number))
        };
        let what = format!("the pull request for {} is opened", promotion.environment);
        let number = eventually(&what, opened).await?;
        forge.pause_workflow(Some(PROMOTION));
        look(promotion, false).await?;
        advance_to(lab, merged_at + promotion.merged)?;
        forge.review(number, "sam", "APPROVE", "").await?;
        merge(lab, number, "sam").await?;
        look(promotion, true).await?;
    }
    forge.pause_workflow(None);
    Ok((release, merged_at))
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
    let merged = async || {
        let at = lab.clock().now();
        match lab.forge().merge(number, by).await {
            Ok(_) => Ok(Some(at)),
            // The checks have not ended yet.
            Err(ApiError::Answer { status: 405, .. }) => Ok(None),
            Err(refusal) => Err(refusal).context("merging"),
        }
    };
    eventually("the checks allow the merge", merged).await
}

/// What should follow by itself, once it does.
async fn eventually<T>(
    what: &str,
    look: impl AsyncFn() -> anyhow::Result<Option<T>>,
) -> anyhow::Result<T> {
    let deadline = Instant::now() + TIMEOUT;
    loop {
        if let Some(found) = look().await? {
            return Ok(found);
        }
        ensure!(Instant::now() < deadline, "it never came that {what}");
        tokio::time::sleep(POLL_INTERVAL).await;
    }
}

/// Moves lab time on to a moment that has not come yet.
fn advance_to(lab: &Lab, moment: OffsetDateTime) -> anyhow::Result<()> {
    let left = Duration::try_from(moment - lab.clock().now());
    let left = left.context("the lab took longer than the original")?;
    lab.clock().advance(left);
    Ok(())
}
