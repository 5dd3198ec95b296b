//! The release: a push to main that changes the chart publishes the image and the chart package,
//! once.

use std::io::Write;
use std::sync::Arc;

use anyhow::Context;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

use super::files::Files;
use super::runner::{Outcome, Runner};
use crate::github::accounts::{Account, promotion_bot};
use crate::github::event::RepositoryEvent;
use crate::github::git::{Edit, Git, RefUpdate, ZERO};
use crate::github::operations::commits;
use crate::github::operations::statuses::NewRun;
use crate::github::repository::{Chart, ChartArchive, DEFAULT_BRANCH, Image, Workflow};
use crate::github::state::Repo;

const CHART_DIR: &str = "charts/podinfo";

pub(crate) static RELEASE: Workflow = Workflow {
    name: "release",
    path: ".github/workflows/release.yaml",
    event: "push",
    checks: &["release"],
};

/// Starts the release when the push changed the chart.
pub(super) fn start(runner: &Arc<Runner>, repo: &Repo, update: &RefUpdate, by: &'static Account) {
    if update.before == ZERO {
        return;
    }
    let changed = repo.git.diff(&update.before, &update.after);
    match changed.map(|files| files.iter().any(|file| file.path.starts_with("charts/"))) {
        Ok(true) => {}
        Ok(false) => return,
        Err(error) => {
            tracing::error!(%error, "cannot tell what a push to main changed");
            return;
        }
    }
    let sha = update.after.clone();
    let run = NewRun {
        workflow: &RELEASE,
        title: "Release".to_owned(),
        head_branch: DEFAULT_BRANCH.to_owned(),
        head: sha.clone(),
        actor: by,
    };
    runner.run(repo, run, vec![Box::new(move |repo| publish(repo, &sha))]);
}

fn publish(repo: &Repo, sha: &str) -> anyhow::Result<Outcome> {
    let facts = Files::read(&repo.git, sha)?.facts()?;
    let archive = package(&repo.git, sha)?;
    let now = repo.github.now();
    let events = {
        let mut state = repo.state.lock();
        let mut events = Vec::new();
        // A released version is never released again, so neither tag nor package can change.
        let tag = facts.version.0.clone();
        if !state.images.contains_key(&tag) {
            let image = Image {
                tag: tag.clone(),
                revision: sha.to_owned(),
                color: facts.colour.to_string(),
                version: tag.clone(),
                created_at: now,
            };
            state.images.insert(tag.clone(), image);
            events.push(RepositoryEvent::Image { tag });
        }
        let version = facts.chart_version.to_string();
        if !state.charts.iter().any(|chart| chart.version == version) {
            let chart = Chart {
                version: version.clone(),
                created_at: now,
                archive: Arc::new(archive),
            };
            state.charts.insert(0, chart);
            events.push(RepositoryEvent::Chart { version });
        }
        events
    };
    let chart = &facts.chart_version;
    if events.is_empty() {
        let sentence = format!("podinfo {chart} was released before");
        return Ok(Outcome::skipped(sentence));
    }
    let tag = format!("refs/tags/podinfo-{chart}");
    if repo.git.reference(&tag).is_none() {
        commits::create_ref(repo, promotion_bot(), &tag, sha)?;
    }
    repo.publish(events);
    let sentence = format!("Released podinfo {chart} with {}", facts.version);
    Ok(Outcome::success(sentence))
}

pub(crate) fn edits(plan: &workflow::release::Plan) -> Vec<Edit> {
    let edit = |edit: &workflow::release::Edit| Edit::text(edit.path, &edit.after);
    plan.edits.iter().map(edit).collect()
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
