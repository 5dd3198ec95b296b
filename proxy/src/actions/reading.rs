//! A promotion as one viewer sees it, with its pipeline and its environment.

use std::sync::Arc;

use model::api::{Board, EnvironmentView};
use model::pipeline::{EnvironmentSpec, PipelineSpec, RepositoryName};
use model::promotion::{Actor, Promotion};

use super::ActionError;
use crate::app::AppState;
use crate::auth::Person;
use crate::board::PipelineState;
use crate::github::{ChangedFile, Credentials, Repository, diff_digest};

/// A promotion, read from GitHub at one moment.
pub(super) struct Reading {
    pub(super) pipeline: Arc<PipelineState>,
    /// The index of the environment in the pipeline.
    environment: usize,
    pub(super) promotion: Promotion,
    /// `None` where nobody is signed in.
    pub(super) actor: Option<Actor>,
    pub(super) files: Vec<ChangedFile>,
}

/// Returns the credentials of a person, else those of Weft's own reader.
pub(super) fn credentials(person: Option<&Person>) -> Credentials<'_> {
    person.map_or(Credentials::Reader, |person| {
        Credentials::Person(&person.token)
    })
}

/// Returns the repository of a pipeline, read and written with the credentials of a person.
pub(super) fn repository<'a>(
    app: &'a AppState,
    person: Option<&'a Person>,
    spec: &'a PipelineSpec,
) -> Repository<'a> {
    Repository {
        github: &app.github,
        credentials: credentials(person),
        name: &spec.repository,
        branch: &spec.branch,
    }
}

impl Reading {
    /// Reads a promotion from GitHub, never from a cache.
    pub(super) async fn new(
        app: &AppState,
        person: Option<&Person>,
        repository: &RepositoryName,
        number: u64,
    ) -> Result<Self, ActionError> {
        let pipelines: Vec<&Arc<PipelineState>> = app
            .boards
            .pipelines()
            .filter(|pipeline| pipeline.spec().repository == *repository)
            .collect();
        // The environment of the branch is not known yet; the board names the likely one.
        let likely = pipelines
            .iter()
            .find_map(|pipeline| Some((*pipeline, index_on_board(pipeline, number)?)))
            .or_else(|| pipelines.first().map(|pipeline| (*pipeline, 0)))
            .ok_or_else(|| {
                ActionError::NoPromotion(format!("No pipeline is kept in {repository}."))
            })?;
        let (github, credentials) = (&app.github, credentials(person));
        let likely_path = path_of(likely.0, likely.1);
        let (found, files) = tokio::try_join!(
            github.promotion(credentials, repository, number, likely_path),
            github.files(credentials, repository, number)
        )?;
        let head_ref = &found.promotion.head_ref;
        let (pipeline, environment) = pipelines
            .iter()
            .find_map(|pipeline| Some((*pipeline, index_of_branch(pipeline, head_ref)?)))
            .ok_or_else(|| {
                ActionError::NoPromotion(format!("#{number} of {repository} is no promotion."))
            })?;
        let path = path_of(pipeline, environment);
        // Read with the file of another environment, it must be read again with its own.
        let found = if path == likely_path {
            found
        } else {
            let again = github.promotion(credentials, repository, number, path);
            again.await?
        };
        let mut promotion = found.promotion;
        let spec = &pipeline.spec().environments[environment];
        promotion.release = workflow::release_in(found.declares.as_deref(), &promotion.title, spec);
        Ok(Self {
            pipeline: Arc::clone(pipeline),
            environment,
            actor: person.map(|person| Actor {
                login: person.viewer.login.clone(),
                permission: found.permission,
            }),
            promotion,
            files,
        })
    }

    /// Returns the environment that the promotion changes.
    pub(super) fn environment(&self) -> &EnvironmentSpec {
        &self.pipeline.spec().environments[self.environment]
    }

    /// Returns that environment and the one before it, on a board of the pipeline.
    pub(super) fn environments<'a>(
        &self,
        board: &'a Board,
    ) -> (&'a EnvironmentView, Option<&'a EnvironmentView>) {
        let before = self.environment.checked_sub(1);
        (
            &board.environments[self.environment],
            before.map(|place| &board.environments[place]),
        )
    }

    /// Returns a digest of the changed files.
    pub(super) fn digest(&self) -> String {
        diff_digest(&self.files)
    }

    /// Returns the merge method: a merge commit where the repository allows it.
    pub(super) fn method(&self) -> &str {
        self.promotion
            .merge_methods
            .first()
            .map_or("merge", String::as_str)
    }

    /// Returns the release for a sentence.
    pub(super) fn what(&self) -> String {
        self.promotion
            .release
            .as_ref()
            .map_or_else(|| "the release".into(), ToString::to_string)
    }
}

fn path_of(pipeline: &PipelineState, environment: usize) -> &str {
    &pipeline.spec().environments[environment].path
}

fn index_on_board(pipeline: &PipelineState, number: u64) -> Option<usize> {
    let board = pipeline.board();
    let gate = board.gates.iter().find(|gate| {
        let promotion = gate.promotion.as_ref();
        promotion.is_some_and(|promotion| promotion.number == number)
    })?;
    let mut environments = pipeline.spec().environments.iter();
    environments.position(|environment| environment.name == gate.to)
}

fn index_of_branch(pipeline: &PipelineState, branch: &str) -> Option<usize> {
    let spec = pipeline.spec();
    spec.environments
        .iter()
        .position(|environment| spec.promotion_branch(&environment.name) == branch)
}
