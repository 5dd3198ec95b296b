//! The steps of the promotion workflow: `release`, `promote` and `verify`. The command line, the
//! repository's workflows, the release page and the lab's jobs all share this implementation.
//!
//! Everything here is a function of file texts. Callers read and write the files, through
//! [`forge::Forge`] where the repository is on GitHub.

mod declaration;
pub mod forge;
pub mod promotion;
mod promotion_order;
pub mod release;
mod release_files;
pub mod verify;
pub mod yaml;

pub use declaration::{desired_in, release_in, version_in_title};
pub use promotion_order::{PROMOTION_FILE, PromotionOrder};
pub use release_files::{
    CHART, MAIN_GO, ReleaseFiles, VALUES, VERSION_GO, colour_of, is_range, pin_of, pin_path,
    set_colour, set_pin,
};

/// Why a release or a promotion is invalid: one sentence that names the file and the remedy. Nothing was
/// changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidRelease(pub String);

impl InvalidRelease {
    pub(crate) fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }
}
