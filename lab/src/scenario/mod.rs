//! The demo as a presenter steers it: its numbered steps and the faults, each with its state and the
//! action behind its button. The actions are those of people and bots; what follows from them happens
//! in the lab by itself.

mod faults;
pub mod http;
mod readings;
mod state;
mod steps;

use std::sync::Arc;

use parking_lot::Mutex;

use crate::faults::FaultError;
use crate::github::ApiError;
use crate::world::BranchBuild;
use crate::world::Lab;

pub use self::state::{AccountState, ClockState, FaultState, ScenarioState, StepState, StepStatus};

/// The demo's scenario over a running lab. Clones share their state.
#[derive(Clone)]
pub struct Scenario {
    lab: Arc<Lab>,
    taken: Arc<Mutex<StepsTaken>>,
}

/// The steps that were taken since the lab was started.
#[derive(Clone, Debug, Default)]
struct StepsTaken {
    branch_build: Option<BranchBuild>,
    release: Option<DemoRelease>,
}

/// The pull request of the release that is being shown.
#[derive(Clone, Debug)]
struct DemoRelease {
    number: u64,
    chart_version: String,
}

/// Why a step or a fault is refused.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    #[error("there is no step named {0}")]
    NoSuchStep(String),
    /// The turn of the step has not come, or it is not taken here.
    #[error("{0}")]
    NotNow(String),
    #[error("the body cannot be read: {0}")]
    Body(#[from] serde_json::Error),
    #[error(transparent)]
    Fault(#[from] FaultError),
    #[error(transparent)]
    Forge(#[from] ApiError),
}

impl Scenario {
    /// The scenario of a lab.
    pub fn new(lab: Arc<Lab>) -> Self {
        Self {
            lab,
            taken: Arc::default(),
        }
    }

    /// The lab that the scenario plays on.
    pub fn lab(&self) -> &Arc<Lab> {
        &self.lab
    }
}
