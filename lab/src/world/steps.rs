//! The manual steps of the demo's developers: push a branch build, open a release, move a head.

use model::{Colour, EnvironmentName};
use workflow::release::{ReleaseRequest, plan};
use workflow::{MAIN_GO, pin_path, set_colour};

use super::control::person;
use super::forge::Forge;
use crate::github::error::ApiError;
use crate::github::operations::commits::{self, Change};
use crate::github::operations::pulls::{self, NewPull};
use crate::github::repository::DEFAULT_BRANCH;
use crate::github::state::Repo;
use crate::jobs::files::Files;
use crate::jobs::release;

/// A branch that was pushed so that a container is built from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BranchBuild {
    pub branch: String,
    pub sha: String,
}

impl Forge {
    /// Changes the colour on a branch named after it and pushes it, so that a container is built. 422 when
    /// the colour is not `#rrggbb` or is the branch's already.
    pub async fn push_branch_build(&self, color: &str, by: &str) -> Result<BranchBuild, ApiError> {
        let colour = Colour::parse(color).map_err(unprocessable)?;
        let branch = format!("try-{}", colour.to_string().trim_start_matches('#'));
        let from = match self.branch(&branch) {
            Ok(_) => &branch,
            Err(_) => DEFAULT_BRANCH,
        };
        let text = self.file(from, MAIN_GO).await?;
        let changed = set_colour(&text, colour).map_err(unprocessable)?;
        if changed == text {
            let sentence = format!("The branch {branch} is {colour} already");
            return Err(ApiError::unprocessable(sentence));
        }
        let (files, message) = ([(MAIN_GO, Some(&*changed))], format!("Try {colour}"));
        let sha = self.commit(&branch, &message, &files, by).await?;
        Ok(BranchBuild { branch, sha })
    }

    /// Opens the pull request of a release (colour, version and image tag, chart version), as
    /// `weft release` does it, and returns its number. 422 when a value is malformed or the release's
    /// branch exists already.
    pub async fn open_release(
        &self,
        color: &str,
        version: &str,
        chart_version: &str,
        by: &str,
    ) -> Result<u64, ApiError> {
        let request = ReleaseRequest {
            colour: Some(color.to_owned()),
            version: Some(version.to_owned()),
            chart_version: Some(chart_version.to_owned()),
        };
        let by = person(by)?;
        let work = move |repo: &Repo| {
            let main = repo.git.branch(DEFAULT_BRANCH);
            let main = main.ok_or_else(ApiError::not_found)?;
            let files = Files::read(&repo.git, &main)?;
            let plan = plan(|path| files.get(path), &request).map_err(unprocessable)?;
            let (branch, title) = (plan.branch(), plan.title());
            let change = Change {
                branch: &branch,
                parent: &main,
                message: &title,
                edits: release::edits(&plan),
                force: false,
            };
            commits::commit(repo, by, change)?;
            let new = NewPull {
                title,
                body: plan.body(),
                head: branch,
                base: DEFAULT_BRANCH.to_owned(),
                draft: false,
            };
            pulls::open(repo, by, &new)
        };
        self.repo.blocking(work).await
    }

    /// Pushes a commit onto the open promotion into an environment, as someone who moves it while
    /// another reads it: a comment line in the pinned file. Returns the new head; 404 when no promotion
    /// into it is open.
    pub async fn move_head(&self, environment: &str, by: &str) -> Result<String, ApiError> {
        let open = self.open_promotion(environment).await?;
        let pull = open.ok_or_else(ApiError::not_found)?;
        let path = pin_path(&EnvironmentName(environment.to_owned()));
        let text = self.file(&pull.head_ref, &path).await?;
        let changed = format!("{text}# {} looked at this.\n", person(by)?.name);
        let message = format!("Note who looked at {environment}");
        let files = [(&*path, Some(&*changed))];
        self.commit(&pull.head_ref, &message, &files, by).await
    }
}

fn unprocessable(error: impl std::fmt::Display) -> ApiError {
    ApiError::unprocessable(error.to_string())
}
