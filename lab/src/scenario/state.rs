//! How the scenario stands, as JSON says it.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::faults::Fault;

/// The fault that happens at once: a commit is pushed onto an open promotion.
pub(super) const HEAD_MOVES: &str = "head-moves";

/// Everything that a presenter sees.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScenarioState {
    /// The steps, in their order.
    pub steps: Vec<StepState>,
    /// The faults that can be ordered.
    pub faults: Vec<FaultState>,
    /// Whom one can sign in as.
    pub accounts: Vec<AccountState>,
    /// Lab time.
    pub clock: ClockState,
}

/// One step of the demo.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepState {
    /// Its name in URLs.
    pub id: String,
    /// Its number, from 1.
    pub number: u8,
    /// What it is.
    pub title: String,
    /// What to point at while it runs.
    pub watch_for: String,
    /// What its button says.
    pub button: String,
    /// For a step that is taken in Weft: where, relative to its base path.
    pub href: Option<String>,
    /// How it stands.
    pub state: StepStatus,
    /// What it waits for, what it has come to, or what went wrong.
    pub note: Option<String>,
}

/// How a step stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StepStatus {
    /// It can be taken.
    Ready,
    /// It was taken, and what follows from it is under way.
    Running,
    /// It has come to its end.
    Done,
    /// Its turn has not come, or something went wrong on the way.
    Blocked,
}

/// One fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultState {
    /// Its name in URLs.
    pub id: String,
    /// What it is.
    pub title: String,
    /// What it shows.
    pub explains: String,
    /// Where it can be ordered; empty for a fault that strikes no one environment.
    pub environments: Vec<String>,
    /// Whether it stands ordered anywhere.
    pub ordered: bool,
    /// Where it stands ordered, of the faults that strike one environment.
    pub ordered_in: Vec<String>,
    /// Whether it happens when it is ordered, and is over then.
    pub at_once: bool,
}

/// One account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountState {
    /// The name to sign in with.
    pub login: String,
    /// The name as written.
    pub name: String,
    /// What the account does in the demo.
    pub role: String,
}

/// Lab time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockState {
    /// Now, in the lab.
    #[serde(with = "time::serde::rfc3339")]
    pub now: OffsetDateTime,
    /// How far it is ahead of real time.
    pub ahead_seconds: u64,
}

/// What a fault is called and what it shows.
pub(super) fn described(fault: Fault) -> (&'static str, &'static str) {
    match fault {
        Fault::HelmUpgradeFails => (
            "The next Helm upgrade fails",
            "The upgrade times out and is rolled back, under a green Kustomization and a green commit status.",
        ),
        Fault::DispatchLost => (
            "The next dispatch is lost",
            "Flux posts its dispatch once; when that is lost, the next promotion never comes.",
        ),
        Fault::ForgeDown => (
            "The forge answers 502",
            "Until it is taken back, facts from GitHub grow old and actions are refused.",
        ),
        Fault::ClusterDark => (
            "A cluster goes dark",
            "Until it is taken back, its Kubernetes API answers nobody; the application goes on.",
        ),
        Fault::AppHangs => (
            "An application hangs",
            "Until it is taken back, it accepts connections and never answers.",
        ),
    }
}
