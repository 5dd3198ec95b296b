//! The faults that a presenter can order, and the one that happens at once.

use super::state::FaultState;
use super::steps::GATED;
use super::{Scenario, ScenarioError};
use crate::faults::{Fault, FaultError};
use crate::jobs::{ENVIRONMENTS, promotion_branch};
use crate::world::{PullState, PullSummary};

/// The fault that happens at once: a commit is pushed onto an open promotion.
const HEAD_MOVES: &str = "head-moves";

impl Scenario {
    /// Orders a fault; `head-moves` happens at once and is not ordered. Fails as [`crate::faults::Faults::order`] does,
    /// or when there is nothing to strike.
    pub async fn order_fault(
        &self,
        id: &str,
        environment: Option<&str>,
    ) -> Result<(), ScenarioError> {
        if id == HEAD_MOVES {
            let environment = environment.ok_or(FaultError::NeedsEnvironment(HEAD_MOVES))?;
            let forge = self.lab.forge();
            if forge.open_promotion(environment).await?.is_none() {
                let sentence = format!("no promotion into {environment} is open");
                return Err(ScenarioError::NotNow(sentence));
            }
            forge.move_head(environment, "ana").await?;
            return Ok(());
        }
        self.lab.faults().order(id, environment)?;
        self.lab.apply_faults();
        Ok(())
    }

    /// Cancels a fault; without an environment, everywhere.
    pub fn cancel_fault(&self, id: &str, environment: Option<&str>) -> Result<(), ScenarioError> {
        if id != HEAD_MOVES {
            self.lab.faults().cancel(id, environment)?;
            self.lab.apply_faults();
        }
        Ok(())
    }

    pub(super) fn faults(&self, pulls: &[PullSummary]) -> Vec<FaultState> {
        let ordered = self.lab.faults().list();
        let faults = Fault::ALL.map(|fault| {
            let (title, explains) = described(fault);
            let environments = match fault {
                Fault::HelmUpgradeFails => ENVIRONMENTS[1..].to_vec(),
                _ if fault.needs_environment() => ENVIRONMENTS.to_vec(),
                _ => Vec::new(),
            };
            let ordered = ordered.iter().filter(|ordered| ordered.fault == fault);
            FaultState {
                id: fault.as_str(),
                title,
                explains,
                environments,
                ordered: ordered.clone().next().is_some(),
                ordered_in: ordered.filter_map(|it| it.environment.clone()).collect(),
                at_once: false,
            }
        });
        let is_open = |environment: &&str| {
            let branch = promotion_branch(environment);
            let mut open = pulls.iter().filter(|pull| pull.state == PullState::Open);
            open.any(|pull| pull.head_ref == branch)
        };
        let moves = FaultState {
            id: HEAD_MOVES,
            title: "The promotion moves now",
            explains: "Someone pushes onto the open promotion while an approver reads it; the tap must be refused.",
            environments: GATED.into_iter().filter(is_open).collect(),
            ordered: false,
            ordered_in: Vec::new(),
            at_once: true,
        };
        let mut faults = faults.to_vec();
        faults.insert(2, moves);
        faults
    }
}

fn described(fault: Fault) -> (&'static str, &'static str) {
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
        Fault::ClusterUnavailable => (
            "A cluster goes dark",
            "Until it is taken back, its Kubernetes API answers nobody; the application goes on.",
        ),
        Fault::AppHangs => (
            "An application hangs",
            "Until it is taken back, it accepts connections and never answers.",
        ),
    }
}
