//! The operations that scenarios and tests perform on the forge without HTTP, and readings of its state.

use super::forge::Forge;
use crate::github::accounts::{self, Account};
use crate::github::error::ApiError;
use crate::github::git::Edit;
use crate::github::operations::commits::{self, Change};
use crate::github::operations::merge::{self, MergeRequest};
use crate::github::operations::pulls::{self, PullUpdate};
use crate::github::operations::{self, reviews};
use crate::github::repository::{DEFAULT_BRANCH, Phase, Pull, RepositoryState, ReviewState};
use crate::github::rules;
use crate::github::state::Repo;
use crate::jobs::promotion_branch;

/// The state of a pull request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PullState {
    Open,
    Merged,
    /// Closed without a merge.
    Closed,
}

/// A pull request, for the scenario and tests.
#[derive(Clone, Debug)]
pub struct PullSummary {
    pub number: u64,
    pub title: String,
    pub body: String,
    pub author: String,
    pub state: PullState,
    pub head_ref: String,
    pub head: String,
    pub merge_commit: Option<String>,
    /// The logins whose approvals count.
    pub approved_by: Vec<String>,
    /// The requirements of the branch protection that are not met, in GitHub's sentences.
    pub unmet: Vec<String>,
    pub checks_passed: bool,
}

impl Forge {
    /// The commit that a branch points to; 404 when there is no such branch.
    pub fn branch(&self, name: &str) -> Result<String, ApiError> {
        self.repo.git.branch(name).ok_or_else(ApiError::not_found)
    }

    /// The text of a file on a branch; 404 when there is no such branch or file.
    pub async fn file(&self, branch: &str, path: &str) -> Result<String, ApiError> {
        let (sha, path) = (self.branch(branch)?, path.to_owned());
        let read = move |repo: &Repo| repo.git.text(&sha, &path)?.ok_or_else(ApiError::not_found);
        self.repo.blocking(read).await
    }

    /// Every tag in the registry, sorted.
    pub fn images(&self) -> Vec<String> {
        self.repo.state.lock().images.keys().cloned().collect()
    }

    /// Every released chart version, newest first.
    pub fn charts(&self) -> Vec<String> {
        let state = self.repo.state.lock();
        let charts = state.charts.iter();
        charts.map(|chart| chart.version.clone()).collect()
    }

    /// Every pull request, newest first.
    pub async fn pulls(&self) -> Result<Vec<PullSummary>, ApiError> {
        let read = |repo: &Repo| {
            let state = repo.state.lock();
            let pulls = state.pulls.values().rev();
            pulls.map(|pull| summary(repo, &state, pull)).collect()
        };
        self.repo.blocking(read).await
    }

    /// One pull request; 404 when there is none of that number.
    pub async fn pull(&self, number: u64) -> Result<PullSummary, ApiError> {
        let read = move |repo: &Repo| {
            let state = repo.state.lock();
            summary(repo, &state, operations::pull(&state, number)?)
        };
        self.repo.blocking(read).await
    }

    /// The open promotion into an environment, if there is one.
    pub async fn open_promotion(&self, environment: &str) -> Result<Option<PullSummary>, ApiError> {
        let branch = promotion_branch(environment);
        let read = move |repo: &Repo| {
            let state = repo.state.lock();
            let open = state.open_from(&branch);
            open.map(|pull| summary(repo, &state, pull)).transpose()
        };
        self.repo.blocking(read).await
    }

    /// Adds a commit to a branch, or to main for a branch that is new: whole files, `None` deletes.
    /// Returns the commit.
    pub async fn commit(
        &self,
        branch: &str,
        message: &str,
        files: &[(&str, Option<&str>)],
        by: &str,
    ) -> Result<String, ApiError> {
        let by = person(by)?;
        let (branch, message) = (branch.to_owned(), message.to_owned());
        let edits = files.iter().map(|(path, text)| Edit {
            path: (*path).to_owned(),
            contents: text.map(|text| text.as_bytes().to_vec()),
        });
        let edits = edits.collect();
        let commit = move |repo: &Repo| {
            let tip = repo.git.branch(&branch);
            let main = || repo.git.branch(DEFAULT_BRANCH);
            let change = Change {
                branch: &branch,
                parent: &tip.or_else(main).ok_or_else(ApiError::not_found)?,
                message: &message,
                edits,
                force: false,
            };
            commits::commit(repo, by, change)
        };
        self.repo.blocking(commit).await
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
        let review = move |repo: &Repo| reviews::review(repo, by, number, &event, &body, None);
        self.repo.blocking(review).await
    }

    /// Merges a pull request and returns the merge commit; 405, as of the API, when rules are unmet.
    pub async fn merge(&self, number: u64, by: &str) -> Result<String, ApiError> {
        let by = person(by)?;
        let merge = move |repo: &Repo| merge::merge(repo, by, number, &MergeRequest::default());
        self.repo.blocking(merge).await
    }

    /// Closes a pull request without merging it.
    pub async fn close(&self, number: u64, by: &str) -> Result<(), ApiError> {
        let by = person(by)?;
        let update = PullUpdate {
            state: Some("closed".to_owned()),
            ..PullUpdate::default()
        };
        let close = move |repo: &Repo| pulls::update(repo, by, number, &update);
        self.repo.blocking(close).await
    }

    /// Pauses a workflow: its runs stay queued, as when no runner is free. `None` resumes it.
    pub fn pause_workflow(&self, workflow: Option<&str>) {
        self.runner.paused.send_replace(workflow.map(str::to_owned));
    }

    /// Returns the number of a workflow's runs that wait for a runner.
    pub fn queued(&self, workflow: &str) -> usize {
        let state = self.repo.state.lock();
        let runs = state.runs.iter();
        let waiting =
            runs.filter(|run| run.workflow.name == workflow && run.phase == Phase::Queued);
        waiting.count()
    }
}

pub(super) fn person(login: &str) -> Result<&'static Account, ApiError> {
    accounts::account(login).ok_or_else(ApiError::not_found)
}

fn summary(repo: &Repo, state: &RepositoryState, pull: &Pull) -> Result<PullSummary, ApiError> {
    let approvals = rules::opinions(pull, true).into_iter();
    let approvals = approvals.filter(|review| review.state == ReviewState::Approved);
    let unmet = match pull.is_open() {
        true => rules::judge(repo, state, pull)?.unmet,
        false => Vec::new(),
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
        merge_commit: pull.merged.as_ref().map(|merged| merged.commit.clone()),
        approved_by: approvals
            .map(|review| review.author.login.to_owned())
            .collect(),
        checks_passed: !unmet.iter().any(|line| line.contains("status check")),
        unmet,
    })
}
