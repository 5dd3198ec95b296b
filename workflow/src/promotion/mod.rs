//! Carrying a release into the next environment: whether an event asks for it, what the pull request
//! says, and how it is opened, brought up to date, or left alone.

mod carry;
mod event;
mod text;

use model::{ChartVersion, EnvironmentName};

pub use carry::{Carried, carry};
pub use event::{Decision, decide, read_event};
pub use text::{body, title};

/// What is to be carried where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// The environment that has it.
    pub from: EnvironmentName,
    /// The environment that would get it.
    pub to: EnvironmentName,
    /// The chart's exact version.
    pub version: ChartVersion,
    /// What proves it in `from`, in the words of whoever says so.
    pub evidence: Option<String>,
    /// Whether a person asked for exactly this, so that it is opened again where somebody had closed it.
    pub insists: bool,
}
