//! Request and response bodies, problem details and stream events of the HTTP interface.
//!
//! The rules do not import this module.

pub mod object;
mod orders;

use serde::{Deserialize, Serialize};

use crate::chain::Verdict;
use crate::journal::Entry;
use crate::pipeline::{PipelineName, RepositoryName};
use crate::promotion::{Check, PromotionState, Review};
use crate::release_history::{DoraMetrics, ReleaseHistory};
use crate::rollout::RolloutStep;
use crate::{CommitId, EnvironmentName, Release, Timestamp};

// These values of the domain are bodies as they are.
pub use crate::board::{Board, Cell, Headline, Row, SourceView, Tone};
pub use crate::environment::{EnvironmentView, TargetView};

pub use orders::{
    ActionResult, Approve, Promote, Promoted, Refuse, ReleaseEdit, ReleasePlan, ReleaseStarted,
    ReleaseValues, StartRelease,
};

/// Problem details (RFC 9457), the body of every error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// A URI reference that identifies the problem type; `about:blank` where the status says it all.
    #[serde(rename = "type")]
    pub kind: String,
    /// A summary for people, the same for every occurrence.
    pub title: String,
    pub status: u16,
    /// What went wrong this time and what to do next, in sentences.
    pub detail: String,
    /// A stable name for programs, such as `head_moved`.
    pub code: String,
    /// The id under which the server logged the request.
    pub request_id: String,
    /// The names of the invalid fields of the request.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub fields: Vec<String>,
    /// The current state, where the request was based on an older one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub card: Option<Box<PromotionCard>>,
}

/// The body of `GET api/v1/pipelines`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Rows {
    pub rows: Vec<Row>,
    /// The number of matching rows on all pages.
    pub total: usize,
    /// The cursor of the next page; `None` on the last one.
    pub next_cursor: Option<String>,
}

/// The signed-in person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Viewer {
    pub login: String,
    /// The numeric user id on GitHub, which survives a change of login.
    pub id: u64,
    pub avatar_url: Option<String>,
}

/// The body of `GET api/v1/session`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Session {
    pub viewer: Option<Viewer>,
    /// The token that every write sends in the header `X-Weft-CSRF`; `None` without a session.
    pub csrf_token: Option<String>,
    /// The user who is signed in to Weave GitOps in the same browser, where Weft is its front.
    pub dashboard_user: Option<String>,
    /// Whether Weft is the front of a Weave GitOps dashboard.
    pub dashboard: bool,
    /// Whether this is the demo, whose page has additional controls.
    pub demo: bool,
    pub version: String,
}

/// One line of evidence on a promotion card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EvidenceLine {
    /// Whether the line speaks for the promotion.
    pub ok: bool,
    pub sentence: String,
    /// When the source last confirmed it.
    pub at: Option<Timestamp>,
}

/// One changed file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FileDiff {
    pub path: String,
    /// The unified diff without the file header; empty where GitHub gives none.
    pub patch: String,
}

/// One commit between two releases.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CommitView {
    pub id: CommitId,
    /// The first line of the message.
    pub headline: String,
    pub author: String,
    pub at: Timestamp,
    /// The page on GitHub.
    pub url: String,
}

/// Whether a viewer may do something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Permission {
    pub allowed: bool,
    /// The reason against it, in a sentence; `None` where it is allowed.
    pub why: Option<String>,
}

impl Permission {
    /// Allows an action unless there is a reason against it.
    #[must_use]
    pub fn unless(why: Option<String>) -> Self {
        Self {
            allowed: why.is_none(),
            why,
        }
    }
}

/// The body of `GET api/v1/promotions/{owner}/{repo}/{number}`: everything an approver needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PromotionCard {
    pub pipeline: PipelineName,
    /// The environment that the promotion changes.
    pub environment: EnvironmentName,
    /// Whether users see the environment.
    pub user_facing: bool,
    /// The number of targets of the environment.
    pub targets: usize,
    pub repository: RepositoryName,
    pub number: u64,
    pub title: String,
    /// The page on GitHub.
    pub url: String,
    pub state: PromotionState,
    /// The release that the environment serves now.
    pub from: Release,
    /// The release that the pull request declares.
    pub to: Release,
    /// The environment before it, in which the release was proven.
    pub evidence_from: EnvironmentName,
    /// Whether that environment is proven at the release to promote.
    pub evidence_holds: bool,
    pub evidence: Vec<EvidenceLine>,
    /// The changes of the pull request, then those of the chart between the two releases.
    pub files: Vec<FileDiff>,
    /// The commits between the releases, newest first.
    pub commits: Vec<CommitView>,
    /// The page on GitHub that compares the two releases.
    pub compare_url: Option<String>,
    pub checks: Vec<Check>,
    pub reviews: Vec<Review>,
    /// What is missing for a merge, in a sentence.
    pub missing: String,
    /// The commit that an approval applies to.
    pub head: CommitId,
    /// Who committed the head.
    pub head_by: Option<String>,
    pub head_at: Option<Timestamp>,
    /// The branch that the pull request merges into.
    pub base_ref: String,
    pub author: String,
    pub opened_at: Timestamp,
    pub approve: Permission,
    /// Whether the viewer may approve and merge in one action.
    pub approve_and_merge: Permission,
    /// Whether the viewer may merge what others have approved.
    pub merge: Permission,
    pub refuse: Permission,
    /// The signed intent to send with an action; `None` without a session.
    pub intent: Option<String>,
    pub intent_expires_at: Option<Timestamp>,
    /// The rollout of the release after the merge.
    pub steps: Vec<RolloutStep>,
    /// The verdict of the environment.
    pub verdict: Verdict,
    pub as_of: Timestamp,
}

/// The body of `GET …/journeys`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Journeys {
    /// The inclusive start of the range.
    pub since: Timestamp,
    /// The exclusive end of the range.
    pub until: Timestamp,
    /// The environments with chart releases, in the order of promotion.
    pub environments: Vec<EnvironmentName>,
    /// The histories of the releases, oldest first.
    pub journeys: Vec<ReleaseHistory>,
    /// The metrics over the same range.
    pub figures: DoraMetrics,
}

/// The body of `GET …/journal`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Record {
    /// The entries, newest first.
    pub entries: Vec<Entry>,
    /// The cursor of the next page; `None` on the last one.
    pub next_cursor: Option<String>,
}
