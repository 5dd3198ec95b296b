//! The faults that a presenter or a test can order. A fault is ordered until it has struck, or is cancelled.

use std::collections::BTreeSet;
use std::sync::Arc;

use parking_lot::Mutex;

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// The next Helm upgrade in one environment fails and is rolled back.
    HelmUpgradeFails,
    /// The next `repository_dispatch` is never sent.
    DispatchLost,
    /// The forge answers every API request with 502 until cancelled.
    ForgeDown,
    /// The Kubernetes API of one environment answers nobody until cancelled.
    ClusterUnavailable,
    /// The live app of one environment accepts connections and never answers until cancelled.
    AppHangs,
}

impl Fault {
    /// Every fault, in the order in which they are shown.
    pub const ALL: [Self; 5] = [
        Self::HelmUpgradeFails,
        Self::DispatchLost,
        Self::ForgeDown,
        Self::ClusterUnavailable,
        Self::AppHangs,
    ];

    /// The name of the fault in URLs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::HelmUpgradeFails => "helm-upgrade-fails",
            Self::DispatchLost => "dispatch-lost",
            Self::ForgeDown => "forge-down",
            Self::ClusterUnavailable => "cluster-unavailable",
            Self::AppHangs => "app-hangs",
        }
    }

    fn named(name: &str) -> Result<Self, FaultError> {
        let fault = Self::ALL.into_iter().find(|fault| fault.as_str() == name);
        fault.ok_or_else(|| FaultError::Unknown(name.to_owned()))
    }

    /// Whether the fault strikes one environment, which must then be named.
    pub fn needs_environment(self) -> bool {
        !matches!(self, Self::DispatchLost | Self::ForgeDown)
    }
}

/// Why a fault could not be ordered or cancelled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FaultError {
    #[error("there is no fault named {0}")]
    Unknown(String),
    #[error("the fault {0} needs an environment")]
    NeedsEnvironment(&'static str),
}

/// A fault that is ordered.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OrderedFault {
    pub fault: Fault,
    /// The environment, for the faults that strike one.
    pub environment: Option<String>,
}

/// The ordered faults. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    ordered: Arc<Mutex<BTreeSet<OrderedFault>>>,
}

impl Faults {
    /// Orders a fault by name; ordering it twice is ordering it once. Fails when no fault has that name,
    /// or it needs an environment and none is given.
    pub fn order(&self, name: &str, environment: Option<&str>) -> Result<(), FaultError> {
        let fault = Fault::named(name)?;
        let environment = environment.filter(|_| fault.needs_environment());
        if fault.needs_environment() && environment.is_none() {
            return Err(FaultError::NeedsEnvironment(fault.as_str()));
        }
        self.ordered.lock().insert(ordered(fault, environment));
        Ok(())
    }

    /// Cancels a fault; without an environment, everywhere. Fails when no fault has that name.
    pub fn cancel(&self, name: &str, environment: Option<&str>) -> Result<(), FaultError> {
        let fault = Fault::named(name)?;
        self.ordered.lock().retain(|ordered| {
            ordered.fault != fault
                || environment.is_some_and(|wanted| ordered.environment.as_deref() != Some(wanted))
        });
        Ok(())
    }

    /// Every fault that is ordered.
    pub fn list(&self) -> Vec<OrderedFault> {
        self.ordered.lock().iter().cloned().collect()
    }

    /// Whether a fault is ordered, in `environment` for those that strike one; consumes nothing.
    pub fn is_ordered(&self, fault: Fault, environment: Option<&str>) -> bool {
        self.ordered.lock().contains(&ordered(fault, environment))
    }

    /// Consumes the order for a fault that strikes once: true once.
    #[must_use]
    pub fn take(&self, fault: Fault, environment: Option<&str>) -> bool {
        self.ordered.lock().remove(&ordered(fault, environment))
    }
}

fn ordered(fault: Fault, environment: Option<&str>) -> OrderedFault {
    OrderedFault {
        fault,
        environment: environment.map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_upgrade_is_consumed_once_and_only_where_it_was_ordered() {
        let faults = Faults::default();
        faults.order("helm-upgrade-fails", Some("uat")).unwrap();
        for (environment, fails) in [("stg", false), ("uat", true), ("uat", false)] {
            let taken = faults.take(Fault::HelmUpgradeFails, Some(environment));
            assert_eq!(taken, fails, "{environment}");
        }
    }

    #[test]
    fn a_fault_that_strikes_an_environment_must_name_it() {
        let faults = Faults::default();
        let nowhere = faults.order("helm-upgrade-fails", None);
        let error = FaultError::NeedsEnvironment("helm-upgrade-fails");
        assert_eq!(nowhere, Err(error));
        let unknown = FaultError::Unknown("earthquake".to_owned());
        assert_eq!(faults.order("earthquake", None), Err(unknown));
    }

    #[test]
    fn a_cancelled_fault_does_not_strike() {
        let faults = Faults::default();
        faults.order("dispatch-lost", None).unwrap();
        assert_eq!(faults.list().len(), 1);
        faults.cancel("dispatch-lost", None).unwrap();
        assert!(!faults.take(Fault::DispatchLost, None));
    }
}
