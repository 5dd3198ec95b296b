//! Bodies of the actions of people: a review, a release, a promotion whose dispatch was lost.

use serde::{Deserialize, Serialize};

use super::{Permission, PromotionCard};
use crate::pipeline::PipelineName;
use crate::{ChartVersion, Colour, CommitId};

/// The body of `POST …/approve`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Approve {
    /// The signed intent of the promotion card.
    pub intent: String,
    /// The text of the review.
    #[serde(default)]
    pub comment: Option<String>,
    /// Whether to merge right after the review.
    pub merge: bool,
}

/// The body of `POST …/refuse`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Refuse {
    /// The signed intent of the promotion card.
    pub intent: String,
    /// The reason, shown on the pull request.
    pub comment: String,
}

/// The answer to [`Approve`] and [`Refuse`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ActionResult {
    /// What was done.
    pub sentence: String,
    pub reviewed: bool,
    pub merged: bool,
    pub merge_commit: Option<CommitId>,
    /// The promotion card after the action.
    pub card: Option<Box<PromotionCard>>,
}

/// The values that identify a release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReleaseValues {
    /// The colour that is compiled into the container.
    pub colour: Colour,
    /// The version of the container.
    pub version: String,
    /// The version of the chart, which is the release's identity.
    pub chart_version: ChartVersion,
}

/// One file that a release changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReleaseEdit {
    pub path: String,
    /// The reason for the change, in a sentence.
    pub why: String,
    /// The unified diff without the file header.
    pub patch: String,
}

/// The body of `GET …/release`: a release before anything is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReleasePlan {
    pub pipeline: PipelineName,
    /// The branch that releases go into.
    pub base_ref: String,
    /// The head of that branch, which the plan is based on.
    pub base: CommitId,
    /// The last release.
    pub was: ReleaseValues,
    /// The new release: the requested values, and proposals for those left open.
    pub values: ReleaseValues,
    /// The branch to push.
    pub branch: String,
    /// The changes of the four files, in the order of the release process.
    pub edits: Vec<ReleaseEdit>,
    /// Whether the viewer may start the release.
    pub start: Permission,
}

/// The body of `POST …/releases`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct StartRelease {
    /// The commit that the plan was based on.
    pub base: CommitId,
    /// As `#rrggbb`.
    pub colour: String,
    /// The version of the container.
    pub version: String,
    /// The version of the chart.
    pub chart_version: String,
}

/// The answer to [`StartRelease`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReleaseStarted {
    /// The number of the pull request.
    pub number: u64,
    /// The page of the pull request on GitHub.
    pub url: String,
    /// What was done and what comes next.
    pub sentence: String,
}

/// The body of `POST …/environments/{environment}/dispatch`: opens the promotion whose dispatch was lost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Promote {
    /// The release that the person saw proven in the environment before.
    pub release: ChartVersion,
}

/// The answer to [`Promote`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Promoted {
    /// The number of the pull request.
    pub number: u64,
    /// The page of the pull request on GitHub.
    pub url: String,
    /// What was done.
    pub sentence: String,
}
