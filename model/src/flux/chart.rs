//! HelmChart: which version of a chart was found.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Condition, Object, Outcome, settled};
use crate::pipeline::ObjectName;
use crate::{ChartVersion, Timestamp};

/// What a HelmChart says (`source.toolkit.fluxcd.io/v1`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HelmChartReading {
    /// The version or range that it looks for.
    pub constraint: String,
    /// The HelmRepository that it looks in, where it does.
    #[serde(default)]
    pub repository: Option<ObjectName>,
    /// Whether `spec.suspend` is set.
    #[serde(default)]
    pub suspended: bool,
    /// Whether Flux says that it will not try again by itself.
    #[serde(default)]
    pub stalled: bool,
    /// The version that it last found and stored.
    pub found: Option<ChartVersion>,
    /// When it stored that.
    #[serde(default)]
    pub found_at: Option<Timestamp>,
    /// How the search for the present constraint ended.
    pub outcome: Outcome,
    /// Its Ready condition.
    pub ready: Option<Condition>,
}

impl HelmChartReading {
    /// Reads one update.
    #[must_use]
    pub fn read(object: &Value) -> Self {
        let object = Object::new(object);
        let ready = object.condition("Ready");
        let in_index = object.text("/spec/sourceRef/kind") == Some("HelmRepository");
        Self {
            constraint: object.text("/spec/version").unwrap_or("*").to_owned(),
            repository: object.reference("/spec/sourceRef").filter(|_| in_index),
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
