//! The operations that scenarios and tests perform on the forge without HTTP, and readings of its state.

use serde::Serialize;
use time::OffsetDateTime;

use super::forge::Forge;
use crate::github::accounts::{self, Account};
use crate::github::error::ApiError;
use crate::github::git::Edit;
use crate::github::operations::commits::{self, Change};
use crate::github::operations::merge::{self, MergeRequest};
use crate::github::operations::pulls::{self, PullUpdate};
use crate::github::operations::{self, reviews};
use crate::github::repository::{
    DEFAULT_BRANCH, Phase, Pull, RepositoryState, ReviewState, WorkflowRun,
};
use crate::github::rules;
use crate::github::state::Repo;
use crate::jobs::promotion_branch;

/// The state of a pull request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PullState {
    Open,
    Merged,
    /// Closed without a merge.
    Closed,
}

/// A pull request, for the scenario and tests.
#[derive(Clone, Debug, Serialize)]
pub struct PullSummary {
    pub number: u64,
    pub title: String,
    pub body: String,
    pub author: String,
    pub state: PullState,
    pub head_ref: String,
    pub head: String,
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// The merge commit.
    pub merge_commit: Option<String>,
    /// The logins whose approvals count.
    pub approved_by: Vec<String>,
    /// The requirements of the branch protection that are not met, in GitHub's sentences.
    pub unmet: Vec<String>,
    /// Whether every required check has passed.
    pub checks_passed: bool,
}

impl Forge {
    /// The commit that a branch points to.
    ///
    /// # Errors
    /// 404 when there is no such branch.
    pub fn branch(&self, name: &str) -> Result<String, ApiError> {
        self.repo.git.branch(name).ok_or_else(ApiError::not_found)
    }

    /// The text of a file on a branch.
    ///
    /// # Errors
    /// 404 when there is no such branch or file.
    pub async fn file(&self, branch: &str, path: &str) -> Result<String, ApiError> {
        let (sha, path) = (self.branch(branch)?, path.to_owned());
        self.repo
            .blocking(move |repo| repo.git.text(&sha, &path)?.ok_or_else(ApiError::not_found))
            .await
    }

    /// Every tag in the registry, sorted.
    #[must_use]
    pub fn images(&self) -> Vec<String> {
        self.repo.state.lock().images.keys().cloned().collect()
    }

    /// Every released chart version, newest first.
    #[must_use]
    pub fn charts(&self) -> Vec<String> {
        let state = self.repo.state.lock();
        let charts = state.charts.iter();
        charts.map(|chart| chart.version.clone()).collect()
    }

    /// Every pull request, newest first.
    pub async fn pulls(&self) -> Result<Vec<PullSummary>, ApiError> {
        self.repo
            .blocking(|repo| {
                let state = repo.state.lock();
                let pulls = state.pulls.values().rev();
                pulls.map(|pull| summary(repo, &state, pull)).collect()
            })
            .await
    }

    /// One pull request.
    ///
    /// # Errors
    /// 404 when there is none of that number.
    pub async fn pull(&self, number: u64) -> Result<PullSummary, ApiError> {
        self.repo
            .blocking(move |repo| {
                let state = repo.state.lock();
                summary(repo, &state, operations::pull(&state, number)?)
            })
            .await
    }

    /// The open promotion into an environment, if there is one.
    pub async fn open_promotion(&self, environment: &str) -> Result<Option<PullSummary>, ApiError> {
        let branch = promotion_branch(environment);
        self.repo
            .blocking(move |repo| {
                let state = repo.state.lock();
                state
                    .pulls
                    .values()
                    .find(|pull| pull.is_open() && pull.head_ref == branch)
                    .map(|pull| summary(repo, &state, pull))
                    .transpose()
            })
            .await
    }

    /// Adds a commit to a branch: whole files, `None` deletes. Returns the commit.
    pub async fn commit(
        &self,
        branch: &str,
        message: &str,
        files: &[(&str, Option<&str>)],
        by: &str,
    ) -> Result<String, ApiError> {
        let by = person(by)?;
        let (branch, message) = (branch.to_owned(), message.to_owned());
        let edits = files
            .iter()
            .map(|(path, text)| Edit {
                path: (*path).to_owned(),
                contents: text.map(|text| text.as_bytes().to_vec()),
            })
            .collect();
        self.repo
            .blocking(move |repo| {
                let tip = repo.git.branch(&branch);
                let main = || repo.git.branch(DEFAULT_BRANCH);
                let parent = tip.or_else(main).ok_or_else(ApiError::not_found)?;
                let change = Change {
                    branch: &branch,
                    parent: &parent,
                    message: &message,
                    edits,
                    force: false,
                };
                commits::commit(repo, by, change)
            })
            .await
    }

    /// Reviews a pull request: `APPROVE`, `REQUEST_CHANGES` or `COMMENT`.
    pub async fn review(
        &self,
        number: u64,
        by: &str,
        event: &str,
        body: &str,
    ) -> Result<u64, ApiError> {
        let by = person(by)?;
        let (event, body) = (event.to_owned(), body.to_owned());
        self.repo
            .blocking(move |repo| reviews::review(repo, by, number, &event, &body, None))
            .await
    }

    /// Merges a pull request and returns the merge commit.
    ///
    /// # Errors
    /// As the API refuses it: 405 when rules are unmet.
    pub async fn merge(&self, number: u64, by: &str) -> Result<String, ApiError> {
        let by = person(by)?;
        self.repo
            .blocking(move |repo| merge::merge(repo, by, number, &MergeRequest::default()))
            .await
    }

    /// Closes a pull request without merging it.
    pub async fn close(&self, number: u64, by: &str) -> Result<(), ApiError> {
        let by = person(by)?;
        self.repo
            .blocking(move |repo| {
                let update = PullUpdate {
                    state: Some("closed".to_owned()),
                    ..PullUpdate::default()
                };
                pulls::update(repo, by, number, &update)
            })
            .await
    }

    /// Pauses a workflow: its runs stay queued, as when no runner is free. `None` resumes it.
    pub fn pause_workflow(&self, workflow: Option<&str>) {
        self.runner.paused.send_replace(workflow.map(str::to_owned));
    }

    /// Returns the number of a workflow's runs that wait for a runner.
    #[must_use]
    pub fn queued(&self, workflow: &str) -> usize {
        let state = self.repo.state.lock();
        let waits =
            |run: &&WorkflowRun| run.workflow.name == workflow && run.phase == Phase::Queued;
        state.runs.iter().filter(waits).count()
    }
}

/// Returns the account of a login, or 404.
pub(super) fn person(login: &str) -> Result<&'static Account, ApiError> {
    accounts::account(login).ok_or_else(ApiError::not_found)
}

fn summary(repo: &Repo, state: &RepositoryState, pull: &Pull) -> Result<PullSummary, ApiError> {
    let approved_by = rules::opinions(pull, true)
        .into_iter()
        .filter(|review| review.state == ReviewState::Approved)
        .map(|review| review.author.login.to_owned())
        .collect();
    let unmet = if pull.is_open() {
        rules::judge(repo, state, pull)?.unmet
    } else {
        Vec::new()
    };
    Ok(PullSummary {
        number: pull.number,
        title: pull.title.clone(),
        body: pull.body.clone(),
        author: pull.author.login.to_owned(),
        state: match (&pull.merged, pull.is_open()) {
            (Some(_), _) => PullState::Merged,
            (None, true) => PullState::Open,
            (None, false) => PullState::Closed,
        },
        head_ref: pull.head_ref.clone(),
        head: pull.head.clone(),
        created_at: pull.created_at,
        merge_commit: pull.merged.as_ref().map(|merged| merged.commit.clone()),
        approved_by,
        checks_passed: !unmet.iter().any(|line| line.contains("status check")),
        unmet,
    })
}
