//! Promoting a release into the next environment: the event that asks for it, the text of the pull
//! request, and how it is opened, brought up to date, or left alone.

mod event;
mod promote;
mod text;

use model::{ChartVersion, EnvironmentName};

pub use event::{Decision, read_event};
pub use promote::{PromotionOutcome, promote, promotion_order};
pub use text::{body, title};

/// A release to be promoted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PromotionRequest {
    /// The environment that runs the release.
    pub from: EnvironmentName,
    /// The environment that follows it.
    pub to: EnvironmentName,
    pub version: ChartVersion,
    /// What proves the version in `from`, as Flux or Weft words it.
    pub evidence: Option<String>,
    /// Whether a pull request that somebody closed is opened again: a person asked for exactly this.
    pub reopen_declined: bool,
}
