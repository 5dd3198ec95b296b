//! HelmRepository, OCIRepository, ImageRepository, ImagePolicy and ImageUpdateAutomation: where charts and
//! images come from.

use serde_json::Value;

use super::kind::SourceKind;
use super::object::{Condition, Object, Outcome, settled};
use crate::Timestamp;
use crate::pipeline::ObjectName;

/// The state of one of these objects (`source.toolkit.fluxcd.io/v1`, `image.toolkit.fluxcd.io/v1`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceReading {
    /// `spec.suspend`.
    pub suspended: bool,
    /// Whether Flux does not retry by itself (`Stalled`).
    pub stalled: bool,
    pub outcome: Outcome,
    /// The tag, digest or range of an OCIRepository.
    pub constraint: Option<String>,
    /// The revision of a repository, the tag of an ImagePolicy, or the last commit of an automation.
    pub found: Option<String>,
    /// When it was found.
    pub found_at: Option<Timestamp>,
    /// The ImageRepository that an ImagePolicy chooses from.
    pub images: Option<ObjectName>,
    pub ready: Option<Condition>,
}

impl SourceReading {
    /// Reads one update, after the reading before it.
    #[must_use]
    pub fn read(kind: SourceKind, object: &Value, previous: Option<&Self>) -> Self {
        let object = Object::new(object);
        let ready = object.condition("Ready");
        // A HelmRepository of the type `oci` is only an address, without a status.
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
