//! What people order, and the answers to it: a review, a release, a promotion that never came.

use serde::{Deserialize, Serialize};

use super::{Permission, PromotionCard};
use crate::pipeline::PipelineName;
use crate::{ChartVersion, Colour, CommitId};

/// Body of `POST …/approve`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Approve {
    /// The intent from the card.
    pub intent: String,
    /// Words for the review.
    #[serde(default)]
    pub comment: Option<String>,
    /// Whether to merge at once.
    pub merge: bool,
}

/// Body of `POST …/refuse`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Refuse {
    /// The intent from the card.
    pub intent: String,
    /// Why; shown on the pull request.
    pub comment: String,
}

/// Answer of the two.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ActionResult {
    /// What was done, in a sentence.
    pub sentence: String,
    /// Whether the review was given.
    #[cfg_attr(target_arch = "wasm32", serde(skip_deserializing))]
    pub reviewed: bool,
    /// Whether it was merged.
    #[cfg_attr(target_arch = "wasm32", serde(skip_deserializing))]
    pub merged: bool,
    /// The merge's commit.
    #[cfg_attr(target_arch = "wasm32", serde(skip_deserializing))]
    pub merge_commit: Option<CommitId>,
    /// The card after it.
    pub card: Option<Box<PromotionCard>>,
}

/// What identifies a release and what tells it apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReleaseValues {
    /// The colour that is compiled into the container.
    pub colour: Colour,
    /// The container's version.
    pub version: String,
    /// The chart's version: the release's identity.
    pub chart_version: ChartVersion,
}

/// One file that a release changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReleaseEdit {
    /// Its path.
    pub path: String,
    /// Why, in a sentence.
    pub why: String,
    /// The unified diff, without the lines that name the file.
    pub patch: String,
}

/// `GET …/release`: the release that would be started; nothing is written yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReleasePlan {
    /// The pipeline.
    pub pipeline: PipelineName,
    /// The branch that releases go into.
    pub base_ref: String,
    /// The commit of that branch that the plan is made on.
    pub base: CommitId,
    /// What was released last.
    pub was: ReleaseValues,
    /// What would be released: what was asked for, and proposals for what was left open.
    pub values: ReleaseValues,
    /// The branch that would be pushed.
    pub branch: String,
    /// The four files in the order of the process.
    pub edits: Vec<ReleaseEdit>,
    /// Whether the viewer may start it.
    pub start: Permission,
}

/// `POST …/releases`: start what the plan showed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct StartRelease {
    /// The commit that the plan was made on.
    pub base: CommitId,
    /// The colour, as `#rrggbb`.
    pub colour: String,
    /// The container's version.
    pub version: String,
    /// The chart's version.
    pub chart_version: String,
}

/// The answer to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReleaseStarted {
    /// The pull request.
    pub number: u64,
    /// Its page.
    pub url: String,
    /// What was done and what comes next.
    pub sentence: String,
}

/// `POST …/environments/{environment}/dispatch`: open the promotion that never came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Promote {
    /// The release that the person saw proven in the environment before.
    pub release: ChartVersion,
}

/// The answer to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Promoted {
    /// The pull request.
    pub number: u64,
    /// Its page.
    pub url: String,
    /// What was done.
    pub sentence: String,
}
