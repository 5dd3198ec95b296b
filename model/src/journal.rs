//! The append-only record: what changed, who did what, and where Weft knows it from.

use serde::{Deserialize, Serialize};

use crate::chain::{LinkName, VerdictState};
use crate::pipeline::PipelineName;
use crate::{ChartVersion, Colour, EnvironmentName, Timestamp};

/// What an entry is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Event {
    /// A release was merged into the followed branch.
    Released {
        /// Its number.
        number: u64,
    },
    /// A promotion pull request was opened.
    PromotionOpened {
        /// Its number.
        number: u64,
    },
    /// Somebody approved it.
    PromotionApproved {
        /// Its number.
        number: u64,
    },
    /// Somebody refused it.
    PromotionRefused {
        /// Its number.
        number: u64,
    },
    /// It was merged.
    PromotionMerged {
        /// Its number.
        number: u64,
    },
    /// It was closed without a merge, for example because a newer one superseded it.
    PromotionClosed {
        /// Its number.
        number: u64,
    },
    /// Helm deployed the release, or the branch build was rolled out.
    Deployed,
    /// Helm failed, and whether it put the release before it back.
    DeployFailed {
        /// Whether it was rolled back.
        rolled_back: bool,
    },
    /// An environment's verdict changed.
    Verdict {
        /// What it was.
        from: Option<VerdictState>,
        /// What it is.
        to: VerdictState,
        /// The link that breaks.
        breaks_at: Option<LinkName>,
    },
    /// A person ordered a release; written before anything is pushed.
    ReleaseOrdered {
        /// The branch that would carry it.
        branch: String,
    },
    /// Its pull request was opened.
    ReleaseOpened {
        /// Its number.
        number: u64,
    },
    /// A person ordered the promotion that never came; written before anything is pushed.
    PromotionOrdered,
    /// A person ordered Flux to look now; written before any object is annotated.
    ReconcileOrdered,
    /// How that ended.
    Reconciled {
        /// Whether Flux took all of it up.
        ok: bool,
    },
    /// A person ordered an action; written before it is sent.
    Intended {
        /// `approve`, `merge`, `refuse` …
        action: String,
        /// The pull request.
        number: u64,
        /// The head that the person saw.
        head: String,
    },
    /// How that action ended; written after GitHub answered.
    Done {
        /// `approve`, `merge`, `refuse` …
        action: String,
        /// The pull request.
        number: u64,
        /// Whether it was done.
        ok: bool,
    },
}

impl Event {
    /// The stable name of the kind, as in the JSON.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Released { .. } => "released",
            Self::PromotionOpened { .. } => "promotion_opened",
            Self::PromotionApproved { .. } => "promotion_approved",
            Self::PromotionRefused { .. } => "promotion_refused",
            Self::PromotionMerged { .. } => "promotion_merged",
            Self::PromotionClosed { .. } => "promotion_closed",
            Self::Deployed => "deployed",
            Self::DeployFailed { .. } => "deploy_failed",
            Self::Verdict { .. } => "verdict",
            Self::ReleaseOrdered { .. } => "release_ordered",
            Self::ReleaseOpened { .. } => "release_opened",
            Self::PromotionOrdered => "promotion_ordered",
            Self::ReconcileOrdered => "reconcile_ordered",
            Self::Reconciled { .. } => "reconciled",
            Self::Intended { .. } => "intended",
            Self::Done { .. } => "done",
        }
    }
}

/// One line of the record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its place in the journal; 0 before it is written.
    pub id: u64,
    /// When it happened.
    pub at: Timestamp,
    /// When Weft wrote it down; later than `at` for what was read from a history.
    pub written_at: Timestamp,
    /// The pipeline.
    pub pipeline: PipelineName,
    /// The environment, where it is about one.
    pub environment: Option<EnvironmentName>,
    /// The release, where it is about one.
    pub release: Option<ChartVersion>,
    /// The colour that the release showed, where that was seen.
    pub colour: Option<Colour>,
    /// Who did it: a login, or a controller's name.
    pub who: Option<String>,
    /// Where Weft knows it from: `github`, `flux uat`, `weft`.
    pub source: String,
    /// It in a sentence.
    pub sentence: String,
    /// What.
    #[serde(flatten)]
    pub event: Event,
    /// What makes it the same entry as one read again: entries with equal keys are written once.
    pub key: String,
}
