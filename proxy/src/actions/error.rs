//! Why an action was not done, in words for the person who ordered it.

use model::api::PromotionCard;

use crate::github;
use crate::journal::JournalError;

/// Why an action was not done, or not wholly.
#[derive(Debug, thiserror::Error)]
pub enum ActionError {
    /// No pipeline promotes by such a pull request.
    #[error("{0}")]
    NoPromotion(String),
    /// The order lacks something.
    #[error("{0}")]
    Incomplete(String),
    /// The intent was not made by this Weft, for this person and this pull request.
    #[error("the intent is not one that Weft gave you for this pull request")]
    ForgedIntent,
    /// What the person saw is not what is there now.
    #[error("{why}")]
    Changed {
        /// A stable name: `intent_expired`, `intent_used`, `head_moved`, `base_changed`,
        /// `diff_changed`, `not_open`.
        code: &'static str,
        /// What changed, and what was not done because of it.
        why: String,
        /// What is there now.
        card: Box<PromotionCard>,
    },
    /// A release cannot be planned so.
    #[error("{0}")]
    Refused(String),
    /// Values of a release are not as they must be.
    #[error("{why}")]
    Wrong {
        /// What is wrong with the first of them.
        why: String,
        /// All that are wrong: `colour`, `version`, `chart_version`.
        fields: Vec<&'static str>,
    },
    /// What was planned is not what can be done now.
    #[error("{why}")]
    OutOfDate {
        /// A stable name: `base_moved`, `exists`, `not_opened`.
        code: &'static str,
        /// Why, and what was done.
        why: String,
    },
    /// A cluster did not do it.
    #[error("{0}")]
    Cluster(String),
    /// The person may not.
    #[error("{why}")]
    NotPermitted {
        /// A stable name: `own_pull_request`, `no_write_access`.
        code: &'static str,
        /// Why.
        why: String,
    },
    /// The rules are not met now, whoever asks.
    #[error("{why}")]
    RulesUnmet {
        /// What is missing, and what was done all the same.
        why: String,
        /// What is there now.
        card: Box<PromotionCard>,
    },
    /// GitHub did not do it.
    #[error(transparent)]
    GitHub(#[from] github::Error),
    /// The journal did not take it; nothing is done that is not written down.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// An outcome cannot be written down or read back.
    #[error("an outcome cannot be written as JSON: {0}")]
    Outcome(#[from] serde_json::Error),
}
