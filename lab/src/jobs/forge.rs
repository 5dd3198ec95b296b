//! The repository as the forge of the promotion workflow, for the jobs that run inside the server.

use anyhow::Context;
use workflow::forge::{Forge, NewCommit, NewPullRequest, PullRequest};

use crate::github::accounts::Account;
use crate::github::error::ApiError;
use crate::github::git::Edit;
use crate::github::operations::commits::{self, Change};
use crate::github::operations::pulls::{self, NewPull, PullUpdate};
use crate::github::repository::DEFAULT_BRANCH;
use crate::github::state::Repo;

/// A repository, acted on by one of the accounts.
pub(super) struct RepoForge<'a> {
    pub(super) repo: &'a Repo,
    pub(super) by: &'static Account,
}

impl Forge for RepoForge<'_> {
    type Error = ApiError;

    fn branch(&self) -> &str {
        DEFAULT_BRANCH
    }

    fn page(&self) -> String {
        self.repo.page()
    }

    async fn head(&self, branch: &str) -> Result<Option<String>, ApiError> {
        Ok(self.repo.git.branch(branch))
    }

    async fn file(&self, commit: &str, path: &str) -> Result<Option<String>, ApiError> {
        Ok(self.repo.git.text(commit, path)?)
    }

    async fn merge_base(&self, one: &str, other: &str) -> Result<String, ApiError> {
        let compared = self.repo.git.compare(one, other)?;
        let compared = compared.context("the commits share no history")?;
        Ok(compared.merge_base.clone())
    }

    async fn pull_request(&self, branch: &str) -> Result<Option<PullRequest>, ApiError> {
        let state = self.repo.state.lock();
        Ok(state.open_from(branch).map(|pull| PullRequest {
            number: pull.number,
            url: format!("{}/pull/{}", self.page(), pull.number),
            head: pull.head.clone(),
        }))
    }

    async fn declined(&self, branch: &str, title: &str) -> Result<Option<u64>, ApiError> {
        let state = self.repo.state.lock();
        let declined = state.pulls.values().find(|pull| {
            !pull.is_open()
                && pull.merged.is_none()
                && pull.head_ref == branch
                && pull.title == title
        });
        Ok(declined.map(|pull| pull.number))
    }

    async fn create_branch(&self, branch: &str, at: &str) -> Result<(), ApiError> {
        let name = format!("refs/heads/{branch}");
        commits::create_ref(self.repo, self.by, &name, at)
    }

    async fn delete_branch(&self, branch: &str) -> Result<(), ApiError> {
        let name = format!("refs/heads/{branch}");
        commits::delete_ref(self.repo, self.by, &name)
    }

    async fn commit(&self, commit: NewCommit) -> Result<String, ApiError> {
        let edit = |(path, text): &(String, String)| Edit::text(path, text);
        let change = Change {
            branch: &commit.branch,
            parent: &commit.expected_head,
            message: &commit.message,
            edits: commit.files.iter().map(edit).collect(),
            force: false,
        };
        commits::commit(self.repo, self.by, change)
    }

    async fn open(&self, opening: NewPullRequest) -> Result<PullRequest, ApiError> {
        let new = NewPull {
            title: opening.title,
            body: opening.body,
            head: opening.branch.clone(),
            base: DEFAULT_BRANCH.to_owned(),
            draft: false,
        };
        pulls::open(self.repo, self.by, &new)?;
        let opened = self.pull_request(&opening.branch).await?;
        Ok(opened.context("the pull request is gone again")?)
    }

    async fn rewrite(&self, number: u64, opening: &NewPullRequest) -> Result<(), ApiError> {
        let update = PullUpdate {
            title: Some(opening.title.clone()),
            body: Some(opening.body.clone()),
            state: None,
        };
        pulls::update(self.repo, self.by, number, &update)
    }

    async fn comment(&self, number: u64, text: &str) -> Result<(), ApiError> {
        pulls::comment(self.repo, self.by, number, text)?;
        Ok(())
    }

    async fn close(&self, number: u64) -> Result<(), ApiError> {
        let update = PullUpdate {
            state: Some("closed".to_owned()),
            ..PullUpdate::default()
        };
        pulls::update(self.repo, self.by, number, &update)
    }
}
