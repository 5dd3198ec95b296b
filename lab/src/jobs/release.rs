//! The release: a push to main that changes the chart publishes the image and the chart package,
//! once.

use std::io::Write;
use std::sync::Arc;

use anyhow::Context;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

use workflow::ReleaseFiles;

use super::files::Files;
use super::{Job, Outcome, run};
use crate::forge::acts::commits;
use crate::forge::acts::marks::NewRun;
use crate::forge::engine::{Engine, Event};
use crate::forge::git::{Git, RefUpdate, ZERO};
use crate::forge::state::{Chart, ChartArchive, DEFAULT_BRANCH, Image, Repository};
use crate::forge::{Account, promotion_bot};

/// Where the chart is.
const CHART_DIR: &str = "charts/podinfo";

/// Starts the release when the push changed the chart.
pub(super) fn start(
    engine: &Arc<Engine>,
    repository: &Arc<Repository>,
    update: &RefUpdate,
    by: &'static Account,
) {
    if update.before == ZERO {
        return;
    }
    let changed = repository
        .git
        .diff(&update.before, &update.after)
        .map(|files| files.iter().any(|file| file.path.starts_with("charts/")));
    match changed {
        Ok(true) => {}
        Ok(false) => return,
        Err(error) => {
            tracing::error!(%error, "cannot tell what a push to main changed");
            return;
        }
    }
    let sha = update.after.clone();
    let new = NewRun {
        name: "release",
        path: ".github/workflows/release.yaml",
        event: "push",
        title: "Release".to_owned(),
        head_branch: DEFAULT_BRANCH.to_owned(),
        head: sha.clone(),
        actor: by,
    };
    let work =
        move |engine: &Arc<Engine>, repository: &Arc<Repository>| publish(engine, repository, &sha);
    let job = Job {
        name: "release",
        work: Box::new(work),
    };
    run(engine, repository, new, vec![job]);
}

fn publish(
    engine: &Arc<Engine>,
    repository: &Arc<Repository>,
    sha: &str,
) -> anyhow::Result<Outcome> {
    let facts = Files::read(&repository.git, sha)?.facts()?;
    let archive = package(&repository.git, sha)?;
    let now = engine.now();
    let events = {
        let mut state = repository.state.lock();
        let mut events = Vec::new();
        // What is released is never released again, so neither tag nor package can change.
        let tag = facts.version.0.clone();
        if !state.images.contains_key(&tag) {
            let image = image(&facts, sha, now);
            state.images.insert(tag.clone(), image);
            events.push(Event::Image { tag });
        }
        let version = facts.chart_version.to_string();
        if !state.charts.iter().any(|chart| chart.version == version) {
            let chart = Chart {
                version: version.clone(),
                created_at: now,
                archive: Arc::new(archive),
            };
            state.charts.insert(0, chart);
            events.push(Event::Chart { version });
        }
        events
    };
    let chart = &facts.chart_version;
    if events.is_empty() {
        return Ok(Outcome::skipped(format!(
            "podinfo {chart} was released before"
        )));
    }
    let tag = format!("refs/tags/podinfo-{chart}");
    if repository.git.reference(&tag).is_none() {
        commits::create_ref(engine, repository, promotion_bot(), &tag, sha)?;
    }
    engine.publish(repository, events);
    Ok(Outcome::success(format!(
        "Released podinfo {chart} with {}",
        facts.version
    )))
}

/// The image of a release.
pub(crate) fn image(facts: &ReleaseFiles, sha: &str, now: time::OffsetDateTime) -> Image {
    Image {
        tag: facts.version.0.clone(),
        revision: sha.to_owned(),
        color: facts.colour.to_string(),
        version: facts.version.0.clone(),
        created_at: now,
    }
}

/// The chart of a commit as `helm package` would make it: the same bytes for the same files.
pub(crate) fn package(git: &Git, sha: &str) -> anyhow::Result<ChartArchive> {
    let gzip = GzEncoder::new(Vec::new(), Compression::default());
    let mut tar = tar::Builder::new(gzip);
    for (path, contents) in git.files_below(sha, CHART_DIR)? {
        let name = path.strip_prefix("charts/").unwrap_or(&path);
        let mut header = tar::Header::new_gnu();
        header.set_size(contents.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, name, contents.as_slice())
            .with_context(|| format!("packing {name}"))?;
    }
    let mut gzip = tar.into_inner()?;
    gzip.flush()?;
    let bytes = gzip.finish()?;
    let digest = hex::encode(Sha256::digest(&bytes));
    Ok(ChartArchive {
        bytes: bytes.into(),
        digest,
    })
}
