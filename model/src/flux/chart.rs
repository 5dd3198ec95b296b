//! HelmChart: the version of a chart that was found.

use serde_json::Value;

use super::kind::Kind;
use super::object::{Condition, Object, Outcome, settled};
use super::object_ref::ObjectRef;
use crate::{ChartVersion, Timestamp};

/// The state of a HelmChart (`source.toolkit.fluxcd.io/v1`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HelmChartReading {
    /// The version or range to look for.
    pub constraint: String,
    /// `spec.sourceRef`, where Weft reads the kind.
    pub source: Option<ObjectRef>,
    /// `spec.suspend`.
    pub suspended: bool,
    /// Whether Flux does not retry by itself (`Stalled`).
    pub stalled: bool,
    /// The version of the stored artifact.
    pub found: Option<ChartVersion>,
    /// When the artifact was stored.
    pub found_at: Option<Timestamp>,
    /// The outcome of the search for the current constraint.
    pub outcome: Outcome,
    pub ready: Option<Condition>,
}

impl HelmChartReading {
    /// Reads one update.
    #[must_use]
    pub fn read(object: &Value) -> Self {
        let object = Object::new(object);
        let ready = object.condition("Ready");
        Self {
            constraint: object.text("/spec/version").unwrap_or("*").to_owned(),
            source: source(&object),
            suspended: object.flag("/spec/suspend"),
            stalled: object.stalled().is_some(),
            found: object
                .text("/status/artifact/revision")
                .and_then(|revision| ChartVersion::from_revision(revision).ok()),
            found_at: object.time("/status/artifact/lastUpdateTime"),
            outcome: settled(&object, ready.as_ref(), None),
            ready,
        }
    }
}

fn source(object: &Object<'_>) -> Option<ObjectRef> {
    let kind = Kind::named(object.text("/spec/sourceRef/kind")?)?;
    let name = object.reference("/spec/sourceRef")?;
    Some(ObjectRef { kind, name })
}
