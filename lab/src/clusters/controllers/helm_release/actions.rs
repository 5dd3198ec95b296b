//! The Helm actions of a HelmRelease, each with the updates that helm-controller writes around it.

use serde_json::{Value, json};

use super::history::{self, History};
use crate::clusters::charts::Chart;
use crate::clusters::conditions::Status;
use crate::clusters::controllers::Context;
use crate::clusters::notify::Report;
use crate::clusters::object::{Key, go_duration, text, timestamp};

/// One release of one chart with one set of values.
pub(super) struct Attempt<'a> {
    pub context: &'a Context,
    pub key: &'a Key,
    pub chart: &'a Chart,
    /// The chart's values with those of the HelmRelease laid over them.
    pub values: Value,
    pub config_digest: String,
    /// As Go prints it.
    pub timeout: String,
    /// Whether `spec.test.enable` is set.
    pub tests: bool,
    /// How often an upgrade that failed is tried again.
    pub retries: i64,
    /// Whether `spec.driftDetection.mode` has the cluster compared with the release.
    pub detects_drift: bool,
}

/// The two ways in which a release is made.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Install,
    Upgrade,
}

impl Action {
    fn word(self) -> &'static str {
        match self {
            Self::Install => "install",
            Self::Upgrade => "upgrade",
        }
    }

    fn reason(self, outcome: &str) -> String {
        match self {
            Self::Install => format!("Install{outcome}"),
            Self::Upgrade => format!("Upgrade{outcome}"),
        }
    }
}

impl Attempt<'_> {
    pub(super) async fn install(&self) {
        if let Err(error) = self.release(Action::Install).await {
            self.give_up(Action::Install, &error).await;
        }
    }

    /// Upgrades, and rolls back when that fails, as often as the remediation allows.
    pub(super) async fn upgrade(&self) {
        for attempt in 0..=self.retries.max(0) {
            let Err(error) = self.release(Action::Upgrade).await else {
                return;
            };
            self.remediate(&error, attempt == self.retries.max(0)).await;
        }
    }

    /// The deployed release is the one asked for: nothing but Ready at the present generation.
    pub(super) async fn in_sync(&self) {
        self.edit(|status| {
            let ready = status.condition("Ready").cloned().unwrap_or_default();
            let released = status.condition("Released").cloned().unwrap_or_default();
            let tested = status.condition("TestSuccess").cloned();
            // After a spell without its chart, Ready says again what the release itself says.
            let says = if text(&ready, "/status") == Some("True") {
                ready
            } else {
                tested.unwrap_or(released)
            };
            let part = |name: &str| text(&says, name).unwrap_or_default().to_owned();
            status.set("Ready", "True", &part("/reason"), &part("/message"));
            self.compared(status);
            status.clear(&["Reconciling"]);
        })
        .await;
        self.observe_compared().await;
    }

    /// Where drift is looked for, `observedGeneration` comes in an update of its own, at once.
    async fn observe_compared(&self) {
        if self.detects_drift {
            self.edit(|status| {
                status.observe();
            })
            .await;
        }
    }

    /// Installs or upgrades and tests; the error is what Helm says, already in the status.
    async fn release(&self, action: Action) -> Result<(), String> {
        let running = self.running(action.word());
        self.edit(|status| {
            status.set("Reconciling", "True", "Progressing", &running);
            status.set("Ready", "Unknown", "Progressing", &running);
        })
        .await;
        if self.detects_drift {
            self.edit(|status| self.attempted(status)).await;
        }
        let began = timestamp(self.context.clock.now());
        let since = std::time::Instant::now();
        let image = self.roll_out(action).await;
        let took = go_duration(since.elapsed());
        let history = self.history();
        let version = history.next_version();
        let first = history
            .latest()
            .and_then(|latest| text(latest, "/firstDeployed"))
            .unwrap_or(&began)
            .to_owned();
        let entry = |status: &str| {
            let release = (self.key.namespace.as_str(), self.key.name.as_str());
            let times = (first.as_str(), began.as_str());
            history::entry(
                self.chart,
                release,
                action.word(),
                status,
                version,
                &self.config_digest,
                times,
            )
        };
        let image = match image {
            Ok(image) => image,
            Err(error) => {
                self.failed(action, &error, entry("failed"), &took).await;
                return Err(error);
            }
        };
        self.context.workload.serve(self.running_app(image));
        self.succeeded(action, version, entry("deployed"), &took)
            .await;
        if self.tests {
            self.test_or_fail(version).await
        } else {
            self.finish().await;
            Ok(())
        }
    }

    async fn succeeded(&self, action: Action, version: i64, entry: Value, took: &str) {
        let reason = action.reason("Succeeded");
        let message = format!(
            "Helm {} succeeded for release {}",
            action.word(),
            self.name(Some(version))
        );
        let awaiting = format!(
            "Helm release {} is awaiting tests",
            self.name(Some(version))
        );
        self.edit(|status| {
            if self.tests {
                status.set("Ready", "Unknown", "AwaitingTests", &awaiting);
                status.set("TestSuccess", "Unknown", "AwaitingTests", &awaiting);
            } else {
                status.set("Ready", "True", &reason, &message);
            }
            status.set("Released", "True", &reason, &message);
            status.clear(&["Remediated"]);
            self.attempted(status);
            forget_failures(status);
        })
        .await;
        self.report("info", &reason, &message, self.chart);
        self.edit(|status| {
            self.write(status, |history| history.push(entry));
            status.put("lastAttemptedReleaseAction", json!(action.word()));
            status.put("lastAttemptedReleaseActionDuration", json!(took));
            status.put("inventory", self.inventory());
        })
        .await;
        if self.tests {
            let running = self.running("test");
            self.edit(|status| status.set("Reconciling", "True", "Progressing", &running))
                .await;
        }
    }

    async fn failed(&self, action: Action, error: &str, entry: Value, took: &str) {
        let reason = action.reason("Failed");
        let message = format!(
            "Helm {} failed for release {}: {error}",
            action.word(),
            self.name(None)
        );
        self.edit(|status| {
            status.set("Ready", "False", &reason, &message);
            status.set("Released", "False", &reason, &message);
            status.clear(&["TestSuccess"]);
            self.attempted(status);
        })
        .await;
        self.report("error", &reason, &message, self.chart);
        self.edit(|status| {
            self.write(status, |history| history.push(entry));
            status.put("lastAttemptedReleaseAction", json!(action.word()));
            status.put("lastAttemptedReleaseActionDuration", json!(took));
            count_failure(status, action);
        })
        .await;
    }

    /// Nobody changes a cluster of the lab behind Helm's back.
    fn compared(&self, status: &mut Status<'_>) {
        if self.detects_drift {
            let message = "No drift detected against the cluster state";
            status.set("Drifted", "False", "NoDriftDetected", message);
        }
    }

    /// The end of a release that succeeded. Where older releases are forgotten, that is an update of
    /// its own, which `observedGeneration` comes with; else it waits for the next interval.
    pub(super) async fn finish(&self) {
        self.edit(|status| {
            self.compared(status);
            status.clear(&["Reconciling"]);
        })
        .await;
        let mut history = self.history();
        if history.truncate() {
            self.edit(|status| {
                status.put("history", history.into_field());
                status.observe();
            })
            .await;
        }
        self.observe_compared().await;
    }

    /// Rolls back to the release before; `last` when no attempt is left.
    pub(super) async fn remediate(&self, error: &str, last: bool) {
        let Some(previous) = self.history().previous().cloned() else {
            return self.give_up(Action::Upgrade, error).await;
        };
        let running = self.running("rollback");
        self.edit(|status| status.set("Reconciling", "True", "Progressing", &running))
            .await;
        self.edit(|status| {
            self.write(status, |history| {
                history.truncate();
            });
        })
        .await;
        tokio::time::sleep(self.context.pace.upgrade).await;
        self.serve_again(&previous).await;
        let chart = format!(
            "{}@{}",
            self.chart.name,
            text(&previous, "/chartVersion").unwrap_or_default()
        );
        let message = format!(
            "Helm rollback to previous release {}.v{} with chart {chart} succeeded",
            self.key.path(),
            previous["version"]
        );
        self.edit(|status| {
            status.set("Ready", "False", "RollbackSucceeded", &message);
            status.set("Remediated", "True", "RollbackSucceeded", &message);
            if last {
                let attempts = status.get("upgradeFailures").cloned().unwrap_or(json!(1));
                let given_up = format!("Failed to upgrade after {attempts} attempt(s)");
                status.clear(&["Reconciling"]);
                status.set("Stalled", "True", "RetriesExceeded", &given_up);
            }
        })
        .await;
        let old = Chart {
            version: text(&previous, "/chartVersion")
                .unwrap_or_default()
                .to_owned(),
            app_version: text(&previous, "/appVersion")
                .unwrap_or_default()
                .to_owned(),
            ..self.chart.clone()
        };
        self.report("info", "RollbackSucceeded", &message, &old);
        let now = timestamp(self.context.clock.now());
        self.edit(|status| {
            self.write(status, |history| {
                let version = history.next_version();
                history.push_rollback(previous, version, &now);
            });
            if last {
                status.observe();
            }
        })
        .await;
    }

    /// What cannot be remediated stays failed.
    async fn give_up(&self, action: Action, error: &str) {
        tracing::debug!(release = self.key.path(), "giving up: {error}");
        let message = format!("Failed to {} after 1 attempt(s)", action.word());
        self.edit(|status| {
            status.clear(&["Reconciling"]);
            status.set("Stalled", "True", "RetriesExceeded", &message);
            status.observe();
        })
        .await;
    }

    fn inventory(&self) -> Value {
        let path = format!("{}_{}", self.key.namespace, self.key.name);
        json!({"entries": [
            {"id": format!("{path}__Service"), "v": "v1"},
            {"id": format!("{path}_apps_Deployment"), "v": "v1"},
        ]})
    }

    pub(super) fn attempted(&self, status: &mut Status<'_>) {
        status.put("lastAttemptedRevision", json!(self.chart.version));
        status.put("lastAttemptedGeneration", json!(status.generation));
        status.put("lastAttemptedConfigDigest", json!(self.config_digest));
        status.put("storageNamespace", json!(self.key.namespace));
    }

    /// `namespace/name.vN with chart podinfo@1.1.6`; failures name no Helm revision.
    pub(super) fn name(&self, version: Option<i64>) -> String {
        let version = version
            .map(|version| format!(".v{version}"))
            .unwrap_or_default();
        format!(
            "{}{version} with chart {}@{}",
            self.key.path(),
            self.chart.name,
            self.chart.version
        )
    }

    pub(super) fn running(&self, action: &str) -> String {
        format!("Running '{action}' action with timeout of {}", self.timeout)
    }

    pub(super) fn deployed_version(&self) -> i64 {
        let history = self.history();
        let deployed = history
            .deployed()
            .and_then(|entry| entry["version"].as_i64());
        deployed.unwrap_or_default()
    }

    fn history(&self) -> History {
        let object = self.context.store.get(self.key);
        History::of(object.as_deref().unwrap_or(&Value::Null))
    }

    #[allow(clippy::unused_self, reason = "reads as the other edits do")]
    pub(super) fn write(&self, status: &mut Status<'_>, edit: impl FnOnce(&mut History)) {
        let mut history = History::from_field(status.get("history"));
        edit(&mut history);
        status.put("history", history.into_field());
    }

    pub(super) async fn edit(&self, edit: impl FnOnce(&mut Status<'_>)) {
        self.context.edit(self.key, edit).await;
    }

    pub(super) fn report(
        &self,
        severity: &'static str,
        reason: &str,
        message: &str,
        chart: &Chart,
    ) {
        let report = Report::new(severity, reason, message, &chart.version);
        self.context
            .report(self.key, &report.with("app-version", &chart.app_version));
    }
}

pub(super) fn forget_failures(status: &mut Status<'_>) {
    for count in ["failures", "upgradeFailures", "installFailures"] {
        status.put(count, Value::Null);
    }
}

pub(super) fn count_failure(status: &mut Status<'_>, action: Action) {
    let counter = match action {
        Action::Install => "installFailures",
        Action::Upgrade => "upgradeFailures",
    };
    for count in ["failures", counter] {
        let failures = status
            .get(count)
            .and_then(Value::as_i64)
            .unwrap_or_default();
        status.put(count, json!(failures + 1));
    }
}
