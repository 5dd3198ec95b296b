//! The demo as a presenter steers it: its numbered steps and the faults that can be ordered, each as
//! data that says how things stand, and as a deed. The deeds are those of people and bots; what
//! follows from them the lab does by itself.

mod http;
mod readings;
mod state;
mod steps;
pub mod timetable;

use std::sync::Arc;

use parking_lot::Mutex;

use crate::faults::FaultError;
use crate::github::ApiError;
use crate::world::BranchBuild;
use crate::world::Lab;

pub use self::http::routes;
pub use self::state::{AccountState, ClockState, FaultState, ScenarioState, StepState, StepStatus};

/// The demo's scenario over a running lab. Clones steer the same.
#[derive(Clone)]
pub struct Scenario {
    lab: Arc<Lab>,
    done: Arc<Mutex<Done>>,
}

/// What was done by the presenter's hand since the lab was started.
#[derive(Clone, Debug, Default)]
struct Done {
    branch_build: Option<BranchBuild>,
    release: Option<Release>,
}

/// The release that is being shown.
#[derive(Clone, Debug)]
struct Release {
    number: u64,
    chart_version: String,
}

/// Why a step or a fault is refused.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// There is no such step.
    #[error("there is no step named {0}")]
    NoSuchStep(String),
    /// The step's turn has not come, or it is not taken here.
    #[error("{0}")]
    NotNow(String),
    /// The fault cannot be ordered so.
    #[error(transparent)]
    Fault(#[from] FaultError),
    /// The forge does not do it.
    #[error(transparent)]
    Forge(#[from] ApiError),
}

impl Scenario {
    /// The scenario of a lab.
    #[must_use]
    pub fn new(lab: Arc<Lab>) -> Self {
        Self {
            lab,
            done: Arc::default(),
        }
    }

    /// The lab that it steers.
    #[must_use]
    pub fn lab(&self) -> &Arc<Lab> {
        &self.lab
    }

    /// Orders a fault; `head-moves` happens at once and is not ordered.
    ///
    /// # Errors
    /// When there is no such fault, it needs an environment, or nothing is there to strike.
    pub async fn order_fault(
        &self,
        id: &str,
        environment: Option<&str>,
    ) -> Result<(), ScenarioError> {
        if id == state::HEAD_MOVES {
            let environment = environment.ok_or(FaultError::NeedsEnvironment(state::HEAD_MOVES))?;
            if self
                .lab
                .forge()
                .open_promotion(environment)
                .await?
                .is_none()
            {
                let sentence = format!("no promotion into {environment} is open");
                return Err(ScenarioError::NotNow(sentence));
            }
            self.lab.forge().move_head(environment, "ana").await?;
            return Ok(());
        }
        self.lab.faults().order(id, environment)?;
        self.lab.apply_faults();
        Ok(())
    }

    /// Takes a fault back; without an environment, everywhere.
    ///
    /// # Errors
    /// When there is no such fault.
    pub fn cancel_fault(&self, id: &str, environment: Option<&str>) -> Result<(), ScenarioError> {
        if id != state::HEAD_MOVES {
            self.lab.faults().cancel(id, environment)?;
            self.lab.apply_faults();
        }
        Ok(())
    }
}
