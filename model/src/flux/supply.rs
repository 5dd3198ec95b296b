//! The objects that charts and images come from: HelmRepository, OCIRepository, ImageRepository, ImagePolicy
//! and ImageUpdateAutomation. They matter where what they should supply is missing.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Condition, Object, Outcome, settled};
use crate::Timestamp;
use crate::pipeline::ObjectName;

/// Which of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum SourceKind {
    /// An index of charts.
    HelmRepository,
    /// A chart in a registry.
    OCIRepository,
    /// The tags of an image.
    ImageRepository,
    /// The choice among them.
    ImagePolicy,
    /// What commits the choice.
    ImageUpdateAutomation,
}

impl SourceKind {
    /// As Kubernetes spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::HelmRepository => "HelmRepository",
            Self::OCIRepository => "OCIRepository",
            Self::ImageRepository => "ImageRepository",
            Self::ImagePolicy => "ImagePolicy",
            Self::ImageUpdateAutomation => "ImageUpdateAutomation",
        }
    }
}

/// What one of them says (`source.toolkit.fluxcd.io/v1`, `image.toolkit.fluxcd.io/v1`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceReading {
    /// Whether `spec.suspend` is set.
    pub suspended: bool,
    /// Whether Flux says that it will not try again by itself.
    pub stalled: bool,
    /// How the last attempt ended.
    pub outcome: Outcome,
    /// The tag, digest or range that an OCIRepository looks for.
    pub constraint: Option<String>,
    /// What it has: an OCIRepository's revision, an ImagePolicy's tag, an automation's last commit.
    pub found: Option<String>,
    /// When it got that.
    pub found_at: Option<Timestamp>,
    /// The ImageRepository that an ImagePolicy chooses from.
    pub images: Option<ObjectName>,
    /// Its Ready condition.
    pub ready: Option<Condition>,
}

impl SourceReading {
    /// Reads one update.
    #[must_use]
    pub fn read(kind: SourceKind, object: &Value, previous: Option<&Self>) -> Self {
        let object = Object::new(object);
        let ready = object.condition("Ready");
        // A HelmRepository of the type `oci` is only an address: no controller reports on it.
        let is_address =
            kind == SourceKind::HelmRepository && object.text("/spec/type") == Some("oci");
        let outcome = if is_address {
            Outcome::Succeeded
        } else {
            settled(
                &object,
                ready.as_ref(),
                previous.map(|previous| &previous.outcome),
            )
        };
        let (found, found_at) = match kind {
            SourceKind::HelmRepository | SourceKind::OCIRepository => (
                "/status/artifact/revision",
                "/status/artifact/lastUpdateTime",
            ),
            SourceKind::ImageRepository => (
                "/status/lastScanResult/revision",
                "/status/lastScanResult/scanTime",
            ),
            SourceKind::ImagePolicy => ("/status/latestRef/tag", ""),
            SourceKind::ImageUpdateAutomation => ("/status/lastPushCommit", "/status/lastPushTime"),
        };
        let constraint = ["semver", "tag", "digest"]
            .iter()
            .find_map(|field| object.text(&format!("/spec/ref/{field}")));
        Self {
            suspended: object.flag("/spec/suspend"),
            stalled: object.stalled().is_some(),
            outcome,
            constraint: constraint.map(ToOwned::to_owned),
            found: object.text(found).map(ToOwned::to_owned),
            found_at: object.time(found_at),
            images: object.reference("/spec/imageRepositoryRef"),
            ready,
        }
    }
}
