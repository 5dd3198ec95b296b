//! The bodies of the HTTP interface with only those fields that the page shows: each other field would add to the
//! first load.
//!
//! A type here has the name of the type in `model` that the server sends; bodies of which the page shows all are
//! read into `model`'s own types. The tests hold the two together.

use model::api::object::ReconcileRequest;
use model::api::{Cell, EvidenceLine, FileDiff, Permission, Tone};
use model::chain::{Link, LinkName, VerdictState};
use model::gate::GateState;
use model::pipeline::{GateKind, PipelineName, RepositoryName};
use model::promotion::{CheckState, CheckSummary, PromotionState};
use model::rollout::RolloutStep;
use model::{ChartVersion, CommitId, EnvironmentName, Release, Timestamp};
use serde::Deserialize;

/// Problem details (RFC 9457), the body of every error.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct Problem {
    /// What went wrong this time and what to do next.
    pub detail: String,
    /// A stable name for programs, such as `head_moved`.
    pub code: String,
    /// The id to quote when asking for help.
    pub request_id: String,
    /// The names of the invalid fields of the request.
    #[serde(default)]
    pub fields: Vec<String>,
    /// The current state, where the request was based on an older one.
    pub card: Option<Box<PromotionCard>>,
}

/// The signed-in person.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct Viewer {
    pub login: String,
    pub avatar_url: Option<String>,
}

/// The body of `GET api/v1/session`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct Session {
    pub viewer: Option<Viewer>,
    /// The token that every write sends in the header `X-Weft-CSRF`.
    pub csrf_token: Option<String>,
    /// Whether the server runs the demo.
    pub demo: bool,
}

/// One pipeline on the board.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct Row {
    pub pipeline: PipelineName,
    /// Increases with every change of the pipeline's board.
    pub version: u64,
    /// What waits or moves, in a sentence.
    pub sentence: String,
    /// The environments, in the order of promotion.
    pub cells: Vec<Cell>,
    /// The logins that are asked for an approval.
    pub waits_for: Vec<String>,
}

/// The body of `GET api/v1/pipelines`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct Rows {
    /// The rows of this page.
    pub rows: Vec<Row>,
    /// The number of matching rows on all pages.
    pub total: usize,
    /// The cursor of the next page.
    pub next_cursor: Option<String>,
}

/// The current state of one pipeline.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct Board {
    pub pipeline: PipelineName,
    pub version: u64,
    /// When the board was computed.
    pub as_of: Timestamp,
    /// Where the newest release is, in a sentence.
    pub subtitle: String,
    pub headline: Headline,
    /// The environments, in the order of promotion.
    pub environments: Vec<EnvironmentView>,
    /// The gates: `gates[i]` is between `environments[i]` and `environments[i + 1]`.
    pub gates: Vec<Gate>,
}

/// The one sentence over a board.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct Headline {
    pub sentence: String,
    /// How urgent it is.
    pub tone: Tone,
}

/// One environment of a board.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct EnvironmentView {
    pub name: EnvironmentName,
    /// The address of the app.
    pub link: Option<String>,
    /// What the environment serves.
    pub release: Release,
    /// The version or tag that git declares.
    pub desired: Option<String>,
    pub verdict: Verdict,
    /// The four links of the chain.
    pub links: Vec<Link>,
    /// A note such as `one release behind`.
    pub note: String,
    /// What Flux's commit status says, where that differs from the verdict.
    pub commit_status: Option<String>,
    /// When the app last answered.
    pub seen_at: Option<Timestamp>,
}

/// A verdict with its reason.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct Verdict {
    pub state: VerdictState,
    pub sentence: String,
    /// The first link that does not hold.
    pub breaks_at: Option<LinkName>,
}

/// What stands between two environments.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct Gate {
    /// The environment behind the gate.
    pub to: EnvironmentName,
    /// How a release passes.
    pub kind: GateKind,
    pub state: GateState,
    pub sentence: String,
    /// The release that waits.
    pub release: Option<ChartVersion>,
    pub since: Option<Timestamp>,
    pub promotion: Option<PromotionSummary>,
    /// The rollout after the merge.
    pub steps: Vec<RolloutStep>,
    /// The page of the workflow run that should have opened the pull request.
    pub run: Option<String>,
}

/// The pull request at a gate.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct PromotionSummary {
    pub repository: RepositoryName,
    pub number: u64,
    pub url: String,
    pub head: CommitId,
    /// The checks, counted.
    pub checks: CheckSummary,
    /// The logins of those who approved.
    pub approved_by: Vec<String>,
    /// The logins of those who are asked for a review.
    pub requested: Vec<String>,
}

/// The body of `GET api/v1/promotions/{owner}/{repo}/{number}`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct PromotionCard {
    pub pipeline: PipelineName,
    /// The environment that the promotion changes.
    pub environment: EnvironmentName,
    /// Whether users see the environment.
    pub user_facing: bool,
    /// The number of targets of the environment.
    pub targets: usize,
    pub number: u64,
    pub title: String,
    pub url: String,
    /// Whether the pull request is open, merged or closed.
    pub state: PromotionState,
    /// What the environment serves now.
    pub from: Release,
    /// What the pull request declares.
    pub to: Release,
    /// The environment before it.
    pub evidence_from: EnvironmentName,
    /// What speaks for and against the promotion.
    pub evidence: Vec<EvidenceLine>,
    pub files: Vec<FileDiff>,
    /// The commits between the releases, newest first.
    pub commits: Vec<CommitView>,
    /// The page on GitHub that compares the releases.
    pub compare_url: Option<String>,
    pub checks: Vec<Check>,
    pub reviews: Vec<Review>,
    pub missing: String,
    /// The commit that an approval applies to.
    pub head: CommitId,
    /// Who committed the head.
    pub head_by: Option<String>,
    /// When the head was committed.
    pub head_at: Option<Timestamp>,
    pub approve: Permission,
    pub approve_and_merge: Permission,
    pub merge: Permission,
    pub refuse: Permission,
    /// The signed intent to send with a decision.
    pub intent: Option<String>,
    /// The rollout after the merge.
    pub steps: Vec<RolloutStep>,
    pub verdict: Verdict,
}

/// One commit between two releases.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct CommitView {
    pub id: CommitId,
    /// The first line of the message.
    pub headline: String,
    pub author: String,
    pub url: String,
}

/// One check on a head.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct Check {
    pub name: String,
    pub state: CheckState,
    /// Whether the rules of the branch require it.
    pub required: bool,
}

/// A review of the pull request.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct Review {
    /// The login of the reviewer.
    pub login: String,
    /// Whether it approves; otherwise it asks for changes.
    pub approves: bool,
    /// Whether the reviewer may write, and the review counts.
    pub counts: bool,
    /// When it was submitted.
    pub at: Timestamp,
    /// The text of the review.
    pub comment: Option<String>,
}

/// The answer to an approval or a refusal.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct ActionResult {
    pub sentence: String,
    /// The card afterwards.
    pub card: Option<Box<PromotionCard>>,
}

/// The body of `GET` and `POST …/environments/{environment}/reconcile`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct Reconcile {
    /// Whether the viewer may request it now.
    pub permission: Permission,
    /// The command with the same effect.
    pub command: String,
    /// The last request.
    pub order: Option<ReconcileRequest>,
}

/// The body of `GET …/journal`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct Record {
    /// The entries, newest first.
    pub entries: Vec<Entry>,
    /// The cursor of the next page.
    pub next_cursor: Option<String>,
}

/// One entry of the journal.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct Entry {
    pub at: Timestamp,
    /// The login of who did it.
    pub who: Option<String>,
    pub source: String,
    pub sentence: String,
}

impl Gate {
    /// Whether the gate waits for a person.
    pub fn waits_for_people(&self) -> bool {
        self.state.waits_for_people()
    }
}

#[cfg(test)]
mod tests;
