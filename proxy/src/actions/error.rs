//! The error of an action, in words for the person who ordered it.

use model::api::PromotionCard;

use crate::github;
use crate::journal::JournalError;

/// Why an action was not done, or only in part.
#[derive(Debug, thiserror::Error)]
pub enum ActionError {
    /// The pull request, or the gate, is no promotion of a pipeline.
    #[error("{0}")]
    NoPromotion(String),
    /// The request lacks something.
    #[error("{0}")]
    Incomplete(String),
    /// The intent was not signed by this Weft for this person and this pull request.
    #[error("the intent is not one that Weft gave you for this pull request")]
    ForgedIntent,
    /// GitHub shows something else than the person saw.
    #[error("{why}")]
    Changed {
        /// `intent_expired`, `intent_used`, `head_moved`, `base_changed`, `diff_changed` or `not_open`.
        code: &'static str,
        why: String,
        /// The card of the last reading.
        card: Box<PromotionCard>,
    },
    /// A release or a promotion is invalid.
    #[error("{0}")]
    Refused(String),
    /// Values of a release are invalid.
    #[error("{why}")]
    Wrong {
        /// The problem of the first of them.
        why: String,
        /// Of `colour`, `version` and `chart_version`.
        fields: Vec<&'static str>,
    },
    /// The request was based on an older state.
    #[error("{why}")]
    OutOfDate {
        /// Such as `base_moved`, `exists`, `not_opened` or `nothing_to_do`.
        code: &'static str,
        why: String,
    },
    /// A call to a cluster failed.
    #[error("{0}")]
    Cluster(String),
    /// The person lacks the permission.
    #[error("{why}")]
    NotPermitted {
        /// Such as `own_pull_request` or `no_write_access`.
        code: &'static str,
        why: String,
    },
    /// The rules of the branch are not met.
    #[error("{why}")]
    RulesUnmet {
        /// What is missing, and what was done nevertheless.
        why: String,
        /// The card of the last reading.
        card: Box<PromotionCard>,
    },
    /// A call to GitHub failed.
    #[error(transparent)]
    GitHub(#[from] github::Error),
    /// The journal failed; without it nothing is done.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// An outcome cannot be stored or read.
    #[error("an outcome cannot be written as JSON: {0}")]
    Outcome(#[from] serde_json::Error),
}
