//! `status.history` of a HelmRelease: newest first, what Helm did with each release.

use serde_json::{Value, json};
use time::Duration;

use crate::clusters::charts::Chart;
use crate::clusters::object::{text, timestamp};
use crate::clusters::{PastRelease, PastStatus};

/// How many entries a seeded history shows at most.
const SHOWN: usize = 5;

/// The entries, newest first.
pub(super) struct History {
    entries: Vec<Value>,
}

impl History {
    pub(super) fn of(object: &Value) -> Self {
        Self::from_field(object.pointer("/status/history"))
    }

    pub(super) fn from_field(field: Option<&Value>) -> Self {
        Self {
            entries: field.and_then(Value::as_array).cloned().unwrap_or_default(),
        }
    }

    pub(super) fn into_field(self) -> Value {
        Value::Array(self.entries)
    }

    /// The release of the highest version.
    pub(super) fn latest(&self) -> Option<&Value> {
        self.entries.first()
    }

    /// The version of the release that is deployed.
    pub(super) fn deployed(&self) -> Option<&Value> {
        self.entries
            .iter()
            .find(|entry| entry["status"] == json!("deployed"))
    }

    /// The release that a rollback of the newest goes back to.
    pub(super) fn previous(&self) -> Option<&Value> {
        self.entries.iter().skip(1).find(|entry| is_sound(entry))
    }

    /// The Helm revision that the next release gets.
    pub(super) fn next_version(&self) -> i64 {
        self.entries
            .iter()
            .filter_map(|entry| entry["version"].as_i64())
            .max()
            .unwrap_or_default()
            + 1
    }

    /// Adds a release that was installed or upgraded, deployed or failed. One that deployed takes the
    /// place of the one that was.
    pub(super) fn push(&mut self, entry: Value) {
        let deployed = entry["status"] == json!("deployed");
        for older in &mut self.entries {
            if older["status"] == json!("deployed") {
                if let Some(older) = older.as_object_mut() {
                    older.remove("action");
                }
                if deployed {
                    older["status"] = json!("superseded");
                }
            }
        }
        self.entries.insert(0, entry);
    }

    /// Adds the release that a rollback made: the old one again, under a new version. Whatever was
    /// deployed until then is marked as what the rollback superseded.
    pub(super) fn push_rollback(&mut self, mut entry: Value, version: i64, now: &str) {
        for older in &mut self.entries {
            if older["status"] == json!("deployed") {
                older["status"] = json!("superseded");
                older["action"] = json!("rollback");
            }
        }
        entry["action"] = json!("rollback");
        entry["status"] = json!("deployed");
        entry["version"] = json!(version);
        entry["lastDeployed"] = json!(now);
        entry["digest"] = json!(digest(&entry));
        if let Some(entry) = entry.as_object_mut() {
            entry.remove("testHooks");
        }
        self.entries.insert(0, entry);
    }

    /// Notes how a test of the newest release went.
    pub(super) fn tested(&mut self, hook: &str, began: &str, ended: &str, phase: &str) {
        if let Some(latest) = self.entries.first_mut() {
            latest["testHooks"][hook] =
                json!({"lastStarted": began, "lastCompleted": ended, "phase": phase});
        }
    }

    /// Forgets everything before the newest release but the one it would roll back to; `false` when
    /// there was nothing to forget.
    pub(super) fn truncate(&mut self) -> bool {
        let Some(keep) = self.entries.iter().skip(1).position(is_sound) else {
            return false;
        };
        let before = self.entries.len();
        self.entries.truncate(keep + 2);
        self.entries.len() != before
    }
}

/// Whether a release is one to go back to: it was deployed, and no test of it failed.
fn is_sound(entry: &Value) -> bool {
    let deployed = entry["status"] == json!("deployed") || entry["status"] == json!("superseded");
    let hooks = entry["testHooks"].as_object();
    deployed
        && hooks.is_none_or(|hooks| hooks.values().all(|hook| hook["phase"] != json!("Failed")))
}

/// One release.
pub(super) fn entry(
    chart: &Chart,
    release: (&str, &str),
    action: &str,
    status: &str,
    version: i64,
    config_digest: &str,
    times: (&str, &str),
) -> Value {
    let (namespace, name) = release;
    let (first, last) = times;
    let mut entry = json!({
        "action": action, "apiVersion": "v2", "appVersion": chart.app_version, "chartName": chart.name,
        "chartVersion": chart.version, "configDigest": config_digest, "firstDeployed": first,
        "lastDeployed": last, "name": name, "namespace": namespace, "status": status, "version": version,
    });
    entry["digest"] = json!(digest(&entry));
    entry
}

/// The history that past releases left, and the Helm revision of the newest; `made` is the release
/// that was really made, of which the others are copies in all that the past does not say. No history
/// when the past does not end with what was made.
pub(in crate::clusters::controllers) fn past(
    made: &Value,
    past: &[PastRelease],
) -> (Option<Value>, i64) {
    let mut releases: Vec<&PastRelease> = past.iter().collect();
    releases.sort_by_key(|release| release.at);
    let mut history = History {
        entries: Vec::new(),
    };
    let first = releases.first().map(|release| timestamp(release.at));
    for release in releases {
        let version = history.next_version();
        let at = timestamp(release.at);
        if release.status == PastStatus::RolledBack {
            if let Some(previous) = history.previous().cloned() {
                history.push_rollback(previous, version, &at);
            }
            continue;
        }
        let mut entry = made.clone();
        entry["chartVersion"] = json!(release.chart_version);
        entry["appVersion"] = json!(release.app_version);
        entry["version"] = json!(version);
        entry["action"] = json!(if version == 1 { "install" } else { "upgrade" });
        entry["firstDeployed"] = json!(first);
        entry["lastDeployed"] = json!(at);
        if let Some(hooks) = entry.get_mut("testHooks").and_then(Value::as_object_mut) {
            for hook in hooks.values_mut() {
                hook["lastStarted"] = json!(timestamp(release.at + Duration::seconds(5)));
                hook["lastCompleted"] = json!(timestamp(release.at + Duration::seconds(9)));
            }
        }
        if release.status == PastStatus::Failed {
            entry["status"] = json!("failed");
            if let Some(entry) = entry.as_object_mut() {
                entry.remove("testHooks");
            }
        }
        entry["digest"] = json!(digest(&entry));
        history.push(entry);
    }
    let newest = history.latest().cloned().unwrap_or_default();
    let ends_there = text(&newest, "/chartVersion") == text(made, "/chartVersion");
    history.entries.truncate(SHOWN);
    let version = newest["version"].as_i64().unwrap_or(1);
    (ends_there.then(|| history.into_field()), version)
}

fn digest(entry: &Value) -> String {
    format!(
        "sha256:{}",
        crate::clusters::sha256(entry.to_string().as_bytes())
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn release(version: i64, chart: &str, status: &str) -> Value {
        json!({"version": version, "chartVersion": chart, "status": status, "action": "upgrade"})
    }

    fn shape(history: &History) -> Vec<String> {
        history
            .entries
            .iter()
            .map(|entry| {
                let text = |name: &str| entry[name].as_str().unwrap_or("-").to_owned();
                format!(
                    "{} {} {}",
                    text("chartVersion"),
                    text("status"),
                    text("action")
                )
            })
            .collect()
    }

    #[test]
    fn a_failed_upgrade_that_is_rolled_back_leaves_what_flux_leaves() {
        let mut history = History::from_field(None);
        history.push(release(1, "6.0.0", "deployed"));
        history.push(release(2, "6.0.1", "deployed"));
        assert_eq!(
            shape(&history),
            ["6.0.1 deployed upgrade", "6.0.0 superseded -"]
        );
        history.push(release(3, "6.0.3", "failed"));
        assert_eq!(
            shape(&history),
            [
                "6.0.3 failed upgrade",
                "6.0.1 deployed -",
                "6.0.0 superseded -"
            ]
        );
        assert!(history.truncate());
        let old = history.previous().unwrap().clone();
        history.push_rollback(old, 4, "2026-01-01T00:00:00Z");
        assert_eq!(
            shape(&history),
            [
                "6.0.1 deployed rollback",
                "6.0.3 failed upgrade",
                "6.0.1 superseded rollback"
            ]
        );
        history.push(release(5, "6.0.2", "deployed"));
        assert!(history.truncate());
        assert_eq!(
            shape(&history),
            ["6.0.2 deployed upgrade", "6.0.1 superseded -"]
        );
    }
}
