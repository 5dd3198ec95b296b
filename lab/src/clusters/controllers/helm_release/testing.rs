//! The tests of a release: its hooks ask the application for its health.

use std::time::Duration;

use super::actions::{Action, Attempt, count_failure, forget_failures};
use crate::clusters::object::timestamp;

impl Attempt<'_> {
    /// The deployed release is the one asked for, but its tests have not succeeded yet.
    pub(super) async fn test_again(&self) {
        let version = self.deployed_version();
        let message = format!(
            "Helm upgrade succeeded for release {}",
            self.name(Some(version))
        );
        self.edit(|status| {
            status.set("Reconciling", "True", "Progressing", &self.running("test"));
            status.set(
                "Ready",
                "Unknown",
                "Progressing",
                "reconciliation in progress",
            );
            status.set("Released", "True", "UpgradeSucceeded", &message);
            status.clear(&["Remediated"]);
        })
        .await;
        self.edit(|status| {
            self.attempted(status);
            forget_failures(status);
        })
        .await;
        self.test(version).await;
    }

    /// Tests the release; when that fails it is remediated like an upgrade that failed.
    async fn test(&self, version: i64) {
        if let Err(error) = self.test_or_fail(version).await {
            self.remediate(&error, true).await;
        }
    }

    pub(super) async fn test_or_fail(&self, version: i64) -> Result<(), String> {
        let began = timestamp(self.context.clock.now());
        tokio::time::sleep(self.context.pace.tests).await;
        let hooks = &self.chart.tests;
        let outcome = if hooks.is_empty() {
            Ok(())
        } else {
            self.probe(hooks).await
        };
        let ended = timestamp(self.context.clock.now());
        let name = self.name(Some(version));
        let (status_word, reason, severity, message) = match &outcome {
            Ok(()) => {
                let counted = match hooks.len() {
                    0 => "no test hooks".to_owned(),
                    1 => "1 test hook completed successfully".to_owned(),
                    count => format!("{count} test hooks completed successfully"),
                };
                let message = format!("Helm test succeeded for release {name}: {counted}");
                ("True", "TestSucceeded", "info", message)
            }
            Err(error) => {
                let message = format!("Helm test failed for release {name}: {error}");
                ("False", "TestFailed", "error", message)
            }
        };
        self.edit(|status| {
            status.set("Ready", status_word, reason, &message);
            status.set("TestSuccess", status_word, reason, &message);
        })
        .await;
        self.report(severity, reason, &message, self.chart);
        let phase = if outcome.is_ok() {
            "Succeeded"
        } else {
            "Failed"
        };
        self.edit(|status| {
            self.write(status, |history| {
                for hook in hooks {
                    history.tested(hook, &began, &ended, phase);
                }
            });
            if outcome.is_err() {
                count_failure(status, Action::Upgrade);
            }
        })
        .await;
        outcome?;
        self.finish().await;
        Ok(())
    }

    /// The hook of the chart: asks the application for its health.
    async fn probe(&self, hooks: &[String]) -> Result<(), String> {
        let stalled = |why: &str| {
            let pods: Vec<String> = hooks
                .iter()
                .map(|hook| format!("Pod/{}/{hook} status: '{why}'", self.key.namespace))
                .collect();
            format!(
                "failed early due to stalled resources: [{}]",
                pods.join(", ")
            )
        };
        let Some(url) = self.context.workload.url() else {
            return Ok(());
        };
        let health = url.join("healthz").map_err(|error| error.to_string())?;
        let asked = self
            .context
            .http
            .get(health)
            .timeout(Duration::from_secs(2));
        match asked.send().await {
            Ok(answer) if answer.status().is_success() => Ok(()),
            Ok(_) | Err(_) => Err(stalled("Failed")),
        }
    }
}
