//! The error of `release`, `promote` and `verify`.

use workflow::InvalidRelease;
use workflow::forge::PromotionError;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The request is invalid; nothing was changed.
    #[error(transparent)]
    Refused(#[from] InvalidRelease),
    /// GitHub, or a running Weft, did not do what it was asked.
    #[error("{0}")]
    GitHub(String),
    /// `verify` found errors.
    #[error("{0}")]
    Wrong(String),
    #[error(transparent)]
    Machine(#[from] std::io::Error),
}

impl CommandError {
    pub(crate) fn refused(sentence: impl Into<String>) -> Self {
        Self::Refused(InvalidRelease(sentence.into()))
    }
}

impl<E: std::fmt::Display> From<PromotionError<E>> for CommandError {
    fn from(error: PromotionError<E>) -> Self {
        match error {
            PromotionError::Invalid(invalid) => Self::Refused(invalid),
            error @ PromotionError::Forge { .. } => Self::GitHub(error.to_string()),
        }
    }
}
