//! The body of a notification of Flux (`generic-hmac`).

use serde_json::Value;

use super::helm::is_helms;
use super::kind::Kind;
use super::object_ref::ObjectRef;
use crate::pipeline::ObjectName;
use crate::{AppVersion, Timestamp};

/// The stage of an object that a notification is about. The newest notification of each stage counts; of two
/// in the same second, that of the later stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// A step has begun, or is waited for.
    Progress,
    /// Helm cannot begin, for example because values cannot be read. Flux repeats it while it lasts, and
    /// sends nothing when it has passed.
    Hindered,
    /// A source was fetched, a Kustomization applied, or a release installed or upgraded.
    Done,
    /// The tests of the chart ended.
    Tested,
    /// A failed release was rolled back or removed.
    Remediated,
    /// Drift was detected or corrected.
    Drift,
}

impl Stage {
    /// All stages in ascending order.
    pub const ALL: [Self; 6] = [
        Self::Progress,
        Self::Hindered,
        Self::Done,
        Self::Tested,
        Self::Remediated,
        Self::Drift,
    ];

    /// Classifies by the reason alone: the message of a rollback reads like a success.
    fn of(kind: Kind, reason: &str, error: bool) -> Self {
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
            _ if error && kind == Kind::HelmRelease => Self::Hindered,
            _ if error => Self::Done,
            _ => Self::Progress,
        }
    }
}

/// The event that a notification is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FluxEvent {
    /// The involved object.
    pub object: ObjectRef,
    pub stage: Stage,
    /// When it happened by the clock of the controller, in seconds.
    pub at: Timestamp,
    /// Whether the severity is `error`.
    pub error: bool,
    /// Such as `UpgradeSucceeded`.
    pub reason: String,
    pub message: String,
    /// The commit or the chart version, as Flux writes it.
    pub revision: Option<String>,
    /// The app version that the chart names.
    pub app: Option<AppVersion>,
}

impl FluxEvent {
    /// Reads the body of a notification; `None` where it is none, or about a kind that Weft does not read.
    #[must_use]
    pub fn read(body: &Value) -> Option<Self> {
        let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str);
        let error = match text("/severity")? {
            "error" => true,
            "info" => false,
            _ => return None,
        };
        let reason = text("/reason")?.to_owned();
        let kind = Kind::named(text("/involvedObject/kind")?)?;
        Some(Self {
            stage: Stage::of(kind, &reason, error),
            object: ObjectRef {
                kind,
                name: ObjectName::new(
                    text("/involvedObject/namespace")?,
                    text("/involvedObject/name")?,
                ),
            },
            at: Timestamp::parse(text("/timestamp")?).ok()?,
            error,
            message: text("/message").unwrap_or_default().to_owned(),
            revision: text("/metadata/revision").map(ToOwned::to_owned),
            app: text("/metadata/app-version").map(|app| AppVersion(app.to_owned())),
            reason,
        })
    }

    /// Whether an attempt failed. A rollback always follows a failure, whatever its severity; drift is no
    /// attempt.
    #[must_use]
    pub fn is_failure(&self) -> bool {
        match self.stage {
            Stage::Remediated => true,
            Stage::Drift => false,
            _ => self.error,
        }
    }

    /// Returns the position among the notifications of the same stage, by time. In the same second a failure
    /// comes last, but detected drift first, because its correction follows.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        let second = u64::try_from(self.at.millis()).unwrap_or(0);
        let last = self.error != (self.stage == Stage::Drift);
        second.saturating_mul(2).saturating_add(u64::from(last))
    }
}
