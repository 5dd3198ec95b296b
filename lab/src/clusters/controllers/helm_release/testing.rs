//! The tests of a release: its hooks ask the application for its health.

use std::time::Duration;

use serde_json::Value;

use super::actions::{Attempt, count_failure};
use super::history::{TestHook, TestPhase};
use crate::clusters::object::timestamp;

impl Attempt<'_> {
    /// Tests the deployed revision, which is the one asked for. When that fails it is remediated like
    /// an upgrade that failed.
    pub(super) async fn test_again(&self, version: i64) {
        let release = self.name(Some(version));
        let message = format!("Helm upgrade succeeded for release {release}");
        self.run("test", |status, _| {
            let progressing = "reconciliation in progress";
            status.set("Ready", "Unknown", "Progressing", progressing);
            status.set("Released", "True", "UpgradeSucceeded", &message);
            status.clear(&["Remediated"]);
        })
        .await;
        self.edit(|status| {
            self.put_attempted(status);
            status.put("failures", Value::Null);
        })
        .await;
        if self.test(version).await.is_err() {
            self.remediate(true).await;
        }
    }

    /// Tests the newest revision. An error is in the status already.
    pub(super) async fn test(&self, version: i64) -> Result<(), String> {
        let context = self.reconciler.context;
        tokio::time::sleep(context.timings.tests).await;
        let outcome = self.probe().await;
        let completed = timestamp(context.clock.now());
        let release = self.name(Some(version));
        let (status_word, reason, severity, message) = match &outcome {
            Ok(()) => {
                let count = match self.chart.tests.len() {
                    0 => "no test hooks".to_owned(),
                    1 => "1 test hook completed successfully".to_owned(),
                    count => format!("{count} test hooks completed successfully"),
                };
                let message = format!("Helm test succeeded for release {release}: {count}");
                ("True", "TestSucceeded", "info", message)
            }
            Err(error) => {
                let message = format!("Helm test failed for release {release}: {error}");
                ("False", "TestFailed", "error", message)
            }
        };
        self.edit(|status| {
            status.set("Ready", status_word, reason, &message);
            status.set("TestSuccess", status_word, reason, &message);
        })
        .await;
        self.report(severity, reason, &message, self.chart);
        let hook = TestHook {
            last_completed: completed,
            phase: match outcome {
                Ok(()) => TestPhase::Succeeded,
                Err(_) => TestPhase::Failed,
            },
        };
        self.edit_history(|history, status| {
            if let Some(newest) = history.0.first_mut() {
                let hooks = self.chart.tests.iter();
                let hooks = hooks.map(|name| (name.clone(), hook.clone()));
                newest.test_hooks = (!self.chart.tests.is_empty()).then(|| hooks.collect());
            }
            if hook.phase == TestPhase::Failed {
                count_failure(status);
            }
        })
        .await;
        outcome?;
        self.finish().await;
        Ok(())
    }

    /// Asks the application for its health, for all hooks of the chart.
    async fn probe(&self) -> Result<(), String> {
        let context = self.reconciler.context;
        if self.chart.tests.is_empty() {
            return Ok(());
        }
        let health = context.app.url().join("healthz");
        let health = health.map_err(|error| error.to_string())?;
        let request = context.registry.http.get(health);
        let answer = request.timeout(Duration::from_secs(2)).send().await;
        if answer.is_ok_and(|answer| answer.status().is_success()) {
            return Ok(());
        }
        let namespace = &self.reconciler.key.namespace;
        let pods = self.chart.tests.iter();
        let pods = pods.map(|hook| format!("Pod/{namespace}/{hook} status: 'Failed'"));
        let pods = pods.collect::<Vec<_>>().join(", ");
        Err(format!("failed early due to stalled resources: [{pods}]"))
    }
}
