//! What `release`, `promote` and `verify` do to the promotion repository. One implementation: the
//! command line, the repository's workflows, the release page and the lab's jobs all use it.
//!
//! Everything here is a function of file texts; whoever calls it reads and writes them, through
//! [`host::Host`] where that is GitHub.

mod facts;
pub mod host;
mod lane;
pub mod promotion;
pub mod release;
pub mod verify;
pub mod yaml;

pub use facts::{
    CHART, Facts, MAIN_GO, VALUES, VERSION_GO, is_range, pin_of, pin_path, set_colour, set_pin,
};
pub use lane::{LANE, Lane};

/// Why something was refused: one sentence that names the file and says what to do. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refused(pub String);

impl Refused {
    pub(crate) fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }
}
