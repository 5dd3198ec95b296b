//! The Helm actions of a HelmRelease, each with the updates that helm-controller writes around it.

use serde_json::{Value, json};

use super::history::{HelmAction, HelmRevision, HelmStatus, History};
use crate::clusters::charts::ChartPackage;
use crate::clusters::controllers::Reconciler;
use crate::clusters::object::{text, timestamp};
use crate::clusters::report::Report;
use crate::clusters::status::StatusEditor;

/// One release of one chart with one set of values.
pub(super) struct Attempt<'a> {
    pub reconciler: &'a Reconciler<'a>,
    pub chart: &'a ChartPackage,
    /// The values of the chart, overridden by those of the HelmRelease.
    pub values: Value,
    pub config_digest: String,
    pub timeout: &'a str,
    /// Whether `spec.test.enable` is set.
    pub tests: bool,
    /// How often an upgrade that failed is tried again; not negative.
    pub retries: i64,
    /// Whether `spec.driftDetection.mode` has the cluster compared with the release.
    pub detects_drift: bool,
}

impl HelmAction {
    /// The name in messages, and the first part of reasons.
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Install => ("install", "Install"),
            Self::Upgrade => ("upgrade", "Upgrade"),
            Self::Rollback => ("rollback", "Rollback"),
        }
    }
}

impl Attempt<'_> {
    pub(super) async fn install(&self) {
        if self.release(HelmAction::Install).await.is_err() {
            self.stall("Failed to install after 1 attempt(s)").await;
        }
    }

    /// Upgrades, and rolls back when that fails, as often as the remediation allows.
    pub(super) async fn upgrade(&self) {
        for attempt in 0..=self.retries {
            if self.release(HelmAction::Upgrade).await.is_ok() {
                return;
            }
            self.remediate(attempt == self.retries).await;
        }
    }

    /// The deployed revision is the one asked for: nothing but Ready at the present generation.
    pub(super) async fn confirm(&self) {
        self.edit(|status| {
            let condition = |name| status.condition(name).cloned();
            let ready = condition("Ready").filter(|ready| ready["status"] == "True");
            // Ready after a missing chart takes up what the release itself says.
            let source = ready.or(condition("TestSuccess")).or(condition("Released"));
            let source = source.unwrap_or_default();
            let part = |name: &str| text(&source, name).unwrap_or_default();
            status.set("Ready", "True", part("/reason"), part("/message"));
            self.compare(status);
            status.clear(&["Reconciling"]);
        })
        .await;
        self.observe_comparison().await;
    }

    /// Where drift is looked for, `observedGeneration` comes in an update of its own, at once.
    async fn observe_comparison(&self) {
        if self.detects_drift {
            self.edit(|status| {
                status.observe();
            })
            .await;
        }
    }

    /// Installs or upgrades, and tests. An error is in the status already.
    async fn release(&self, action: HelmAction) -> Result<(), String> {
        let (name, _) = action.names();
        self.run(name, |status, running| {
            status.set("Ready", "Unknown", "Progressing", running);
        })
        .await;
        if self.detects_drift {
            self.edit(|status| self.put_attempted(status)).await;
        }
        let last_deployed = timestamp(self.reconciler.context.clock.now());
        let image = self.roll_out(action).await;
        let version = self.history().next_version();
        let revision = |status| HelmRevision {
            version,
            chart_version: self.chart.version.clone(),
            app_version: self.chart.app_version.clone(),
            config_digest: self.config_digest.clone(),
            last_deployed,
            status,
            action: Some(action),
            test_hooks: None,
        };
        let image = match image {
            Ok(image) => image,
            Err(error) => {
                let revision = revision(HelmStatus::Failed);
                self.failed(action, &error, revision).await;
                return Err(error);
            }
        };
        self.serve(image);
        self.succeeded(action, revision(HelmStatus::Deployed)).await;
        if self.tests {
            return self.test(version).await;
        }
        self.finish().await;
        Ok(())
    }

    async fn succeeded(&self, action: HelmAction, revision: HelmRevision) {
        let (name, word) = action.names();
        let reason = format!("{word}Succeeded");
        let release = self.name(Some(revision.version));
        let message = format!("Helm {name} succeeded for release {release}");
        let awaiting = format!("Helm release {release} is awaiting tests");
        self.edit(|status| {
            if self.tests {
                status.set("Ready", "Unknown", "AwaitingTests", &awaiting);
                status.set("TestSuccess", "Unknown", "AwaitingTests", &awaiting);
            } else {
                status.set("Ready", "True", &reason, &message);
            }
            status.set("Released", "True", &reason, &message);
            status.clear(&["Remediated"]);
            self.put_attempted(status);
            status.put("failures", Value::Null);
        })
        .await;
        self.report("info", &reason, &message, self.chart);
        self.edit_history(|history, _| history.push(revision)).await;
        if self.tests {
            self.run("test", |_, _| ()).await;
        }
    }

    async fn failed(&self, action: HelmAction, error: &str, revision: HelmRevision) {
        let (name, word) = action.names();
        let reason = format!("{word}Failed");
        let release = self.name(None);
        let message = format!("Helm {name} failed for release {release}: {error}");
        self.edit(|status| {
            status.set("Ready", "False", &reason, &message);
            status.set("Released", "False", &reason, &message);
            status.clear(&["TestSuccess"]);
            self.put_attempted(status);
        })
        .await;
        self.report("error", &reason, &message, self.chart);
        self.edit_history(|history, status| {
            history.push(revision);
            count_failure(status);
        })
        .await;
    }

    /// The result of drift detection: nobody changes a cluster of the lab behind Helm's back.
    fn compare(&self, status: &mut StatusEditor<'_>) {
        if self.detects_drift {
            let message = "No drift detected against the cluster state";
            status.set("Drifted", "False", "NoDriftDetected", message);
        }
    }

    /// The end of a release that succeeded. Where older revisions are forgotten, that is an update of
    /// its own, which `observedGeneration` comes with; else it waits for the next interval.
    pub(super) async fn finish(&self) {
        self.edit(|status| {
            self.compare(status);
            status.clear(&["Reconciling"]);
        })
        .await;
        if self.history().truncate() {
            self.edit_history(|history, status| {
                history.truncate();
                status.observe();
            })
            .await;
        }
        self.observe_comparison().await;
    }

    /// Rolls back to the revision before; `last` when no attempt is left.
    pub(super) async fn remediate(&self, last: bool) {
        let Some(previous) = self.history().previous().cloned() else {
            return self.stall("Failed to upgrade after 1 attempt(s)").await;
        };
        self.run("rollback", |_, _| ()).await;
        self.edit_history(|history, _| {
            history.truncate();
        })
        .await;
        let context = self.reconciler.context;
        tokio::time::sleep(context.timings.upgrade).await;
        self.serve_again(&previous).await;
        let old = ChartPackage {
            version: previous.chart_version.clone(),
            app_version: previous.app_version.clone(),
            ..self.chart.clone()
        };
        let release = format!("{}.v{}", self.reconciler.key.path(), previous.version);
        let message = format!(
            "Helm rollback to previous release {release} with chart {}@{} succeeded",
            old.name, old.version
        );
        let reason = "RollbackSucceeded";
        self.edit(|status| {
            status.set("Ready", "False", reason, &message);
            status.set("Remediated", "True", reason, &message);
            if last {
                let attempts = status.get("failures").and_then(Value::as_i64).unwrap_or(1);
                let stalled = format!("Failed to upgrade after {attempts} attempt(s)");
                status.clear(&["Reconciling"]);
                status.set("Stalled", "True", "RetriesExceeded", &stalled);
            }
        })
        .await;
        self.report("info", reason, &message, &old);
        let now = timestamp(context.clock.now());
        self.edit_history(|history, status| {
            history.push_rollback(previous, history.next_version(), now);
            if last {
                status.observe();
            }
        })
        .await;
    }

    /// A failure without remediation stays.
    async fn stall(&self, message: &str) {
        self.edit(|status| {
            status.clear(&["Reconciling"]);
            status.set("Stalled", "True", "RetriesExceeded", message);
            status.observe();
        })
        .await;
    }

    pub(super) fn put_attempted(&self, status: &mut StatusEditor<'_>) {
        status.put("lastAttemptedRevision", json!(self.chart.version));
        status.put("lastAttemptedGeneration", json!(status.generation));
    }

    /// `namespace/name.vN with chart podinfo@1.1.6`; failures name no Helm revision.
    pub(super) fn name(&self, version: Option<i64>) -> String {
        let version = version.map(|version| format!(".v{version}"));
        format!(
            "{}{} with chart {}@{}",
            self.reconciler.key.path(),
            version.unwrap_or_default(),
            self.chart.name,
            self.chart.version
        )
    }

    /// Says in Reconciling that an action runs; `edit` joins the update, with the message.
    pub(super) async fn run(&self, action: &str, edit: impl FnOnce(&mut StatusEditor<'_>, &str)) {
        let timeout = self.timeout;
        let running = format!("Running '{action}' action with timeout of {timeout}");
        self.edit(|status| {
            status.set("Reconciling", "True", "Progressing", &running);
            edit(status, &running);
        })
        .await;
    }

    fn history(&self) -> History {
        let object = self.reconciler.context.store.get(self.reconciler.key);
        History::of(object.as_deref().unwrap_or(&Value::Null))
    }

    pub(super) async fn edit_history(
        &self,
        edit: impl FnOnce(&mut History, &mut StatusEditor<'_>),
    ) {
        self.edit(|status| {
            let mut history = History::read(status.get("history"));
            edit(&mut history, status);
            status.put("history", history.to_value());
        })
        .await;
    }

    pub(super) async fn edit(&self, edit: impl FnOnce(&mut StatusEditor<'_>)) {
        self.reconciler.edit(edit).await;
    }

    pub(super) fn report(
        &self,
        severity: &'static str,
        reason: &str,
        message: &str,
        chart: &ChartPackage,
    ) {
        let report = Report::new(severity, reason, message, &chart.version);
        let report = report.with("app-version", &chart.app_version);
        self.reconciler.send(&report);
    }
}

pub(super) fn count_failure(status: &mut StatusEditor<'_>) {
    let failures = status.get("failures").and_then(Value::as_i64);
    status.put("failures", json!(failures.unwrap_or_default() + 1));
}
