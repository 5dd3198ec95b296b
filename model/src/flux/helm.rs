//! HelmRelease: what is asked of Helm, and what Helm made of it.

use std::hash::{DefaultHasher, Hash, Hasher};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Condition, Object, Outcome};
use crate::pipeline::{ChartSourceKind, ObjectName};
use crate::{AppVersion, ChartVersion, Timestamp};

/// A release that Helm holds, from `status.history`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The chart's version.
    pub chart: ChartVersion,
    /// The app version that the chart names.
    pub app: AppVersion,
    /// Helm's status: `deployed`, `failed`, `superseded` …
    pub status: String,
    /// What made it: `install`, `upgrade`, `rollback`.
    pub action: Option<String>,
    /// When Helm deployed it.
    pub at: Option<Timestamp>,
    /// How many test hooks succeeded, where tests ran.
    pub tests_passed: Option<usize>,
    /// When the last of them ended.
    #[serde(default)]
    pub tested_at: Option<Timestamp>,
}

/// What a HelmRelease says (`helm.toolkit.fluxcd.io/v2`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HelmReleaseReading {
    /// The version or range that its spec asks for; with a `chart_ref`, that one's spec asks.
    pub constraint: String,
    /// The source that it takes its chart from as it is (`spec.chartRef`).
    #[serde(default)]
    pub chart_ref: Option<(ChartSourceKind, ObjectName)>,
    /// Whether `spec.suspend` is set.
    pub suspended: bool,
    /// Whether Flux says that it will not try again by itself.
    #[serde(default)]
    pub stalled: bool,
    /// Whether the chart's tests are run after each action (`spec.test.enable`).
    #[serde(default)]
    pub tests_wanted: bool,
    /// Whether a test of the present release failed and that is to be ignored (`spec.test.ignoreFailures`).
    #[serde(default)]
    pub test_failure_ignored: bool,
    /// What was changed in the cluster after Helm deployed it, where Flux looks for that
    /// (`spec.driftDetection`).
    #[serde(default)]
    pub drift: Option<String>,
    /// The HelmChart that it waits for.
    pub chart: Option<ObjectName>,
    /// How the last attempt at the present spec ended.
    pub outcome: Outcome,
    /// The newest entry of the history with status `deployed`.
    pub deployed: Option<Snapshot>,
    /// The chart version that was last tried.
    pub attempted: Option<ChartVersion>,
    /// Whether Flux has given the attempt up and put the release before it back.
    pub rolled_back: bool,
    /// When the last install or upgrade ended well; a history entry's own time is when it began.
    #[serde(default)]
    pub released_at: Option<Timestamp>,
    /// Its Remediated condition: how the rollback or the removal of what failed ended.
    #[serde(default)]
    pub remediated: Option<Condition>,
    /// The history, newest first, at most as much as Flux keeps.
    pub history: Vec<Snapshot>,
    /// Its Ready condition.
    pub ready: Option<Condition>,
    /// The digest of the part of the spec that Helm acts on.
    spec: u64,
    /// That digest at the last success.
    succeeded_spec: Option<u64>,
}

impl HelmReleaseReading {
    /// Reads one update.
    ///
    /// `status.observedGeneration` lags behind, so only Ready's own generation counts, and just after a
    /// change of spec Ready still speaks of the old one: green to a naive reader, under way to this one.
    #[must_use]
    pub fn read(object: &Value, previous: Option<&Self>) -> Self {
        let spec = digest_of_spec(object);
        let object = Object::new(object);
        let ready = object.condition("Ready");
        let history = history(object.value);
        let succeeded_before = previous.and_then(|previous| previous.succeeded_spec);
        let outcome = outcome(&object, ready.as_ref(), succeeded_before == Some(spec));
        let remediated = object.condition("Remediated");
        let tested = object.condition("TestSuccess");
        let chart_ref = chart_ref(&object);
        Self {
            constraint: object
                .text("/spec/chart/spec/version")
                .unwrap_or("*")
                .to_owned(),
            suspended: object.flag("/spec/suspend"),
            stalled: object.stalled().is_some(),
            tests_wanted: object.flag("/spec/test/enable"),
            test_failure_ignored: object.flag("/spec/test/ignoreFailures")
                && tested.is_some_and(|tested| tested.is("False")),
            drift: drift(&object),
            chart: match &chart_ref {
                Some((ChartSourceKind::HelmChart, name)) => Some(name.clone()),
                Some(_) => None,
                None => object
                    .text("/status/helmChart")
                    .and_then(|name| name.split_once('/'))
                    .map(|(namespace, name)| ObjectName {
                        namespace: namespace.to_owned(),
                        name: name.to_owned(),
                    }),
            },
            chart_ref,
            deployed: history
                .iter()
                .find(|entry| entry.status == "deployed")
                .cloned(),
            attempted: object
                .text("/status/lastAttemptedRevision")
                .and_then(|revision| ChartVersion::from_revision(revision).ok()),
            released_at: object
                .condition("Released")
                .filter(|released| released.is("True"))
                .and_then(|released| released.since),
            rolled_back: remediated
                .as_ref()
                .is_some_and(|done| done.is("True") && done.reason == "RollbackSucceeded"),
            remediated: remediated.filter(|condition| condition.at(object.generation)),
            succeeded_spec: if outcome == Outcome::Succeeded {
                Some(spec)
            } else {
                succeeded_before
            },
            outcome,
            history,
            ready,
            spec,
        }
    }
}

fn outcome(object: &Object<'_>, ready: Option<&Condition>, spec_succeeded_before: bool) -> Outcome {
    let generation = object.generation;
    let Some(ready) = ready else {
        return Outcome::Progressing {
            message: "Flux has not looked at it yet".into(),
        };
    };
    if !ready.at(generation) {
        // A generation that changed nothing Helm acts on (suspend and resume) does not undo the proof.
        return if spec_succeeded_before && ready.is("True") {
            Outcome::Succeeded
        } else {
            Outcome::Progressing {
                message: "Flux has not looked at the new spec yet".into(),
            }
        };
    }
    let released = object.condition("Released");
    let tested = object.condition("TestSuccess");
    let stalled = object.stalled();
    let failure = || {
        // Ready's own message after a rollback reads like good news; the failed step tells why.
        let step = [tested.as_ref(), released.as_ref()]
            .into_iter()
            .flatten()
            .find(|step| step.is("False") && step.at(generation))
            .filter(|_| !ready.is("False") || is_helms(&ready.reason))
            .or(stalled.as_ref().filter(|_| !ready.is("False")))
            .unwrap_or(ready);
        Outcome::Failed {
            reason: step.reason.clone(),
            message: step.message.clone(),
        }
    };
    match ready.status.as_str() {
        "True" => {
            let tests_wanted = object.flag("/spec/test/enable");
            let tests_ignored = object.flag("/spec/test/ignoreFailures") && tested.is_some();
            let tests_passed = tested.as_ref().is_some_and(|tested| tested.is("True"));
            if released
                .as_ref()
                .is_some_and(|released| released.is("False"))
            {
                failure()
            } else if tests_wanted && !tests_passed && !tests_ignored {
                Outcome::Progressing {
                    message: "waiting for the chart's tests".into(),
                }
            } else {
                Outcome::Succeeded
            }
        }
        "False" => {
            let reconciling = object
                .condition("Reconciling")
                .is_some_and(|condition| condition.is("True"));
            let waiting = matches!(
                ready.reason.as_str(),
                "SourceNotReady" | "DependencyNotReady"
            );
            if waiting && reconciling || ready.reason == "HealthCheckCanceled" {
                Outcome::Progressing {
                    message: ready.message.clone(),
                }
            } else {
                failure()
            }
        }
        _ => {
            let retrying = object.integer("/status/failures").unwrap_or(0) > 0
                && object.integer("/status/lastAttemptedGeneration") == Some(generation)
                && released
                    .as_ref()
                    .is_some_and(|released| released.is("False") && released.at(generation));
            if retrying || stalled.is_some() {
                failure()
            } else {
                Outcome::Progressing {
                    message: ready.message.clone(),
                }
            }
        }
    }
}

/// Whether a reason is about a step that Helm took, and not about what comes before it.
pub(crate) fn is_helms(reason: &str) -> bool {
    let step = reason
        .strip_suffix("Failed")
        .or_else(|| reason.strip_suffix("Succeeded"));
    step.is_some_and(|step| {
        matches!(
            step,
            "Install" | "Upgrade" | "Test" | "Rollback" | "Uninstall"
        )
    })
}

fn chart_ref(object: &Object<'_>) -> Option<(ChartSourceKind, ObjectName)> {
    let kind = match object.text("/spec/chartRef/kind")? {
        "OCIRepository" => ChartSourceKind::OCIRepository,
        "HelmChart" => ChartSourceKind::HelmChart,
        _ => return None,
    };
    Some((kind, object.reference("/spec/chartRef")?))
}

/// What Flux says was changed. It leaves the word standing when it is told not to look any more.
fn drift(object: &Object<'_>) -> Option<String> {
    let looks = matches!(
        object.text("/spec/driftDetection/mode"),
        Some("warn" | "enabled")
    );
    let drifted = object.condition("Drifted").filter(|_| looks)?;
    (drifted.is("True") && drifted.at(object.generation)).then_some(drifted.message)
}

fn history(object: &Value) -> Vec<Snapshot> {
    let entries = object.pointer("/status/history").and_then(Value::as_array);
    entries.into_iter().flatten().filter_map(snapshot).collect()
}

fn snapshot(entry: &Value) -> Option<Snapshot> {
    let text = |name: &str| entry.get(name).and_then(Value::as_str);
    let hooks = entry.get("testHooks").and_then(Value::as_object);
    Some(Snapshot {
        chart: ChartVersion::from_revision(text("chartVersion")?).ok()?,
        app: AppVersion(text("appVersion").unwrap_or_default().to_owned()),
        status: text("status").unwrap_or_default().to_owned(),
        action: text("action").map(ToOwned::to_owned),
        at: text("lastDeployed").and_then(|at| Timestamp::parse(at).ok()),
        tests_passed: hooks.map(|hooks| {
            let passed =
                |hook: &&Value| hook.get("phase").and_then(Value::as_str) == Some("Succeeded");
            hooks.values().filter(passed).count()
        }),
        tested_at: hooks.and_then(|hooks| {
            let ended = |hook: &Value| {
                let at = hook.get("lastCompleted").and_then(Value::as_str)?;
                Timestamp::parse(at).ok()
            };
            hooks.values().filter_map(ended).max()
        }),
    })
}

/// A digest of the spec without what only tells Flux when to look.
fn digest_of_spec(object: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    if let Some(spec) = object.get("spec").and_then(Value::as_object) {
        for (name, value) in spec
            .iter()
            .filter(|(name, _)| !matches!(name.as_str(), "suspend" | "interval"))
        {
            name.hash(&mut hasher);
            value.to_string().hash(&mut hasher);
        }
    }
    hasher.finish()
}
