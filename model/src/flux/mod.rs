//! What Flux's objects say, read from their JSON as Flux 2.9 really writes it.
//!
//! A reading is a fold: each update is read together with the reading before it, because Flux's
//! heartbeats overwrite the outcome that still holds. The recorded run in `testdata` is the oracle.

mod deployment;
mod helm;
mod source;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Timestamp;
use crate::pipeline::ObjectName;

pub use deployment::DeploymentReading;
pub use helm::{HelmChartReading, HelmReleaseReading, Snapshot};
pub use source::{GitRepositoryReading, KustomizationReading};

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
pub fn order_of(object: &Value) -> u64 {
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
