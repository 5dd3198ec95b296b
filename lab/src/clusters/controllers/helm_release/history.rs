//! `status.history` of a HelmRelease: the revisions of Helm's release, newest first.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::Duration;

use crate::clusters::object::{text, timestamp};
use crate::seed::{Deployed, DeployedStatus};

const SHOWN: usize = 5;

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct HelmRevision {
    pub version: i64,
    pub chart_version: String,
    pub app_version: String,
    pub config_digest: String,
    /// RFC 3339.
    pub last_deployed: String,
    pub status: HelmStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<HelmAction>,
    /// By the name of the hook; `None` before tests have run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_hooks: Option<BTreeMap<String, TestHook>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum HelmStatus {
    Deployed,
    Superseded,
    Failed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum HelmAction {
    Install,
    Upgrade,
    Rollback,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TestHook {
    /// RFC 3339.
    pub last_completed: String,
    pub phase: TestPhase,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum TestPhase {
    Succeeded,
    Failed,
}

impl HelmRevision {
    /// Whether it is one to roll back to: it was deployed, and no test of it failed.
    fn is_sound(&self) -> bool {
        let mut hooks = self.test_hooks.iter().flat_map(BTreeMap::values);
        self.status != HelmStatus::Failed && hooks.all(|hook| hook.phase != TestPhase::Failed)
    }
}

/// The revisions, newest first.
#[derive(Clone, Debug, Default)]
pub(super) struct History(pub Vec<HelmRevision>);

impl History {
    pub(super) fn of(object: &Value) -> Self {
        Self::read(object.pointer("/status/history"))
    }

    pub(super) fn read(field: Option<&Value>) -> Self {
        let revisions = field.and_then(|field| Vec::deserialize(field).ok());
        Self(revisions.unwrap_or_default())
    }

    pub(super) fn to_value(&self) -> Value {
        json!(self.0)
    }

    pub(super) fn latest(&self) -> Option<&HelmRevision> {
        self.0.first()
    }

    /// The revision that a rollback of the newest goes back to.
    pub(super) fn previous(&self) -> Option<&HelmRevision> {
        self.0.iter().skip(1).find(|revision| revision.is_sound())
    }

    pub(super) fn next_version(&self) -> i64 {
        let versions = self.0.iter().map(|revision| revision.version);
        versions.max().unwrap_or_default() + 1
    }

    /// Adds a revision that was installed or upgraded. One that deployed supersedes the one that was.
    pub(super) fn push(&mut self, revision: HelmRevision) {
        for older in self.deployed() {
            older.action = None;
            if revision.status == HelmStatus::Deployed {
                older.status = HelmStatus::Superseded;
            }
        }
        self.0.insert(0, revision);
    }

    /// Adds the revision that a rollback made: an old one again, under a new number. The deployed
    /// revision is marked as superseded by a rollback.
    pub(super) fn push_rollback(&mut self, old: HelmRevision, version: i64, now: String) {
        for older in self.deployed() {
            older.status = HelmStatus::Superseded;
            older.action = Some(HelmAction::Rollback);
        }
        let revision = HelmRevision {
            version,
            last_deployed: now,
            status: HelmStatus::Deployed,
            action: Some(HelmAction::Rollback),
            test_hooks: None,
            ..old
        };
        self.0.insert(0, revision);
    }

    fn deployed(&mut self) -> impl Iterator<Item = &mut HelmRevision> {
        let revisions = self.0.iter_mut();
        revisions.filter(|revision| revision.status == HelmStatus::Deployed)
    }

    /// Forgets everything before the newest revision but the one it would roll back to; `false` when
    /// there was nothing to forget.
    pub(super) fn truncate(&mut self) -> bool {
        let mut older = self.0.iter().skip(1);
        let Some(kept) = older.position(HelmRevision::is_sound) else {
            return false;
        };
        let before = self.0.len();
        self.0.truncate(kept + 2);
        self.0.len() != before
    }
}

/// Gives a HelmRelease the revisions of the past, the newest of which is the one it made now. Nothing
/// changes when the past ends with another release.
pub(in crate::clusters::controllers) fn add_past(object: &mut Value, past: &[Deployed]) {
    let Some(made) = History::of(object).0.into_iter().next() else {
        return;
    };
    let mut releases: Vec<&Deployed> = past.iter().collect();
    releases.sort_by_key(|release| release.at);
    let mut history = History::default();
    for release in releases {
        let version = history.next_version();
        let at = timestamp(release.at);
        if release.status == DeployedStatus::RolledBack {
            if let Some(previous) = history.previous().cloned() {
                history.push_rollback(previous, version, at);
            }
            continue;
        }
        let (status, mut test_hooks) = match release.status {
            DeployedStatus::Failed => (HelmStatus::Failed, None),
            _ => (HelmStatus::Deployed, made.test_hooks.clone()),
        };
        for hook in test_hooks.iter_mut().flat_map(BTreeMap::values_mut) {
            hook.last_completed = timestamp(release.at + Duration::seconds(9));
        }
        let action = match version {
            1 => HelmAction::Install,
            _ => HelmAction::Upgrade,
        };
        history.push(HelmRevision {
            version,
            chart_version: release.chart_version.to_owned(),
            app_version: release.app_version.to_owned(),
            last_deployed: at,
            status,
            action: Some(action),
            test_hooks,
            ..made.clone()
        });
    }
    if let Some(newest) = history.latest()
        && newest.chart_version == made.chart_version
    {
        let version = newest.version;
        history.0.truncate(SHOWN);
        object["status"]["history"] = history.to_value();
        renumber(object, made.version, version);
    }
}

/// The messages of a release with another Helm revision.
fn renumber(object: &mut Value, from: i64, to: i64) {
    let conditions = object["status"]["conditions"].as_array_mut();
    for condition in conditions.into_iter().flatten() {
        let message = text(condition, "/message").unwrap_or_default();
        let message = message.replace(&format!(".v{from} "), &format!(".v{to} "));
        condition["message"] = json!(message);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn release(version: i64, chart: &str, status: HelmStatus) -> HelmRevision {
        HelmRevision {
            version,
            chart_version: chart.to_owned(),
            app_version: String::new(),
            config_digest: String::new(),
            last_deployed: String::new(),
            status,
            action: Some(HelmAction::Upgrade),
            test_hooks: None,
        }
    }

    fn shape(history: &History) -> String {
        let revisions = history.to_value();
        let revisions = revisions.as_array().unwrap().iter();
        let shapes = revisions.map(|revision| {
            let text = |name: &str| revision[name].as_str().unwrap_or("-").to_owned();
            ["chartVersion", "status", "action"].map(text).join(" ")
        });
        shapes.collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn a_failed_upgrade_that_is_rolled_back_leaves_what_flux_leaves() {
        let mut history = History::default();
        history.push(release(1, "6.0.0", HelmStatus::Deployed));
        history.push(release(2, "6.0.1", HelmStatus::Deployed));
        assert_eq!(
            shape(&history),
            "6.0.1 deployed upgrade, 6.0.0 superseded -"
        );
        history.push(release(3, "6.0.3", HelmStatus::Failed));
        assert_eq!(
            shape(&history),
            "6.0.3 failed upgrade, 6.0.1 deployed -, 6.0.0 superseded -"
        );
        assert!(history.truncate());
        let old = history.previous().unwrap().clone();
        history.push_rollback(old, 4, "2026-01-01T00:00:00Z".to_owned());
        assert_eq!(
            shape(&history),
            "6.0.1 deployed rollback, 6.0.3 failed upgrade, 6.0.1 superseded rollback"
        );
        history.push(release(5, "6.0.2", HelmStatus::Deployed));
        assert!(history.truncate());
        assert_eq!(
            shape(&history),
            "6.0.2 deployed upgrade, 6.0.1 superseded -"
        );
    }
}
