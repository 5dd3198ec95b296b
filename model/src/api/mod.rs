//! Request and response bodies, problem details and stream events of the HTTP interface.
//!
//! What the page never shows it does not read either (`target_arch = "wasm32"`): reading costs code to load.

pub mod object;
mod orders;

use serde::{Deserialize, Serialize};

use crate::chain::{Link, Verdict, VerdictState};
use crate::gate::{Gate, RolloutStep};
use crate::journal::Entry;
use crate::pipeline::{PipelineName, RepositoryName};
use crate::promotion::{Check, PromotionState, Review};
use crate::release_history::{DoraMetrics, ReleaseHistory};
use crate::{ChartVersion, Colour, CommitId, EnvironmentName, Release, Timestamp};

pub use orders::{
    ActionResult, Approve, Promote, Promoted, Refuse, ReleaseEdit, ReleasePlan, ReleaseStarted,
    ReleaseValues, StartRelease,
};

/// Problem details (RFC 9457), the body of every error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// A URI reference that names the kind; `about:blank` where the code says it all.
    #[serde(rename = "type")]
    #[cfg_attr(target_arch = "wasm32", serde(skip_deserializing))]
    pub kind: String,
    /// What went wrong, for people, the same for every occurrence.
    #[cfg_attr(target_arch = "wasm32", serde(skip_deserializing))]
    pub title: String,
    /// The HTTP status.
    #[cfg_attr(target_arch = "wasm32", serde(skip_deserializing))]
    pub status: u16,
    /// What went wrong this time and what to do next.
    pub detail: String,
    /// A stable name for programs, such as `head_moved`.
    pub code: String,
    /// What to quote when asking for help.
    pub request_id: String,
    /// The fields of the request that are wrong, by their names there.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub fields: Vec<String>,
    /// The present state, where the request was made on an older one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub card: Option<Box<PromotionCard>>,
}

/// What one target of an environment shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TargetView {
    /// Its name.
    pub name: String,
    /// What the app answers, and what Helm deployed.
    pub release: Release,
    /// Its chain.
    pub links: Vec<Link>,
    /// Its verdict.
    pub state: VerdictState,
}

/// One environment on the lane.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EnvironmentView {
    /// Its name.
    pub name: EnvironmentName,
    /// Whether users see it.
    #[cfg_attr(target_arch = "wasm32", serde(skip_deserializing))]
    pub user_facing: bool,
    /// Where a person opens the app.
    pub link: Option<String>,
    /// What it really serves, with the colour that the live app answered.
    pub release: Release,
    /// What git asks for, as text: a version, or a tag.
    pub desired: Option<String>,
    /// The chart version that it is to hold: the pinned one, or the one that its range resolved to.
    #[cfg_attr(target_arch = "wasm32", serde(skip_deserializing))]
    pub desired_chart: Option<ChartVersion>,
    /// Its verdict, the worst of its targets'.
    pub verdict: Verdict,
    /// The four links of its worst target.
    pub links: Vec<Link>,
    /// A line for the foot, such as `follows >=0.0.3` or `one release behind`.
    pub note: String,
    /// Flux's tick on the commit says success while the verdict is failed: the known lie.
    #[cfg_attr(target_arch = "wasm32", serde(skip_deserializing))]
    pub status_is_misleading: bool,
    /// What that tick says, in a sentence, where it is something else than the verdict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tick: Option<String>,
    /// When its live app last answered.
    pub seen_at: Option<Timestamp>,
    /// Its targets, where there is more than one.
    #[cfg_attr(target_arch = "wasm32", serde(skip_deserializing))]
    pub targets: Vec<TargetView>,
}

/// How user_facing a headline is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// All is well.
    Calm,
    /// Something moves.
    Moving,
    /// Somebody is waited for.
    Waiting,
    /// Something failed or is not known.
    Alarm,
}

/// The one sentence over a board.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Headline {
    /// It.
    pub sentence: String,
    /// How user_facing it is.
    pub tone: Tone,
    /// The environment that it is about.
    #[cfg_attr(target_arch = "wasm32", serde(skip_deserializing))]
    pub environment: Option<EnvironmentName>,
}

/// How a source is doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SourceView {
    /// Its name.
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
    /// Which.
    pub pipeline: PipelineName,
    /// Its promotion repository.
    pub repository: RepositoryName,
    /// Rises with every change; of two boards the one with the higher number is newer.
    pub version: u64,
    /// When it was computed.
    pub as_of: Timestamp,
    /// Where the newest release is, in a sentence.
    pub subtitle: String,
    /// The one sentence over it.
    pub headline: Headline,
    /// The environments, in order.
    pub environments: Vec<EnvironmentView>,
    /// The gates: `gates[i]` stands between `environments[i]` and `environments[i + 1]`.
    pub gates: Vec<Gate>,
    /// Where it all comes from.
    #[cfg_attr(target_arch = "wasm32", serde(skip_deserializing))]
    pub sources: Vec<SourceView>,
}

/// One cell of the matrix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Cell {
    /// The environment.
    pub environment: EnvironmentName,
    /// What it serves.
    pub label: String,
    /// In which colour.
    pub colour: Option<Colour>,
    /// Its verdict.
    pub verdict: VerdictState,
    /// The word or words under the version: `proven`, `1.1.7 waits`, `failed at helm`.
    pub words: String,
    /// Whether something waits for a person before it.
    pub waits: bool,
}

/// One row of the matrix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Row {
    /// The pipeline.
    pub pipeline: PipelineName,
    /// Its repository, so that the viewer's rights there can be looked up.
    pub repository: RepositoryName,
    /// The board's version.
    pub version: u64,
    /// What waits or moves, in one sentence.
    pub sentence: String,
    /// How user_facing it is.
    pub tone: Tone,
    /// The cells, in order.
    pub cells: Vec<Cell>,
    /// Who is asked to approve something here.
    pub waits_for: Vec<String>,
}

/// Answer of `GET api/v1/pipelines`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Rows {
    /// The rows of this page.
    pub rows: Vec<Row>,
    /// How many rows match in all.
    pub total: usize,
    /// Where the next page begins, if there is one.
    pub next_cursor: Option<String>,
}

/// The signed-in person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Viewer {
    /// Login on GitHub.
    pub login: String,
    /// The numeric id that a session is bound to.
    #[cfg_attr(target_arch = "wasm32", serde(skip_deserializing))]
    pub id: u64,
    /// Their picture.
    pub avatar_url: Option<String>,
}

/// Answer of `GET api/v1/session`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Session {
    /// The signed-in person, if there is one.
    pub viewer: Option<Viewer>,
    /// The token that every write must carry in `X-Weft-CSRF`.
    pub csrf_token: Option<String>,
    /// Who is signed in to Weave GitOps in the same browser, where Weft fronts it.
    #[cfg_attr(target_arch = "wasm32", serde(skip_deserializing))]
    pub dashboard_user: Option<String>,
    /// Whether the dashboard is there to go back to.
    #[cfg_attr(target_arch = "wasm32", serde(skip_deserializing))]
    pub dashboard: bool,
    /// Whether this is the demo with its own controls.
    pub demo: bool,
    /// Weft's version.
    #[cfg_attr(target_arch = "wasm32", serde(skip_deserializing))]
    pub version: String,
}

/// One line of evidence on a promotion card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EvidenceLine {
    /// Whether it speaks for the promotion.
    pub ok: bool,
    /// What.
    pub sentence: String,
    /// As of when.
    pub at: Option<Timestamp>,
}

/// One changed file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FileDiff {
    /// Its path.
    pub path: String,
    /// The unified diff of it, without the file header; empty where GitHub gives none.
    pub patch: String,
}

/// One commit between two releases.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CommitView {
    /// Its id.
    pub id: CommitId,
    /// Its first line.
    pub headline: String,
    /// Who wrote it.
    pub author: String,
    /// When.
    #[cfg_attr(target_arch = "wasm32", serde(skip_deserializing))]
    pub at: Timestamp,
    /// Its page.
    pub url: String,
}

/// Whether a viewer may do something, and why not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Permission {
    /// Whether.
    pub allowed: bool,
    /// Why not, in a sentence.
    pub why: Option<String>,
}

impl Permission {
    /// Allowed unless there is a reason against it.
    #[must_use]
    pub fn unless(why: Option<String>) -> Self {
        Self {
            allowed: why.is_none(),
            why,
        }
    }
}

/// Answer of `GET api/v1/promotions/{owner}/{repo}/{number}`: everything an approver needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PromotionCard {
    /// The pipeline it belongs to.
    pub pipeline: PipelineName,
    /// The environment it would change.
    pub environment: EnvironmentName,
    /// Whether users see that environment.
    pub user_facing: bool,
    /// In how many targets it runs.
    pub targets: usize,
    /// The repository.
    pub repository: RepositoryName,
    /// The number.
    pub number: u64,
    /// The title.
    pub title: String,
    /// The page on GitHub.
    pub url: String,
    /// Open, merged, closed.
    pub state: PromotionState,
    /// What the environment serves now.
    pub from: Release,
    /// What it would serve.
    pub to: Release,
    /// The environment before it.
    pub evidence_from: EnvironmentName,
    /// Whether that environment is proven to serve what would be promoted.
    #[cfg_attr(target_arch = "wasm32", serde(skip_deserializing))]
    pub evidence_holds: bool,
    /// What speaks for and against.
    pub evidence: Vec<EvidenceLine>,
    /// What the pull request changes, and what changed in the chart between the releases.
    pub files: Vec<FileDiff>,
    /// The commits between the releases, newest first.
    pub commits: Vec<CommitView>,
    /// The page with all of them.
    pub compare_url: Option<String>,
    /// The checks on the head.
    pub checks: Vec<Check>,
    /// The reviews.
    pub reviews: Vec<Review>,
    /// What is still missing, in a sentence.
    pub missing: String,
    /// The commit that an approval is for.
    pub head: CommitId,
    /// Who committed it.
    pub head_by: Option<String>,
    /// When.
    pub head_at: Option<Timestamp>,
    /// The branch it goes into.
    #[cfg_attr(target_arch = "wasm32", serde(skip_deserializing))]
    pub base_ref: String,
    /// Who opened it.
    #[cfg_attr(target_arch = "wasm32", serde(skip_deserializing))]
    pub author: String,
    /// When.
    #[cfg_attr(target_arch = "wasm32", serde(skip_deserializing))]
    pub opened_at: Timestamp,
    /// Whether the viewer may approve.
    pub approve: Permission,
    /// Whether the viewer may approve and merge in one tap.
    pub approve_and_merge: Permission,
    /// Whether the viewer may merge what is approved already.
    pub merge: Permission,
    /// Whether the viewer may refuse.
    pub refuse: Permission,
    /// The signed intent that a tap must send; absent without a session.
    pub intent: Option<String>,
    /// When the intent ends.
    #[cfg_attr(target_arch = "wasm32", serde(skip_deserializing))]
    pub intent_expires_at: Option<Timestamp>,
    /// The way of the release after the merge.
    pub steps: Vec<RolloutStep>,
    /// The verdict of the environment now.
    pub verdict: Verdict,
    /// When all this was read.
    #[cfg_attr(target_arch = "wasm32", serde(skip_deserializing))]
    pub as_of: Timestamp,
}

/// Answer of `GET …/journeys`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Journeys {
    /// From when.
    pub since: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// The environments, in order; those without a chart release (dev) are left out.
    pub environments: Vec<EnvironmentName>,
    /// The journeys, oldest first.
    pub journeys: Vec<ReleaseHistory>,
    /// The figures over the same time.
    pub figures: DoraMetrics,
}

/// Answer of `GET …/journal`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Record {
    /// The entries, newest first.
    pub entries: Vec<Entry>,
    /// Where the next page begins, if there is one.
    pub next_cursor: Option<String>,
}
