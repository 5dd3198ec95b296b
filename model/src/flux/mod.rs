//! What Flux's objects say, read from their JSON as Flux 2.9 really writes it.
//!
//! A reading is a fold: each update is read together with the reading before it, because Flux's
//! heartbeats overwrite the outcome that still holds. The recorded run in `testdata` is the oracle.

mod chart;
mod deployment;
mod event;
mod helm;
mod kind;
mod source;
mod supply;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Timestamp;
use crate::pipeline::ObjectName;

pub use chart::HelmChartReading;
pub use deployment::DeploymentReading;
pub use event::{FluxEvent, Stage};
pub(crate) use helm::is_helms;
pub use helm::{HelmReleaseReading, Snapshot};
pub use kind::Kind;
pub use source::{GitRepositoryReading, KustomizationReading};
pub use supply::{SourceKind, SourceReading};

/// How the last finished attempt ended, or that one is under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// What the object asks for was done.
    Succeeded,
    /// It was tried and failed; Flux's own reason and message.
    Failed {
        /// Flux's reason, such as `UpgradeFailed`.
        reason: String,
        /// Flux's message, whole.
        message: String,
    },
    /// Flux is at it, or has not begun.
    Progressing {
        /// What it is doing, in Flux's words.
        message: String,
    },
}

/// One condition of a Flux object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    /// `Ready`, `Reconciling`, `Stalled` …
    pub kind: String,
    /// `True`, `False` or `Unknown`.
    pub status: String,
    /// Flux's reason.
    pub reason: String,
    /// Flux's message.
    pub message: String,
    /// The generation it speaks of.
    pub observed_generation: Option<i64>,
    /// Since when it has had this status.
    pub since: Option<Timestamp>,
}

impl Condition {
    /// As `kubectl` users would write it: `Ready=True (UpgradeSucceeded)`.
    #[must_use]
    pub fn short(&self) -> String {
        format!("{}={} ({})", self.kind, self.status, self.reason)
    }

    pub(crate) fn is(&self, status: &str) -> bool {
        self.status == status
    }

    fn at(&self, generation: i64) -> bool {
        self.observed_generation
            .is_none_or(|observed| observed == generation)
    }
}

/// The parts of an object that all readings need.
struct Object<'a> {
    value: &'a Value,
    generation: i64,
}

impl<'a> Object<'a> {
    fn new(value: &'a Value) -> Self {
        Self {
            value,
            generation: value
                .pointer("/metadata/generation")
                .and_then(Value::as_i64)
                .unwrap_or(0),
        }
    }

    fn text(&self, pointer: &str) -> Option<&'a str> {
        self.value.pointer(pointer).and_then(Value::as_str)
    }

    fn time(&self, pointer: &str) -> Option<Timestamp> {
        Timestamp::parse(self.text(pointer)?).ok()
    }

    fn integer(&self, pointer: &str) -> Option<i64> {
        self.value.pointer(pointer).and_then(Value::as_i64)
    }

    fn flag(&self, pointer: &str) -> bool {
        self.value
            .pointer(pointer)
            .and_then(Value::as_bool)
            .unwrap_or(false)
    }

    /// A reference to another object, in the same namespace unless it names one.
    fn reference(&self, pointer: &str) -> Option<ObjectName> {
        let namespace = self
            .text(&format!("{pointer}/namespace"))
            .or_else(|| self.text("/metadata/namespace"));
        Some(ObjectName {
            namespace: namespace.unwrap_or_default().to_owned(),
            name: self.text(&format!("{pointer}/name"))?.to_owned(),
        })
    }

    /// Stalled, where it says so of the present generation: Flux will not try again by itself.
    fn stalled(&self) -> Option<Condition> {
        self.condition("Stalled")
            .filter(|stalled| stalled.is("True") && stalled.at(self.generation))
    }

    /// When a condition of a Deployment was last written with this reason (`lastUpdateTime`).
    fn updated(&self, kind: &str, reason: &str) -> Option<Timestamp> {
        let conditions = self.value.pointer("/status/conditions")?.as_array()?;
        let says = |one: &&Value| one["type"] == kind && one["reason"] == reason;
        Timestamp::parse(conditions.iter().find(says)?["lastUpdateTime"].as_str()?).ok()
    }

    fn condition(&self, kind: &str) -> Option<Condition> {
        let conditions = self.value.pointer("/status/conditions")?.as_array()?;
        let found = conditions
            .iter()
            .find(|one| one.get("type").and_then(Value::as_str) == Some(kind))?;
        let text = |name: &str| {
            found
                .get(name)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        Some(Condition {
            kind: kind.to_owned(),
            status: text("status"),
            reason: text("reason"),
            message: text("message"),
            observed_generation: found.get("observedGeneration").and_then(Value::as_i64),
            since: found
                .get("lastTransitionTime")
                .and_then(Value::as_str)
                .and_then(|at| Timestamp::parse(at).ok()),
        })
    }
}

/// Reasons of Ready=False that say that Flux waits or was interrupted, and not that it failed.
const STEPS: [&str; 3] = [
    "DependencyNotReady",
    "HealthCheckCanceled",
    // What a HelmChart says until its source has been fetched for the first time; if that fails, the
    // source itself says so.
    "NoSourceArtifact",
];

/// How the last finished attempt of an object ended, by its Ready and Stalled conditions.
fn settled(object: &Object, ready: Option<&Condition>, before: Option<&Outcome>) -> Outcome {
    let progressing = |message: &str| Outcome::Progressing {
        message: message.to_owned(),
    };
    let failed = |condition: &Condition| Outcome::Failed {
        reason: condition.reason.clone(),
        message: condition.message.clone(),
    };
    let stalled = object.stalled();
    match (ready, stalled) {
        (Some(ready), _) if ready.is("False") && ready.at(object.generation) => {
            if STEPS.contains(&ready.reason.as_str()) {
                progressing(&ready.message)
            } else {
                failed(ready)
            }
        }
        (_, Some(stalled)) => failed(&stalled),
        (None, None) => progressing("Flux has not looked at it yet"),
        (Some(ready), None) if !ready.at(object.generation) => {
            progressing("Flux has not looked at the new spec yet")
        }
        (Some(ready), None) if ready.is("True") => Outcome::Succeeded,
        // A retry says Unknown for a moment; the failure holds until it ends.
        (Some(ready), None) => match before {
            Some(failed @ Outcome::Failed { .. }) => failed.clone(),
            _ => progressing(&ready.message),
        },
    }
}

/// The namespace and name of an object, where its JSON has both.
#[must_use]
pub fn name_of(object: &Value) -> Option<ObjectName> {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
    Some(ObjectName {
        namespace: text("/metadata/namespace").unwrap_or_default().to_owned(),
        name: text("/metadata/name")?.to_owned(),
    })
}

/// The resourceVersion of an object as a number; zero where the server's is none.
#[must_use]
pub fn sequence_of(object: &Value) -> u64 {
    object
        .pointer("/metadata/resourceVersion")
        .and_then(Value::as_str)
        .and_then(|version| version.parse().ok())
        .unwrap_or(0)
}

/// A message of Flux as the end of a sentence, cut to at most `limit` characters.
#[must_use]
pub fn say(message: &str, limit: usize) -> String {
    let mut short = cut(message, limit);
    if !short.ends_with(['…', '.', '!', '?']) {
        short.push('.');
    }
    short
}

/// Cuts a message of Flux to one line of at most `limit` characters.
#[must_use]
pub fn cut(message: &str, limit: usize) -> String {
    let line = message.lines().next().unwrap_or_default().trim();
    if line.chars().count() <= limit {
        return line.to_owned();
    }
    let mut short: String = line.chars().take(limit.saturating_sub(1)).collect();
    if let Some(space) = short.rfind(' ') {
        short.truncate(space);
    }
    short.push('…');
    short
}
