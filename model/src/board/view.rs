//! The board of a pipeline, and its short form as one row of the matrix.

use serde::{Deserialize, Serialize};

use crate::chain::VerdictState;
use crate::environment::EnvironmentView;
use crate::gate::Gate;
use crate::pipeline::{PipelineName, RepositoryName};
use crate::{Colour, EnvironmentName, Timestamp};

/// The urgency of a headline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// Every environment is proven and nothing is under way.
    Calm,
    /// A release or promotion is under way.
    Moving,
    /// A person has to approve or merge.
    Waiting,
    /// Something failed or is not known.
    Alarm,
}

/// The one sentence over a board.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Headline {
    pub sentence: String,
    pub tone: Tone,
    /// The environment that the sentence is about.
    pub environment: Option<EnvironmentName>,
}

/// The health of one source of observations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SourceView {
    pub name: String,
    /// When it last answered.
    pub ok_at: Option<Timestamp>,
    /// Why it does not answer now.
    pub failing: Option<String>,
}

/// The current state of one pipeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Board {
    pub pipeline: PipelineName,
    pub repository: RepositoryName,
    /// Rises with every change; of two boards the one with the higher number is newer.
    pub version: u64,
    pub as_of: Timestamp,
    /// How far the newest release has come, in a sentence.
    pub subtitle: String,
    pub headline: Headline,
    /// The environments in the order of promotion.
    pub environments: Vec<EnvironmentView>,
    /// The gates: `gates[i]` stands between `environments[i]` and `environments[i + 1]`.
    pub gates: Vec<Gate>,
    pub sources: Vec<SourceView>,
}

/// One environment of a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Cell {
    pub environment: EnvironmentName,
    /// The version or tag that the live app serves.
    pub label: String,
    pub colour: Option<Colour>,
    pub verdict: VerdictState,
    /// A few words under the label: `proven`, `1.1.7 waits`, `failed at helm`.
    pub words: String,
    /// Whether a person has to act at the gate before it.
    pub waits: bool,
}

/// One pipeline of the matrix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Row {
    pub pipeline: PipelineName,
    /// The repository in which the viewer's permission is looked up.
    pub repository: RepositoryName,
    /// The version of the board.
    pub version: u64,
    /// The board's headline.
    pub sentence: String,
    pub tone: Tone,
    pub cells: Vec<Cell>,
    /// Logins that a pull request waits for, sorted.
    pub waits_for: Vec<String>,
}
