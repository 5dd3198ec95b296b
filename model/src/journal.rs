//! The entries of the append-only journal: what changed, who did it, and which system says so.

use serde::{Deserialize, Serialize};

use crate::chain::{LinkName, VerdictState};
use crate::pipeline::PipelineName;
use crate::{ChartVersion, Colour, EnvironmentName, Timestamp};

/// What happened. The numbers are those of pull requests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Event {
    /// A release was merged into the followed branch.
    Released {
        number: u64,
    },
    PromotionOpened {
        number: u64,
    },
    PromotionApproved {
        number: u64,
    },
    PromotionRefused {
        number: u64,
    },
    PromotionMerged {
        number: u64,
    },
    /// Closed without a merge, for example because a newer promotion superseded it.
    PromotionClosed {
        number: u64,
    },
    /// Helm deployed the release, or the branch build was rolled out.
    Deployed,
    /// Helm failed; `rolled_back` when it restored the release before.
    DeployFailed {
        rolled_back: bool,
    },
    /// An environment's verdict changed.
    Verdict {
        from: Option<VerdictState>,
        to: VerdictState,
        breaks_at: Option<LinkName>,
    },
    /// A person ordered a release; written before the branch is pushed.
    ReleaseOrdered {
        branch: String,
    },
    /// The pull request of an ordered release was opened.
    ReleaseOpened {
        number: u64,
    },
    /// A person ordered a promotion whose dispatch was lost; written before anything is pushed.
    PromotionOrdered,
    /// A person ordered Flux to reconcile; written before any object is annotated.
    ReconcileOrdered,
    /// Flux took up a reconcile order, or did not.
    Reconciled {
        ok: bool,
    },
    /// A person ordered an action on a pull request; written before it is sent to GitHub.
    Intended {
        /// `approve`, `merge` or `refuse`.
        action: String,
        number: u64,
        /// The head commit that the person saw.
        head: String,
    },
    /// GitHub answered an intended action.
    Done {
        action: String,
        number: u64,
        ok: bool,
    },
}

impl Event {
    /// Returns the tag of the JSON.
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

/// One line of the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Entry {
    /// Assigned by the journal, ascending; 0 before it is written.
    pub id: u64,
    pub at: Timestamp,
    /// When Weft wrote it; later than `at` for what was read from a history.
    pub written_at: Timestamp,
    pub pipeline: PipelineName,
    pub environment: Option<EnvironmentName>,
    pub release: Option<ChartVersion>,
    /// The colour that the release showed, where that was observed.
    pub colour: Option<Colour>,
    /// A GitHub login or the name of a controller.
    pub who: Option<String>,
    /// The system that it was learnt from: `github`, `flux uat`, `weft`.
    pub source: String,
    pub sentence: String,
    #[serde(flatten)]
    pub event: Event,
    /// Identity within the pipeline: of entries with equal keys only the first is written.
    pub key: String,
}

/// An entry starts as Weft's own, about the pipeline as a whole; each method sets one more field.
impl Entry {
    /// Creates an entry that is written when it happens, keyed by its kind and time.
    #[must_use]
    pub fn new(pipeline: &PipelineName, event: Event, at: Timestamp) -> Self {
        Self {
            id: 0,
            at,
            written_at: at,
            pipeline: pipeline.clone(),
            environment: None,
            release: None,
            colour: None,
            who: None,
            source: "weft".into(),
            sentence: String::new(),
            key: format!("{} {}", event.kind(), at.millis()),
            event,
        }
    }

    #[must_use]
    pub fn sentence(mut self, sentence: impl Into<String>) -> Self {
        self.sentence = sentence.into();
        self
    }

    #[must_use]
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = key.into();
        self
    }

    #[must_use]
    pub fn environment(mut self, environment: impl Into<Option<EnvironmentName>>) -> Self {
        self.environment = environment.into();
        self
    }

    #[must_use]
    pub fn release(mut self, release: impl Into<Option<ChartVersion>>) -> Self {
        self.release = release.into();
        self
    }

    #[must_use]
    pub fn colour(mut self, colour: impl Into<Option<Colour>>) -> Self {
        self.colour = colour.into();
        self
    }

    /// Sets who did it: a GitHub login or the name of a controller.
    #[must_use]
    pub fn by(mut self, who: impl Into<Option<String>>) -> Self {
        self.who = who.into();
        self
    }

    /// Sets the system that it was learnt from.
    #[must_use]
    pub fn source(mut self, source: impl Into<String>) -> Self {
        self.source = source.into();
        self
    }

    /// Sets when Weft writes it, for what is read from a history.
    #[must_use]
    pub fn written_at(mut self, written_at: Timestamp) -> Self {
        self.written_at = written_at;
        self
    }
}
