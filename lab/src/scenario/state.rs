//! The state of the scenario, as its HTTP interface gives it.

use serde::Serialize;
use time::OffsetDateTime;

/// Everything that a presenter sees.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ScenarioState {
    pub steps: Vec<StepState>,
    pub faults: Vec<FaultState>,
    /// The accounts that a presenter can sign in as.
    pub accounts: Vec<AccountState>,
    pub clock: ClockState,
}

/// One step of the demo.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct StepState {
    /// The name in URLs.
    pub id: String,
    /// The place of the step in the walk, from 1.
    pub number: u8,
    pub title: String,
    /// What to point at while the step runs.
    pub watch_for: String,
    pub button: String,
    /// For a step that is taken in Weft: its address, relative to the base path.
    pub href: Option<String>,
    pub state: StepStatus,
    /// What the step waits for, what has come of it, or what went wrong.
    pub note: Option<String>,
}

/// Whether a step can be taken, and whether it has been.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum StepStatus {
    /// It can be taken.
    #[default]
    Ready,
    /// It was taken, and what follows from it is under way.
    Running,
    /// Everything that follows from it has happened.
    Done,
    /// Its turn has not come, or something went wrong on the way.
    Blocked,
}

/// A fault as the drawer shows it: whether it can be ordered, and whether it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FaultState {
    /// The name in URLs.
    pub id: &'static str,
    pub title: &'static str,
    pub explains: &'static str,
    /// The environments in which it can be ordered; empty for a fault that strikes none in particular.
    pub environments: Vec<&'static str>,
    /// Whether it is ordered anywhere.
    pub ordered: bool,
    pub ordered_in: Vec<String>,
    /// Whether it happens when it is ordered, and is over then.
    pub at_once: bool,
}

/// A demo account that one can sign in as.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AccountState {
    /// The name to sign in with.
    pub login: &'static str,
    pub name: &'static str,
    pub role: &'static str,
}

/// Lab time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClockState {
    #[serde(with = "time::serde::rfc3339")]
    pub now: OffsetDateTime,
    /// How far it is ahead of real time.
    pub ahead_seconds: u64,
}
