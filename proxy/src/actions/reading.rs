//! One promotion read anew as one viewer, with the pipeline and the environment that it belongs to.

use std::sync::Arc;

use model::api::{Board, EnvironmentView};
use model::pipeline::{EnvironmentSpec, RepositoryName};
use model::promotion::{Actor, Promotion};

use super::ActionError;
use crate::app::App;
use crate::auth::Person;
use crate::board::Lane;
use crate::github::{Acting, ChangedFile, diff_digest};
use crate::sources::release_in;

/// A promotion as it is now.
pub(super) struct Reading {
    /// The pipeline.
    pub(super) lane: Arc<Lane>,
    /// The place of its environment in the row.
    place: usize,
    /// The pull request.
    pub(super) promotion: Promotion,
    /// The viewer with regard to the repository, where somebody is signed in.
    pub(super) actor: Option<Actor>,
    /// What it changes.
    pub(super) files: Vec<ChangedFile>,
}

/// As whom a person's request reads: as themselves, else as Weft's own reader.
pub(super) fn acting(person: Option<&Person>) -> Acting<'_> {
    person.map_or(Acting::Reader, |person| Acting::Person(&person.token))
}

impl Reading {
    /// Reads a promotion from GitHub, never from a cache.
    pub(super) async fn new(
        app: &App,
        person: Option<&Person>,
        repository: &RepositoryName,
        number: u64,
    ) -> Result<Self, ActionError> {
        let lanes: Vec<&Arc<Lane>> = app
            .boards
            .lanes()
            .filter(|lane| lane.spec().repository == *repository)
            .collect();
        let guess = lanes
            .iter()
            .find_map(|lane| place_on_board(lane, number).map(|place| (*lane, place)))
            .or_else(|| lanes.first().map(|lane| (*lane, 0)))
            .ok_or_else(|| {
                ActionError::NoPromotion(format!("No pipeline is kept in {repository}."))
            })?;
        let github = &app.github;
        let path = path_of(guess.0, guess.1);
        let (found, files) = tokio::try_join!(
            github.promotion(acting(person), repository, number, path),
            github.files(acting(person), repository, number)
        )?;
        let head_ref = &found.promotion.head_ref;
        let (lane, place) = lanes
            .iter()
            .find_map(|lane| place_of_branch(lane, head_ref).map(|place| (*lane, place)))
            .ok_or_else(|| {
                ActionError::NoPromotion(format!("#{number} of {repository} is no promotion."))
            })?;
        // Read with the file of another environment, it must be read again with its own.
        let found = if path_of(lane, place) == path {
            found
        } else {
            let path = path_of(lane, place);
            github
                .promotion(acting(person), repository, number, path)
                .await?
        };
        let mut promotion = found.promotion;
        let environment = &lane.spec().environments[place];
        promotion.release = release_in(found.declares.as_deref(), &promotion.title, environment);
        Ok(Self {
            lane: Arc::clone(lane),
            place,
            actor: person.map(|person| Actor {
                login: person.viewer.login.clone(),
                permission: found.permission,
            }),
            promotion,
            files,
        })
    }

    /// The environment that it would change.
    pub(super) fn environment(&self) -> &EnvironmentSpec {
        &self.lane.spec().environments[self.place]
    }

    /// The environment of that environment and the one before it, on a board of the pipeline.
    pub(super) fn environments<'a>(
        &self,
        board: &'a Board,
    ) -> (&'a EnvironmentView, Option<&'a EnvironmentView>) {
        let before = self.place.checked_sub(1);
        (
            &board.environments[self.place],
            before.map(|place| &board.environments[place]),
        )
    }

    /// A digest of what it changes.
    pub(super) fn digest(&self) -> String {
        diff_digest(&self.files)
    }

    /// How it would be merged: by a merge commit where the repository allows it.
    pub(super) fn method(&self) -> &str {
        self.promotion
            .merge_methods
            .first()
            .map_or("merge", String::as_str)
    }

    /// The release in words.
    pub(super) fn what(&self) -> String {
        self.promotion
            .release
            .as_ref()
            .map_or_else(|| "the release".into(), ToString::to_string)
    }
}

fn path_of(lane: &Lane, place: usize) -> &str {
    &lane.spec().environments[place].path
}

fn place_on_board(lane: &Lane, number: u64) -> Option<usize> {
    let board = lane.board();
    let gate = board.gates.iter().find(|gate| {
        gate.promotion
            .as_ref()
            .is_some_and(|promotion| promotion.number == number)
    })?;
    let environments = &lane.spec().environments;
    environments
        .iter()
        .position(|environment| environment.name == gate.to)
}

fn place_of_branch(lane: &Lane, branch: &str) -> Option<usize> {
    let spec = lane.spec();
    spec.environments
        .iter()
        .position(|environment| spec.promotion_branch(&environment.name) == branch)
}
