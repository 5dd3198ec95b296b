//! HelmRelease: installs, upgrades, tests and rolls back as helm-controller 1.6.

mod actions;
mod history;
mod rollout;
mod testing;

pub(super) use self::history::add_past;

use serde_json::{Value, json};

use self::actions::Attempt;
use self::history::{HelmStatus, History};
use super::{Next, Reconciler};
use crate::clusters::artifacts::sha256;
use crate::clusters::kinds::HELM_CHART;
use crate::clusters::object::{Key, condition, is_current, is_true, text};
use crate::clusters::object::{generation, observed_generation};
use crate::clusters::status::StatusEditor;
use crate::clusters::store::Applied;

impl Reconciler<'_> {
    pub(super) async fn helm_release(&self) -> anyhow::Result<Next> {
        let name = format!("{}-{}", self.key.namespace, self.key.name);
        let chart_key = Key::new(&HELM_CHART, &self.key.namespace, &name);
        let templated = self.apply_chart(&chart_key)?;
        let chart_object = self.context.store.get(&chart_key);
        let chart_object = chart_object.as_deref().unwrap_or(&Value::Null);
        // Stalled on this very chart: nothing happens until the spec or the chart changes.
        let stalled = self.stalled_revision();
        if templated == Applied::Unchanged
            && stalled.is_some()
            && stalled == text(chart_object, "/status/artifact/revision")
        {
            return Ok(Next::WhenTriggered);
        }
        self.edit(begin).await;

        let unready = match templated {
            Applied::Unchanged => not_ready(chart_object),
            _ => Some(UNOBSERVED.to_owned()),
        };
        let chart = self.context.artifacts.charts.get(&chart_key);
        let Some(chart) = chart.filter(|_| unready.is_none()) else {
            let why = unready.unwrap_or_else(|| "artifact not found".to_owned());
            let message = format!("HelmChart '{}' is not ready: {why}", chart_key.path());
            self.edit(|status| {
                status.set("Ready", "False", "SourceNotReady", &message);
                status.put("helmChart", json!(chart_key.path()));
            })
            .await;
            return Ok(self.after_retry());
        };

        let overrides = self.object["spec"].get("values").cloned();
        let overrides = overrides.unwrap_or_else(|| json!({}));
        let mut values = chart.values.clone();
        json_patch::merge(&mut values, &overrides);
        let retries = self.object.pointer("/spec/upgrade/remediation/retries");
        let drift_detection = self.text("/spec/driftDetection/mode");
        let attempt = Attempt {
            reconciler: self,
            chart: &chart,
            values,
            config_digest: format!("sha256:{}", sha256(overrides.to_string().as_bytes())),
            timeout: text(self.object, "/spec/timeout").unwrap_or("5m"),
            tests: self.object["spec"]["test"]["enable"] == true,
            retries: retries.and_then(Value::as_i64).unwrap_or_default().max(0),
            detects_drift: matches!(drift_detection, "warn" | "enabled"),
        };
        self.act(&attempt).await;
        Ok(self.after_interval())
    }

    /// Takes the action that the last revision, the spec and the tests call for.
    async fn act(&self, attempt: &Attempt<'_>) {
        let history = History::of(self.object);
        let Some(latest) = history.latest() else {
            return attempt.install().await;
        };
        let is_current = latest.chart_version == attempt.chart.version
            && latest.config_digest == attempt.config_digest
            && latest.status == HelmStatus::Deployed;
        if !is_current {
            return attempt.upgrade().await;
        }
        let tested = latest.test_hooks.is_some() && is_true(self.object, "TestSuccess");
        let has_no_tests = !attempt.tests || attempt.chart.tests.is_empty();
        if tested || (has_no_tests && is_true(self.object, "Released")) {
            attempt.confirm().await;
        } else {
            attempt.test_again(latest.version).await;
        }
    }

    /// The revision that the release is stalled on at this generation; `None` when someone resets it,
    /// by the annotation `resetAt` with the value of `requestedAt`.
    fn stalled_revision(&self) -> Option<&str> {
        let annotation = |name: &str| {
            let pointer = format!("/metadata/annotations/reconcile.fluxcd.io~1{name}");
            text(self.object, &pointer)
        };
        let reset = annotation("resetAt").filter(|reset| annotation("requestedAt") == Some(reset));
        if reset.is_some() && reset != text(self.object, "/status/lastHandledReconcileAt") {
            return None;
        }
        let stalled = condition(self.object, "Stalled")?;
        let stands = stalled["status"] == "True" && is_current(self.object, stalled);
        text(self.object, "/status/lastAttemptedRevision").filter(|_| stands)
    }

    /// Makes the HelmChart that `spec.chart` is the template of.
    fn apply_chart(&self, chart_key: &Key) -> anyhow::Result<Applied> {
        let spec = &self.object["spec"];
        let template = &spec["chart"]["spec"];
        let source = &template["sourceRef"];
        let manifest = json!({
            "apiVersion": HELM_CHART.api_version(), "kind": HELM_CHART.kind,
            "metadata": {"name": chart_key.name, "namespace": chart_key.namespace},
            "spec": {
                "chart": template["chart"],
                "interval": template.get("interval").unwrap_or(&spec["interval"]),
                "sourceRef": {"kind": source["kind"], "name": source["name"]},
                "version": template.get("version").unwrap_or(&json!("*")),
            },
        });
        let labels = [
            ("helm.toolkit.fluxcd.io/name", &*self.key.name),
            ("helm.toolkit.fluxcd.io/namespace", &*self.key.namespace),
        ];
        let applied = self.context.store.apply(&manifest, &labels);
        let (_, applied) = applied.map_err(anyhow::Error::msg)?;
        Ok(applied)
    }
}

/// The first update of every reconciliation: `observedGeneration` catches up with the generation that
/// Ready ended at, Reconciling is True, and Stalled is gone.
fn begin(status: &mut StatusEditor<'_>) {
    let ended = status.condition("Ready").and_then(|ready| {
        let reason = text(ready, "/reason").unwrap_or_default();
        let under_way = ["SourceNotReady", "Progressing", "AwaitingTests"].contains(&reason);
        ready["observedGeneration"].as_i64().filter(|_| !under_way)
    });
    // What was suspended was observed since then.
    let observed = status.get("observedGeneration").and_then(Value::as_i64);
    if let Some(ended) = ended.filter(|ended| Some(*ended) > observed) {
        status.put("observedGeneration", json!(ended));
    }
    status.clear(&["Stalled"]);
    let message = "Fulfilling prerequisites";
    status.set("Reconciling", "True", "Progressing", message);
}

const UNOBSERVED: &str = "latest generation of object has not been reconciled";

/// Why a HelmChart cannot be used yet.
fn not_ready(chart: &Value) -> Option<String> {
    let current = |name: &str| condition(chart, name).filter(|found| is_current(chart, found));
    let message = |found: &Value| text(found, "/message").unwrap_or_default().to_owned();
    if let Some(stalled) = current("Stalled") {
        return Some(message(stalled));
    }
    if observed_generation(chart) != generation(chart) {
        return Some(UNOBSERVED.to_owned());
    }
    let ready = current("Ready").filter(|ready| ready["status"] == "False");
    ready.map(message)
}
