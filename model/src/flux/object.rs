//! The parts that all objects have in common: metadata, conditions, and the outcome that they add up to.

use serde_json::Value;

use crate::Timestamp;
use crate::pipeline::ObjectName;

/// The outcome of the last finished attempt, or that one is under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Succeeded,
    Failed {
        /// Flux's reason, such as `UpgradeFailed`.
        reason: String,
        /// Flux's message, unabridged.
        message: String,
    },
    /// Flux is at work, or has not begun.
    Progressing {
        message: String,
    },
}

impl Outcome {
    pub(super) fn progressing(message: impl Into<String>) -> Self {
        Self::Progressing {
            message: message.into(),
        }
    }

    /// What a condition says of a failure.
    pub(super) fn failed(condition: &Condition) -> Self {
        Self::Failed {
            reason: condition.reason.clone(),
            message: condition.message.clone(),
        }
    }
}

/// One condition of a Flux object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// `Ready`, `Reconciling`, `Stalled` …
    pub kind: String,
    /// `True`, `False` or `Unknown`.
    pub status: String,
    pub reason: String,
    pub message: String,
    /// The generation that the condition is about.
    pub observed_generation: Option<i64>,
    /// The last transition of the status.
    pub since: Option<Timestamp>,
}

impl Condition {
    /// Formats the condition as `Ready=True (UpgradeSucceeded)`.
    #[must_use]
    pub fn short(&self) -> String {
        format!("{}={} ({})", self.kind, self.status, self.reason)
    }

    pub(crate) fn is(&self, status: &str) -> bool {
        self.status == status
    }

    /// Whether the condition is about a generation.
    pub(super) fn at(&self, generation: i64) -> bool {
        self.observed_generation
            .is_none_or(|observed| observed == generation)
    }
}

/// The JSON of an object.
pub(super) struct Object<'a> {
    pub(super) value: &'a Value,
    pub(super) generation: i64,
}

impl<'a> Object<'a> {
    pub(super) fn new(value: &'a Value) -> Self {
        Self {
            value,
            generation: value
                .pointer("/metadata/generation")
                .and_then(Value::as_i64)
                .unwrap_or(0),
        }
    }

    pub(super) fn text(&self, pointer: &str) -> Option<&'a str> {
        self.value.pointer(pointer).and_then(Value::as_str)
    }

    pub(super) fn time(&self, pointer: &str) -> Option<Timestamp> {
        Timestamp::parse(self.text(pointer)?).ok()
    }

    pub(super) fn integer(&self, pointer: &str) -> Option<i64> {
        self.value.pointer(pointer).and_then(Value::as_i64)
    }

    pub(super) fn flag(&self, pointer: &str) -> bool {
        self.value
            .pointer(pointer)
            .and_then(Value::as_bool)
            .unwrap_or(false)
    }

    /// Reads a reference to another object, in the same namespace unless it names one.
    pub(super) fn reference(&self, pointer: &str) -> Option<ObjectName> {
        let namespace = self
            .text(&format!("{pointer}/namespace"))
            .or_else(|| self.text("/metadata/namespace"));
        let name = self.text(&format!("{pointer}/name"))?;
        Some(ObjectName::new(namespace.unwrap_or_default(), name))
    }

    pub(super) fn is_true(&self, kind: &str) -> bool {
        self.condition(kind).is_some_and(|found| found.is("True"))
    }

    /// Returns the condition `Stalled` of the current generation: Flux does not retry by itself.
    pub(super) fn stalled(&self) -> Option<Condition> {
        self.condition("Stalled")
            .filter(|stalled| stalled.is("True") && stalled.at(self.generation))
    }

    /// Returns when a condition of a Deployment was last written with a reason (`lastUpdateTime`).
    pub(super) fn updated(&self, kind: &str, reason: &str) -> Option<Timestamp> {
        let conditions = self.value.pointer("/status/conditions")?.as_array()?;
        let says = |one: &&Value| one["type"] == kind && one["reason"] == reason;
        Timestamp::parse(conditions.iter().find(says)?["lastUpdateTime"].as_str()?).ok()
    }

    pub(super) fn condition(&self, kind: &str) -> Option<Condition> {
        let conditions = self.value.pointer("/status/conditions")?.as_array()?;
        let found = conditions.iter().find(|one| one["type"] == kind)?;
        let text = |name: &str| found[name].as_str().unwrap_or_default().to_owned();
        Some(Condition {
            kind: kind.to_owned(),
            status: text("status"),
            reason: text("reason"),
            message: text("message"),
            observed_generation: found["observedGeneration"].as_i64(),
            since: Timestamp::parse(&text("lastTransitionTime")).ok(),
        })
    }
}

/// Reasons of `Ready=False` that mean that Flux waits or was interrupted, not that it failed.
const STEPS: [&str; 3] = [
    "DependencyNotReady",
    "HealthCheckCanceled",
    // The reason of a HelmChart until its source has been fetched for the first time; a failed fetch
    // is reported by the source itself.
    "NoSourceArtifact",
];

pub(super) const NOT_LOOKED_AT: &str = "Flux has not looked at it yet";
pub(super) const NEW_SPEC_NOT_LOOKED_AT: &str = "Flux has not looked at the new spec yet";

/// Reads the outcome of the last finished attempt from the conditions `Ready` and `Stalled`.
pub(super) fn settled(
    object: &Object,
    ready: Option<&Condition>,
    before: Option<&Outcome>,
) -> Outcome {
    match (ready, object.stalled()) {
        (Some(ready), _) if ready.is("False") && ready.at(object.generation) => {
            if STEPS.contains(&ready.reason.as_str()) {
                Outcome::progressing(&ready.message)
            } else {
                Outcome::failed(ready)
            }
        }
        (_, Some(stalled)) => Outcome::failed(&stalled),
        (None, None) => Outcome::progressing(NOT_LOOKED_AT),
        (Some(ready), None) if !ready.at(object.generation) => {
            Outcome::progressing(NEW_SPEC_NOT_LOOKED_AT)
        }
        (Some(ready), None) if ready.is("True") => Outcome::Succeeded,
        // A retry sets Unknown for a moment; the failure holds until the retry ends.
        (Some(ready), None) => match before {
            Some(failed @ Outcome::Failed { .. }) => failed.clone(),
            _ => Outcome::progressing(&ready.message),
        },
    }
}

/// Returns the namespace and name of an object; `None` without a name.
#[must_use]
pub fn name_of(object: &Value) -> Option<ObjectName> {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
    let namespace = text("/metadata/namespace").unwrap_or_default();
    Some(ObjectName::new(namespace, text("/metadata/name")?))
}

/// Returns the resourceVersion of an object as a number; 0 where it is no number.
#[must_use]
pub fn sequence_of(object: &Value) -> u64 {
    object
        .pointer("/metadata/resourceVersion")
        .and_then(Value::as_str)
        .and_then(|version| version.parse().ok())
        .unwrap_or(0)
}
