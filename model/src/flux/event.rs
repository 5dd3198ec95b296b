//! What a notification of Flux says (`generic-hmac`), and which word of an object it replaces.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::helm::is_helms;
use crate::pipeline::ObjectName;
use crate::{AppVersion, Timestamp};

/// What a notification is about. Of each stage of an object the newest word counts; of two words of the
/// same second the later stage does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// On its way: a step that Flux has begun, or waits for.
    Progress,
    /// What keeps Helm from beginning, such as values that cannot be read. Flux repeats it while it lasts
    /// and says nothing when it has passed.
    Hindered,
    /// A source was fetched, a Kustomization applied, or a release installed or upgraded.
    Done,
    /// The chart's tests.
    Tested,
    /// What failed was rolled back or removed.
    Remediated,
    /// What runs is no longer what was deployed, or is again.
    Drift,
}

impl Stage {
    /// All of them, the later ones behind.
    pub const ALL: [Self; 6] = [
        Self::Progress,
        Self::Hindered,
        Self::Done,
        Self::Tested,
        Self::Remediated,
        Self::Drift,
    ];

    /// The stable word, as in the JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Progress => "progress",
            Self::Hindered => "hindered",
            Self::Done => "done",
            Self::Tested => "tested",
            Self::Remediated => "remediated",
            Self::Drift => "drift",
        }
    }

    /// The reason alone tells: the words of a rollback read like a success.
    fn of(kind: &str, reason: &str, error: bool) -> Self {
        match reason {
            "TestSucceeded" | "TestFailed" => Self::Tested,
            "RollbackSucceeded" | "RollbackFailed" | "UninstallSucceeded" | "UninstallFailed" => {
                Self::Remediated
            }
            "DriftDetected" | "DriftCorrected" | "DriftCorrectionFailed" => Self::Drift,
            "ReconciliationSucceeded" | "NewArtifact" | "ChartPullSucceeded" | "Succeeded" => {
                Self::Done
            }
            helms if is_helms(helms) => Self::Done,
            _ if error && kind == "HelmRelease" => Self::Hindered,
            _ if error => Self::Done,
            _ => Self::Progress,
        }
    }
}

/// One notification, as far as it is a fact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FluxEvent {
    /// The object's kind, as Kubernetes spells it.
    pub kind: String,
    /// The object.
    pub object: ObjectName,
    /// What it is about.
    pub stage: Stage,
    /// When it happened, by the controller's clock.
    pub at: Timestamp,
    /// Whether its severity is `error`.
    pub error: bool,
    /// Flux's reason, such as `UpgradeSucceeded`.
    pub reason: String,
    /// Flux's message, whole.
    pub message: String,
    /// The commit or the chart version that it speaks of, as Flux writes it.
    pub revision: Option<String>,
    /// The app version that the chart names.
    pub app: Option<AppVersion>,
}

impl FluxEvent {
    /// Reads the body of a notification; `None` where it is none.
    #[must_use]
    pub fn read(body: &Value) -> Option<Self> {
        let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str);
        let error = match text("/severity")? {
            "error" => true,
            "info" => false,
            _ => return None,
        };
        let reason = text("/reason")?.to_owned();
        let kind = text("/involvedObject/kind")?.to_owned();
        Some(Self {
            stage: Stage::of(&kind, &reason, error),
            kind,
            object: ObjectName {
                namespace: text("/involvedObject/namespace")?.to_owned(),
                name: text("/involvedObject/name")?.to_owned(),
            },
            at: Timestamp::parse(text("/timestamp")?).ok()?,
            error,
            message: text("/message").unwrap_or_default().to_owned(),
            revision: text("/metadata/revision").map(ToOwned::to_owned),
            app: text("/metadata/app-version").map(|app| AppVersion(app.to_owned())),
            reason,
        })
    }

    /// Whether it says that something failed. A rollback is never good news, whatever it calls itself; drift
    /// is bad news, but nothing that was tried.
    #[must_use]
    pub fn is_failure(&self) -> bool {
        match self.stage {
            Stage::Remediated => true,
            Stage::Drift => false,
            _ => self.error,
        }
    }

    /// Its place among the words of the same stage: by time. In the same second a failure counts more, and
    /// drift, which is corrected after it was found, less.
    #[must_use]
    pub fn order(&self) -> u64 {
        let second = u64::try_from(self.at.millis()).unwrap_or(0);
        let last = self.error != (self.stage == Stage::Drift);
        second.saturating_mul(2).saturating_add(u64::from(last))
    }
}
