//! HelmRelease: waits for its chart, then installs, upgrades, tests and rolls back. Which updates
//! follow one another, and what each leaves behind, is as recorded from helm-controller 1.6.

mod actions;
mod history;
mod rollout;
mod testing;

pub(super) use self::history::past;

use std::time::Duration;

use serde_json::{Value, json};

use self::actions::Attempt;
use self::history::History;
use super::{Context, Next};
use crate::clusters::charts::{Chart, overlay};
use crate::clusters::conditions::Status;
use crate::clusters::kinds::HELM_CHART;
use crate::clusters::object::{Key, condition, duration, generation, go_duration, is_true, text};
use crate::clusters::store::Applied;

pub(super) async fn reconcile(
    context: &Context,
    key: &Key,
    object: &Value,
) -> anyhow::Result<Next> {
    let next = Next::After(context.interval(object, "/spec/interval"));
    let chart_key = Key::new(
        &HELM_CHART,
        &key.namespace,
        &format!("{}-{}", key.namespace, key.name),
    );
    let revision_before = given_up(object);
    let templated = apply_chart(context, key, object, &chart_key)?;
    let chart_object = context.store.get(&chart_key);
    let chart_object = chart_object.as_deref().unwrap_or(&Value::Null);
    // Given up on this very chart: nothing happens until the spec or the chart changes.
    if templated == Applied::Unchanged
        && revision_before.is_some_and(|revision| {
            text(chart_object, "/status/artifact/revision") == Some(revision)
        })
    {
        return Ok(Next::WhenTriggered);
    }
    context.edit(key, begin).await;

    let unready = if templated == Applied::Unchanged {
        not_ready(chart_object)
    } else {
        Some("latest generation of object has not been reconciled".to_owned())
    };
    let chart = context
        .artifacts
        .chart(&chart_key)
        .filter(|_| unready.is_none());
    let Some(chart) = chart else {
        let why = unready.unwrap_or_else(|| "artifact not found".to_owned());
        let message = format!("HelmChart '{}' is not ready: {why}", chart_key.path());
        context
            .edit(key, |status| {
                status.set("Ready", "False", "SourceNotReady", &message);
                status.put("helmChart", json!(chart_key.path()));
            })
            .await;
        return Ok(Next::After(context.pace.retry));
    };

    let values = object["spec"].get("values").cloned();
    let config = match &values {
        Some(values) if values.as_object().is_some_and(|values| !values.is_empty()) => {
            values.to_string()
        }
        _ => String::new(),
    };
    let attempt = Attempt {
        context,
        key,
        chart: &chart,
        values: overlay(chart.values.clone(), &values.unwrap_or_else(|| json!({}))),
        config_digest: format!("sha256:{}", crate::clusters::sha256(config.as_bytes())),
        timeout: go_duration(duration(object, "/spec/timeout").unwrap_or(Duration::from_secs(300))),
        tests: object.pointer("/spec/test/enable") == Some(&json!(true)),
        retries: retries(object),
        detects_drift: matches!(
            text(object, "/spec/driftDetection/mode"),
            Some("warn" | "enabled")
        ),
    };
    decide(&attempt, object, &chart).await;
    Ok(next)
}

/// What the last release, what is asked for now and the tests add up to.
async fn decide(attempt: &Attempt<'_>, object: &Value, chart: &Chart) {
    let history = History::of(object);
    let Some(latest) = history.latest() else {
        return attempt.install().await;
    };
    let asked_for = latest["chartVersion"] == json!(chart.version)
        && latest["configDigest"] == json!(attempt.config_digest)
        && latest["status"] == json!("deployed");
    if !asked_for {
        return attempt.upgrade().await;
    }
    let tested = latest.get("testHooks").is_some() && is_true(object, "TestSuccess");
    let untested_by_choice = !attempt.tests || chart.tests.is_empty();
    if tested || (untested_by_choice && is_true(object, "Released")) {
        attempt.in_sync().await;
    } else {
        attempt.test_again().await;
    }
}

/// The revision that the controller has given up on at this generation; none when someone asks it to
/// begin anew, by the annotation `resetAt` with the value of `requestedAt`.
fn given_up(object: &Value) -> Option<&str> {
    let annotation = |name: &str| {
        text(
            object,
            &format!("/metadata/annotations/reconcile.fluxcd.io~1{name}"),
        )
    };
    let reset = annotation("resetAt").filter(|reset| annotation("requestedAt") == Some(reset));
    if reset.is_some() && reset != text(object, "/status/lastHandledReconcileAt") {
        return None;
    }
    let stalled = condition(object, "Stalled")?;
    (stalled["status"] == json!("True")
        && stalled["observedGeneration"] == json!(generation(object)))
    .then(|| text(object, "/status/lastAttemptedRevision"))
    .flatten()
}

fn retries(object: &Value) -> i64 {
    object
        .pointer("/spec/upgrade/remediation/retries")
        .and_then(Value::as_i64)
        .unwrap_or_default()
}

/// The first update of every look: `observedGeneration` catches up with the generation that Ready
/// had come to an end at, and Reconciling is True. What was given up is no longer.
fn begin(status: &mut Status<'_>) {
    let ended = status.condition("Ready").and_then(|ready| {
        let reason = text(ready, "/reason").unwrap_or_default();
        let under_way = ["SourceNotReady", "Progressing", "AwaitingTests"].contains(&reason);
        ready
            .get("observedGeneration")
            .filter(|_| !under_way)
            .cloned()
    });
    // What was suspended was observed since then.
    let observed = status.get("observedGeneration").and_then(Value::as_i64);
    if let Some(ended) = ended.filter(|ended| ended.as_i64() > observed) {
        status.put("observedGeneration", ended);
    }
    status.clear(&["Stalled"]);
    status.set(
        "Reconciling",
        "True",
        "Progressing",
        "Fulfilling prerequisites",
    );
}

/// Makes the HelmChart be as `spec.chart` says.
fn apply_chart(
    context: &Context,
    key: &Key,
    object: &Value,
    chart_key: &Key,
) -> anyhow::Result<Applied> {
    let template = object
        .pointer("/spec/chart/spec")
        .cloned()
        .unwrap_or_default();
    let interval = template
        .get("interval")
        .or_else(|| object.pointer("/spec/interval"))
        .cloned();
    let manifest = json!({
        "apiVersion": HELM_CHART.api_version(), "kind": HELM_CHART.kind,
        "metadata": {"name": chart_key.name, "namespace": chart_key.namespace},
        "spec": {
            "chart": template["chart"], "interval": interval,
            "reconcileStrategy": template["reconcileStrategy"],
            "sourceRef": {"kind": template["sourceRef"]["kind"], "name": template["sourceRef"]["name"]},
            "version": template.get("version").cloned().unwrap_or(json!("*")),
        },
    });
    let labels = [
        ("helm.toolkit.fluxcd.io/name", key.name.as_str()),
        ("helm.toolkit.fluxcd.io/namespace", key.namespace.as_str()),
    ];
    let (_, applied) = context
        .store
        .apply(&manifest, &labels)
        .map_err(anyhow::Error::msg)?;
    Ok(applied)
}

/// Why a chart cannot be used yet.
fn not_ready(chart: &Value) -> Option<String> {
    let generation = generation(chart);
    let at_generation = |name: &str| {
        condition(chart, name).filter(|found| found["observedGeneration"] == json!(generation))
    };
    let message = |found: &Value| text(found, "/message").unwrap_or_default().to_owned();
    if let Some(stalled) = at_generation("Stalled") {
        return Some(message(stalled));
    }
    if crate::clusters::object::observed_generation(chart) != generation {
        return Some("latest generation of object has not been reconciled".to_owned());
    }
    at_generation("Ready")
        .filter(|ready| ready["status"] == json!("False"))
        .map(message)
}
