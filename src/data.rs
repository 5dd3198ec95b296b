//! The bodies of the HTTP interface with only those fields that the page shows: each other field would add to the
//! first load.
//!
//! A type here has the name of the type in `model` that the server sends, which documents its fields; bodies of
//! which the page shows all are read into `model`'s own types. The tests hold the two together.

use model::api::object::ReconcileRequest;
use model::api::{Cell, EvidenceLine, FileDiff, Permission, Tone};
use model::chain::{Link, LinkName, VerdictState};
use model::gate::GateState;
use model::pipeline::{GateKind, PipelineName, RepositoryName};
use model::promotion::{CheckState, CheckSummary, PromotionState};
use model::rollout::RolloutStep;
use model::{ChartVersion, CommitId, EnvironmentName, Release, Timestamp};
use serde::{Deserialize, Serialize};

/// Problem details (RFC 9457), the body of every error.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Problem {
    pub detail: String,
    pub code: String,
    pub request_id: String,
    #[serde(default)]
    pub fields: Vec<String>,
    pub card: Option<Box<PromotionCard>>,
}

/// The signed-in person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Viewer {
    pub login: String,
    pub avatar_url: Option<String>,
}

/// The body of `GET api/v1/session`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Session {
    pub viewer: Option<Viewer>,
    pub csrf_token: Option<String>,
    pub demo: bool,
}

/// One pipeline on the board.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    pub pipeline: PipelineName,
    pub version: u64,
    pub sentence: String,
    pub cells: Vec<Cell>,
    pub waits_for: Vec<String>,
}

/// The body of `GET api/v1/pipelines`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rows {
    pub rows: Vec<Row>,
    pub total: usize,
    pub next_cursor: Option<String>,
}

/// The current state of one pipeline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Board {
    pub pipeline: PipelineName,
    pub version: u64,
    pub as_of: Timestamp,
    pub subtitle: String,
    pub headline: Headline,
    pub environments: Vec<EnvironmentView>,
    pub gates: Vec<Gate>,
}

/// The one sentence over a board.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Headline {
    pub sentence: String,
    pub tone: Tone,
}

/// One environment of a board.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EnvironmentView {
    pub name: EnvironmentName,
    pub link: Option<String>,
    pub release: Release,
    pub desired: Option<String>,
    pub verdict: Verdict,
    pub links: Vec<Link>,
    pub note: String,
    pub commit_status: Option<String>,
    pub seen_at: Option<Timestamp>,
}

impl EnvironmentView {
    /// The link of the chain with this name.
    pub fn link(&self, name: LinkName) -> Option<&Link> {
        self.links.iter().find(|link| link.name == name)
    }
}

/// A verdict with its reason.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    pub state: VerdictState,
    pub sentence: String,
    pub breaks_at: Option<LinkName>,
}

/// What stands between two environments.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gate {
    pub to: EnvironmentName,
    pub kind: GateKind,
    pub state: GateState,
    pub sentence: String,
    pub release: Option<ChartVersion>,
    pub since: Option<Timestamp>,
    pub promotion: Option<PromotionSummary>,
    pub steps: Vec<RolloutStep>,
    pub run: Option<String>,
}

/// The pull request at a gate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PromotionSummary {
    pub repository: RepositoryName,
    pub number: u64,
    pub url: String,
    pub head: CommitId,
    pub checks: CheckSummary,
    pub approved_by: Vec<String>,
    pub requested: Vec<String>,
}

/// The body of `GET api/v1/promotions/{owner}/{repo}/{number}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PromotionCard {
    pub pipeline: PipelineName,
    pub environment: EnvironmentName,
    pub user_facing: bool,
    pub targets: usize,
    pub number: u64,
    pub title: String,
    pub url: String,
    pub state: PromotionState,
    pub from: Release,
    pub to: Release,
    pub evidence_from: EnvironmentName,
    pub evidence: Vec<EvidenceLine>,
    pub files: Vec<FileDiff>,
    pub commits: Vec<CommitView>,
    pub compare_url: Option<String>,
    pub checks: Vec<Check>,
    pub reviews: Vec<Review>,
    pub missing: String,
    pub head: CommitId,
    pub head_by: Option<String>,
    pub head_at: Option<Timestamp>,
    pub approve: Permission,
    pub approve_and_merge: Permission,
    pub merge: Permission,
    pub refuse: Permission,
    pub intent: Option<String>,
    pub steps: Vec<RolloutStep>,
    pub verdict: Verdict,
}

/// One commit between two releases.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CommitView {
    pub id: CommitId,
    pub headline: String,
    pub author: String,
    pub url: String,
}

/// One check on a head.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Check {
    pub name: String,
    pub state: CheckState,
    pub required: bool,
}

/// A review of the pull request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Review {
    pub login: String,
    pub approves: bool,
    pub counts: bool,
    pub at: Timestamp,
    pub comment: Option<String>,
}

/// The answer to an approval or a refusal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ActionResult {
    pub sentence: String,
    pub card: Option<Box<PromotionCard>>,
}

/// The body of `GET` and `POST …/environments/{environment}/reconcile`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reconcile {
    pub permission: Permission,
    pub command: String,
    pub order: Option<ReconcileRequest>,
}

/// The body of `GET …/journal`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    pub entries: Vec<Entry>,
    pub next_cursor: Option<String>,
}

/// One entry of the journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    pub at: Timestamp,
    pub who: Option<String>,
    pub source: String,
    pub sentence: String,
}

#[cfg(test)]
mod tests;
