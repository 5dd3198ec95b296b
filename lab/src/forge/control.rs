//! The forge's control surface for scenarios and tests: the same acts that people and bots have
//! over HTTP, and a few readings of where things stand.

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;
use time::OffsetDateTime;
use tokio::sync::broadcast;
use url::Url;

use super::Forge;
use super::accounts::{self, Account};
use super::acts::commits::{self, Change};
use super::acts::merge::{self, Order};
use super::acts::{self, marks, pulls, reviews};
use super::engine::{Engine, Signal};
use super::git::Edit;
use super::refusal::Refusal;
use super::rules;
use super::state::{DEFAULT_BRANCH, Phase, Pull, Repository, RepositoryState, WorkflowRun};
use super::tokens::App;
use workflow::release::ReleaseRequest;

use crate::jobs;
use crate::seed::Deployed;

/// Where a pull request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PullState {
    /// Waiting.
    Open,
    /// Merged.
    Merged,
    /// Closed without a merge.
    Closed,
}

/// One pull request, as the scenario and tests need to know it.
#[derive(Clone, Debug, Serialize)]
pub struct PullSummary {
    /// Its number.
    pub number: u64,
    /// Its title.
    pub title: String,
    /// Its text.
    pub body: String,
    /// Who opened it.
    pub author: String,
    /// Open, merged or closed.
    pub state: PullState,
    /// The branch that it would merge.
    pub head_ref: String,
    /// That branch's commit.
    pub head: String,
    /// When it was opened.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// The merge commit.
    pub merge_commit: Option<String>,
    /// Who has an approval that counts.
    pub approved_by: Vec<String>,
    /// What the branch protection still lacks, in GitHub's sentences.
    pub unmet: Vec<String>,
    /// Whether every required check has passed.
    pub checks_passed: bool,
}

/// A branch that was pushed so that a container is built from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BranchBuild {
    /// The branch.
    pub branch: String,
    /// Its commit.
    pub sha: String,
}

impl Forge {
    /// The root of the forge, `http://127.0.0.1:PORT/`.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.engine.url
    }

    /// What an app needs to sign people in and to check webhooks.
    #[must_use]
    pub fn app(&self) -> &App {
        &self.engine.app
    }

    /// The token that Flux pushes, sets statuses and dispatches with.
    #[must_use]
    pub fn flux_token(&self) -> &str {
        &self.flux_token
    }

    /// The token of the bot that opens promotions, which Weft reads with.
    #[must_use]
    pub fn bot_token(&self) -> &str {
        &self.bot_token
    }

    /// A token of an account that does not expire; `None` when nobody has that login.
    #[must_use]
    pub fn token_for(&self, login: &str) -> Option<String> {
        accounts::account(login).map(|account| self.engine.tokens.lasting(account))
    }

    /// Kills every token that a person got by signing in.
    pub fn revoke(&self, login: &str) {
        if let Some(account) = accounts::account(login) {
            self.engine.tokens.revoke_all(account);
        }
    }

    /// Sends webhooks to `url`, signed with `secret`.
    pub fn add_webhook(&self, url: Url, secret: &str) {
        self.engine.webhooks.add(url, secret.to_owned());
    }

    /// What happens in the forge from now on.
    #[must_use]
    pub fn signals(&self) -> broadcast::Receiver<Signal> {
        self.engine.signals.subscribe()
    }

    /// What the seeded history deployed where, oldest first.
    #[must_use]
    pub fn history(&self) -> &[Deployed] {
        &self.history
    }

    /// The commit that a branch points to.
    ///
    /// # Errors
    /// 404 when there is no such branch.
    pub fn branch(&self, name: &str) -> Result<String, Refusal> {
        self.podinfo()?
            .git
            .branch(name)
            .ok_or_else(Refusal::not_found)
    }

    /// The text of a file on a branch.
    ///
    /// # Errors
    /// 404 when there is no such branch or file.
    pub async fn file(&self, branch: &str, path: &str) -> Result<String, Refusal> {
        let (sha, path) = (self.branch(branch)?, path.to_owned());
        self.on_podinfo(move |_, repository| {
            repository
                .git
                .text(&sha, &path)?
                .ok_or_else(Refusal::not_found)
        })
        .await
    }

    /// Every tag in the registry, sorted.
    ///
    /// # Errors
    /// Never for the demo's repository.
    pub fn images(&self) -> Result<Vec<String>, Refusal> {
        Ok(self
            .podinfo()?
            .state
            .lock()
            .images
            .keys()
            .cloned()
            .collect())
    }

    /// Every released chart version, newest first.
    ///
    /// # Errors
    /// Never for the demo's repository.
    pub fn charts(&self) -> Result<Vec<String>, Refusal> {
        let repository = self.podinfo()?;
        let state = repository.state.lock();
        Ok(state
            .charts
            .iter()
            .map(|chart| chart.version.clone())
            .collect())
    }

    /// The latest status of each context on a commit: `(context, state)`.
    ///
    /// # Errors
    /// Never for the demo's repository.
    pub fn statuses(&self, sha: &str) -> Result<Vec<(String, String)>, Refusal> {
        let repository = self.podinfo()?;
        let state = repository.state.lock();
        let statuses = state.latest_statuses(sha).into_iter();
        Ok(statuses
            .map(|status| (status.context.clone(), status.state.clone()))
            .collect())
    }

    /// Every pull request, newest first.
    ///
    /// # Errors
    /// When git fails.
    pub async fn pulls(&self) -> Result<Vec<PullSummary>, Refusal> {
        self.on_podinfo(|_, repository| {
            let state = repository.state.lock();
            let pulls = state.pulls.values().rev();
            pulls
                .map(|pull| summary(repository, &state, pull))
                .collect()
        })
        .await
    }

    /// One pull request.
    ///
    /// # Errors
    /// 404 when there is none of that number.
    pub async fn pull(&self, number: u64) -> Result<PullSummary, Refusal> {
        self.on_podinfo(move |_, repository| {
            let state = repository.state.lock();
            summary(repository, &state, acts::pull(&state, number)?)
        })
        .await
    }

    /// The open promotion into an environment, if there is one.
    ///
    /// # Errors
    /// When git fails.
    pub async fn open_promotion(&self, environment: &str) -> Result<Option<PullSummary>, Refusal> {
        let branch = jobs::promotion_branch(environment);
        self.on_podinfo(move |_, repository| {
            let state = repository.state.lock();
            state
                .pulls
                .values()
                .find(|pull| pull.is_open() && pull.head_ref == branch)
                .map(|pull| summary(repository, &state, pull))
                .transpose()
        })
        .await
    }

    /// Changes the colour on a branch of its own and pushes it, so that a container is built.
    ///
    /// # Errors
    /// 422 when the colour is not `#rrggbb` or is the branch's already.
    pub async fn push_branch_build(&self, color: &str, by: &str) -> Result<BranchBuild, Refusal> {
        let (color, by) = (color.to_owned(), person(by)?);
        self.on_podinfo(move |engine, repository| {
            jobs::steps::push_branch_build(engine, repository, &color, by)
        })
        .await
    }

    /// Opens the pull request of a release: colour, version, image tag, chart version.
    ///
    /// # Errors
    /// 422 when a value is malformed or the release's branch exists already.
    pub async fn open_release(
        &self,
        color: &str,
        version: &str,
        chart_version: &str,
        by: &str,
    ) -> Result<u64, Refusal> {
        let request = ReleaseRequest {
            colour: Some(color.to_owned()),
            version: Some(version.to_owned()),
            chart_version: Some(chart_version.to_owned()),
        };
        let by = person(by)?;
        self.on_podinfo(move |engine, repository| {
            jobs::steps::open_release(engine, repository, &request, by)
        })
        .await
    }

    /// Adds a commit to a branch: whole files, `None` deletes. Returns the commit.
    ///
    /// # Errors
    /// As the API refuses it.
    pub async fn commit(
        &self,
        branch: &str,
        message: &str,
        files: &[(&str, Option<&str>)],
        by: &str,
    ) -> Result<String, Refusal> {
        let by = person(by)?;
        let (branch, message) = (branch.to_owned(), message.to_owned());
        let edits = files
            .iter()
            .map(|(path, text)| Edit {
                path: (*path).to_owned(),
                contents: text.map(|text| text.as_bytes().to_vec()),
            })
            .collect();
        self.on_podinfo(move |engine, repository| {
            let tip = repository.git.branch(&branch);
            let main = || repository.git.branch(DEFAULT_BRANCH);
            let parent = tip.or_else(main).ok_or_else(Refusal::not_found)?;
            let change = Change {
                branch: &branch,
                parent: &parent,
                message: &message,
                edits,
                force: false,
            };
            commits::commit(engine, repository, by, change)
        })
        .await
    }

    /// Pushes a commit onto the open promotion into an environment, as someone who moves it while
    /// another reads it. Returns the new head.
    ///
    /// # Errors
    /// 404 when no promotion into it is open.
    pub async fn move_head(&self, environment: &str, by: &str) -> Result<String, Refusal> {
        let (environment, by) = (environment.to_owned(), person(by)?);
        self.on_podinfo(move |engine, repository| {
            jobs::steps::move_head(engine, repository, &environment, by)
        })
        .await
    }

    /// Reviews a pull request: `APPROVE`, `REQUEST_CHANGES` or `COMMENT`.
    ///
    /// # Errors
    /// As the API refuses it.
    pub async fn review(
        &self,
        number: u64,
        by: &str,
        event: &str,
        body: &str,
    ) -> Result<u64, Refusal> {
        let by = person(by)?;
        let (event, body) = (event.to_owned(), body.to_owned());
        self.on_podinfo(move |engine, repository| {
            reviews::review(engine, repository, by, number, &event, &body, None)
        })
        .await
    }

    /// Merges a pull request and returns the merge commit.
    ///
    /// # Errors
    /// As the API refuses it: 405 when rules are unmet.
    pub async fn merge(&self, number: u64, by: &str) -> Result<String, Refusal> {
        let by = person(by)?;
        self.on_podinfo(move |engine, repository| {
            merge::merge(engine, repository, by, number, &Order::default())
        })
        .await
    }

    /// Closes a pull request without merging it.
    ///
    /// # Errors
    /// As the API refuses it.
    pub async fn close(&self, number: u64, by: &str) -> Result<(), Refusal> {
        let by = person(by)?;
        self.on_podinfo(move |engine, repository| {
            let update = pulls::Update {
                state: Some("closed"),
                ..pulls::Update::default()
            };
            pulls::update(engine, repository, by, number, &update)
        })
        .await
    }

    /// Lets no runner be free for a workflow, so that its runs stay queued; `None` frees them again.
    pub fn hold(&self, workflow: Option<&str>) {
        self.engine.held.send_replace(workflow.map(str::to_owned));
    }

    /// How many runs of a workflow wait for a runner.
    ///
    /// # Errors
    /// When the repository is gone.
    pub fn queued(&self, workflow: &str) -> Result<usize, Refusal> {
        let repository = self.podinfo()?;
        let state = repository.state.lock();
        let waits = |run: &&WorkflowRun| run.name == workflow && run.phase == Phase::Queued;
        Ok(state.runs.iter().filter(waits).count())
    }

    /// Takes a dispatch as if Flux had sent it.
    ///
    /// # Errors
    /// As the API refuses it.
    pub async fn dispatch(&self, event_type: &str, payload: Value) -> Result<(), Refusal> {
        let event_type = event_type.to_owned();
        self.on_podinfo(move |engine, repository| {
            marks::dispatch(
                engine,
                repository,
                accounts::flux_bot(),
                &event_type,
                payload,
            )
        })
        .await
    }

    fn podinfo(&self) -> Result<Arc<Repository>, Refusal> {
        self.engine.repository("demo", "podinfo")
    }

    async fn on_podinfo<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Arc<Engine>, &Arc<Repository>) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let repository = self.podinfo()?;
        self.engine
            .blocking(move |engine| work(engine, &repository))
            .await
    }
}

fn person(login: &str) -> Result<&'static Account, Refusal> {
    accounts::account(login).ok_or_else(Refusal::not_found)
}

fn summary(
    repository: &Repository,
    state: &RepositoryState,
    pull: &Pull,
) -> Result<PullSummary, Refusal> {
    let approved_by = rules::opinions(pull, true)
        .into_iter()
        .filter(|review| review.state == super::state::ReviewState::Approved)
        .map(|review| review.author.login.to_owned())
        .collect();
    let unmet = if pull.is_open() {
        rules::judge(repository, state, pull)?.unmet
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
