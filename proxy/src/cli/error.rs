//! What `weft` does to a promotion repository from a terminal and from its workflows: `release`,
//! `promote`, `verify`. The rules are in the crate `workflow`; here is what they read and write.

use workflow::Refused;
use workflow::host::Failed;

/// Why a command did not do what it should.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// It was refused; nothing was changed.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// GitHub did not do what it was asked.
    #[error("{0}")]
    GitHub(String),
    /// What was checked is wrong.
    #[error("{0}")]
    Wrong(String),
    /// This machine did not do what it should.
    #[error(transparent)]
    Machine(#[from] std::io::Error),
}

impl CommandError {
    pub(crate) fn refused(sentence: impl Into<String>) -> Self {
        Self::Refused(Refused(sentence.into()))
    }
}

impl<E: std::fmt::Display> From<Failed<E>> for CommandError {
    fn from(failed: Failed<E>) -> Self {
        match failed {
            Failed::Refused(refused) => Self::Refused(refused),
            failed @ Failed::Host { .. } => Self::GitHub(failed.to_string()),
        }
    }
}
