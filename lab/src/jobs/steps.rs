//! What developers do by hand in the demo: push a branch build, open a release, move a head.

use std::sync::Arc;

use anyhow::Context;

use super::facts::{self, set_chart, set_image_tag, set_version};
use super::{pin_path, promotion_branch, set_color};
use crate::forge::acts::commits::{self, Change};
use crate::forge::acts::pulls::{self, Opening};
use crate::forge::engine::Engine;
use crate::forge::git::Edit;
use crate::forge::state::{DEFAULT_BRANCH, Repository};
use crate::forge::{Account, BranchBuild, Refusal};

/// Changes the colour on a branch named after it.
pub(crate) fn push_branch_build(
    engine: &Arc<Engine>,
    repository: &Arc<Repository>,
    color: &str,
    by: &'static Account,
) -> Result<BranchBuild, Refusal> {
    let color = checked_color(color)?;
    let git = &repository.git;
    let branch = format!("try-{}", color.trim_start_matches('#'));
    let main = main(repository)?;
    let parent = git.branch(&branch).unwrap_or(main);
    let text = file(repository, &parent, facts::MAIN_GO)?;
    let changed = set_color(&text, &color).context("main.go has no color line")?;
    if changed == text {
        return Err(Refusal::unprocessable(format!(
            "The branch {branch} is {color} already"
        )));
    }
    let change = Change {
        branch: &branch,
        parent: &parent,
        message: &format!("Try {color}"),
        edits: vec![Edit::text(facts::MAIN_GO, &changed)],
        force: false,
    };
    let sha = commits::commit(engine, repository, by, change)?;
    Ok(BranchBuild { branch, sha })
}

/// The release to be opened.
pub(crate) struct Release {
    pub(crate) color: String,
    pub(crate) version: String,
    pub(crate) chart_version: String,
}

impl Release {
    /// The four files of the release as they become, from what `read` says they are.
    pub(crate) fn edits(
        &self,
        read: impl Fn(&str) -> anyhow::Result<String>,
    ) -> anyhow::Result<Vec<Edit>> {
        let Self {
            color,
            version,
            chart_version,
        } = self;
        let edit = |path: &str, change: &dyn Fn(&str) -> Option<String>| {
            let changed = change(&read(path)?)
                .with_context(|| format!("{path} has not the line to change"))?;
            anyhow::Ok(Edit::text(path, &changed))
        };
        Ok(vec![
            edit(facts::MAIN_GO, &|text| set_color(text, color))?,
            edit(facts::VERSION_GO, &|text| set_version(text, version))?,
            edit(facts::VALUES, &|text| set_image_tag(text, version))?,
            edit(facts::CHART, &|text| {
                set_chart(text, chart_version, version)
            })?,
        ])
    }
}

/// Opens the pull request of a release and returns its number.
pub(crate) fn open_release(
    engine: &Arc<Engine>,
    repository: &Arc<Repository>,
    release: &Release,
    by: &'static Account,
) -> Result<u64, Refusal> {
    checked_color(&release.color)?;
    for version in [&release.version, &release.chart_version] {
        if semver::Version::parse(version).is_err() {
            return Err(Refusal::unprocessable(format!(
                "{version} is not a semantic version"
            )));
        }
    }
    let branch = format!("release-{}", release.chart_version);
    let main = main(repository)?;
    let title = format!("Release podinfo {}", release.chart_version);
    let edits = release.edits(|path| {
        let text = repository.git.text(&main, path)?;
        text.with_context(|| format!("{path} is missing"))
    })?;
    let change = Change {
        branch: &branch,
        parent: &main,
        message: &title,
        edits,
        force: false,
    };
    commits::commit(engine, repository, by, change)?;
    let body = format!(
        "Chart **{}**, container **{}**, colour `{}`.",
        release.chart_version, release.version, release.color
    );
    let opening = Opening {
        title: &title,
        body: &body,
        head: &branch,
        base: DEFAULT_BRANCH,
        draft: false,
    };
    pulls::open(engine, repository, by, &opening)
}

/// Adds a commit to the open promotion into an environment: a comment line in the pinned file.
pub(crate) fn move_head(
    engine: &Arc<Engine>,
    repository: &Arc<Repository>,
    environment: &str,
    by: &'static Account,
) -> Result<String, Refusal> {
    let branch = promotion_branch(environment);
    let open = repository
        .state
        .lock()
        .pulls
        .values()
        .find(|pull| pull.is_open() && pull.head_ref == branch)
        .map(|pull| pull.head.clone());
    let head = open.ok_or_else(Refusal::not_found)?;
    let path = pin_path(environment);
    let text = file(repository, &head, &path)?;
    let changed = format!("{text}# {} looked at this.\n", by.name);
    let change = Change {
        branch: &branch,
        parent: &head,
        message: &format!("Note who looked at {environment}"),
        edits: vec![Edit::text(&path, &changed)],
        force: false,
    };
    commits::commit(engine, repository, by, change)
}

fn main(repository: &Repository) -> Result<String, Refusal> {
    let main = repository.git.branch(DEFAULT_BRANCH);
    main.ok_or_else(Refusal::not_found)
}

fn file(repository: &Repository, sha: &str, path: &str) -> Result<String, Refusal> {
    let text = repository.git.text(sha, path)?;
    Ok(text.with_context(|| format!("{path} is missing"))?)
}

fn checked_color(color: &str) -> Result<String, Refusal> {
    if facts::is_color(color) {
        Ok(color.to_owned())
    } else {
        Err(Refusal::unprocessable(format!(
            "{color} is not a colour like #34577c"
        )))
    }
}
