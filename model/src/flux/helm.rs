//! HelmRelease: the chart that Helm is to deploy, and the releases that it deployed.

use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::{Map, Value};

use super::kind::{Kind, SourceKind};
use super::object::{Condition, NEW_SPEC_NOT_LOOKED_AT, NOT_LOOKED_AT, Object, Outcome};
use super::object_ref::ObjectRef;
use crate::pipeline::ObjectName;
use crate::{AppVersion, ChartVersion, Timestamp};

/// One revision of a Helm release, from `status.history`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Helm's revision number, from 1; 0 where Flux gives none.
    pub number: u64,
    pub chart: ChartVersion,
    /// The app version that the chart names.
    pub app: AppVersion,
    /// Helm's status: `deployed`, `failed`, `superseded` …
    pub status: String,
    /// `install`, `upgrade` or `rollback`.
    pub action: Option<String>,
    /// When Helm began to deploy it.
    pub at: Option<Timestamp>,
    /// The number of test hooks that succeeded; `None` where no tests ran.
    pub tests_passed: Option<usize>,
    /// Whether a test hook failed.
    pub test_failed: bool,
    /// When the last test hook ended.
    pub tested_at: Option<Timestamp>,
}

/// The state of a HelmRelease (`helm.toolkit.fluxcd.io/v2`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HelmReleaseReading {
    /// The version or range of `spec.chart`; `*` with a `chart_ref`, whose own spec decides.
    pub constraint: String,
    /// `spec.chartRef`: an OCIRepository or a HelmChart.
    pub chart_ref: Option<ObjectRef>,
    /// `spec.suspend`.
    pub suspended: bool,
    /// Whether Flux does not retry by itself (`Stalled`).
    pub stalled: bool,
    /// Whether a reconciliation is under way (`Reconciling`).
    pub reconciling: bool,
    /// Whether the tests of the chart run after each action (`spec.test.enable`).
    pub tests_wanted: bool,
    /// Whether a test of the current release failed and is ignored (`spec.test.ignoreFailures`).
    pub test_failure_ignored: bool,
    /// The changes made in the cluster after Helm deployed, where `spec.driftDetection` is on.
    pub drift: Option<String>,
    /// The HelmChart that the chart comes from.
    pub chart: Option<ObjectName>,
    /// The outcome of the last attempt at the current spec.
    pub outcome: Outcome,
    /// The newest entry of the history with status `deployed`.
    pub deployed: Option<Snapshot>,
    /// The chart version of the last attempt.
    pub attempted: Option<ChartVersion>,
    /// Whether the attempt was given up and the release before it restored.
    pub rolled_back: bool,
    /// The condition `Released`: how the last install or upgrade ended. The time in a history entry is that
    /// of its beginning.
    pub released: Option<Condition>,
    /// The condition `Remediated`: how the rollback or removal of a failed release ended.
    pub remediated: Option<Condition>,
    /// Newest first, as far back as Flux keeps it.
    pub history: Vec<Snapshot>,
    pub ready: Option<Condition>,
    /// The digest of the part of the spec that Helm acts on.
    spec: u64,
    /// The digest at the last success.
    succeeded_spec: Option<u64>,
}

impl HelmReleaseReading {
    /// Reads one update, after the reading before it.
    ///
    /// `status.observedGeneration` lags behind, so that only the generation of `Ready` counts. Just after a
    /// change of the spec `Ready` still describes the old one, which is read as under way.
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
            reconciling: object.is_true("Reconciling"),
            tests_wanted: object.flag("/spec/test/enable"),
            test_failure_ignored: object.flag("/spec/test/ignoreFailures")
                && tested.is_some_and(|tested| tested.is("False")),
            drift: drift(&object),
            chart: match &chart_ref {
                Some(source) => (source.kind == Kind::HelmChart).then(|| source.name.clone()),
                None => object
                    .text("/status/helmChart")
                    .and_then(|name| name.split_once('/'))
                    .map(|(namespace, name)| ObjectName::new(namespace, name)),
            },
            chart_ref,
            deployed: history
                .iter()
                .find(|entry| entry.status == "deployed")
                .cloned(),
            attempted: object
                .text("/status/lastAttemptedRevision")
                .and_then(|revision| ChartVersion::from_revision(revision).ok()),
            released: object.condition("Released"),
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

    /// Returns the object that the chart comes from: an OCIRepository or a HelmChart.
    #[must_use]
    pub fn chart_object(&self) -> Option<ObjectRef> {
        let chart = self.chart.as_ref();
        let chart = || chart.map(|name| ObjectRef::new(Kind::HelmChart, name));
        self.chart_ref.clone().or_else(chart)
    }

    /// Returns when the last install or upgrade succeeded.
    #[must_use]
    pub fn released_at(&self) -> Option<Timestamp> {
        let released = self.released.as_ref()?;
        released.since.filter(|_| released.is("True"))
    }
}

fn outcome(object: &Object<'_>, ready: Option<&Condition>, spec_succeeded_before: bool) -> Outcome {
    let generation = object.generation;
    let Some(ready) = ready else {
        return Outcome::progressing(NOT_LOOKED_AT);
    };
    if !ready.at(generation) {
        // A generation that changed nothing that Helm acts on (suspend and resume) does not undo the success.
        return if spec_succeeded_before && ready.is("True") {
            Outcome::Succeeded
        } else {
            Outcome::progressing(NEW_SPEC_NOT_LOOKED_AT)
        };
    }
    let released = object.condition("Released");
    let tested = object.condition("TestSuccess");
    let stalled = object.stalled();
    let failure = || {
        // The message of Ready after a rollback is that of the rollback; the failed step has the cause.
        let step = [tested.as_ref(), released.as_ref()]
            .into_iter()
            .flatten()
            .find(|step| step.is("False") && step.at(generation))
            .filter(|_| !ready.is("False") || is_helms(&ready.reason))
            .or(stalled.as_ref().filter(|_| !ready.is("False")))
            .unwrap_or(ready);
        Outcome::failed(step)
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
                Outcome::progressing("waiting for the chart's tests")
            } else {
                Outcome::Succeeded
            }
        }
        "False" => {
            let reconciling = object.is_true("Reconciling");
            let waiting = matches!(
                ready.reason.as_str(),
                "SourceNotReady" | "DependencyNotReady"
            );
            if waiting && reconciling || ready.reason == "HealthCheckCanceled" {
                Outcome::progressing(&ready.message)
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
                Outcome::progressing(&ready.message)
            }
        }
    }
}

/// Whether a reason is about an action of Helm, not about the preparation of one.
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

fn chart_ref(object: &Object<'_>) -> Option<ObjectRef> {
    let kind = Kind::named(object.text("/spec/chartRef/kind")?)?;
    let name = object.reference("/spec/chartRef")?;
    let allowed = [Kind::Source(SourceKind::OCIRepository), Kind::HelmChart];
    allowed.contains(&kind).then_some(ObjectRef { kind, name })
}

/// Returns what was changed. Flux leaves the condition in place when drift detection is switched off.
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
    let text = |name: &str| entry[name].as_str();
    let hooks = entry["testHooks"].as_object();
    Some(Snapshot {
        number: entry["version"].as_u64().unwrap_or(0),
        chart: ChartVersion::from_revision(text("chartVersion")?).ok()?,
        app: AppVersion(text("appVersion").unwrap_or_default().to_owned()),
        status: text("status").unwrap_or_default().to_owned(),
        action: text("action").map(ToOwned::to_owned),
        at: text("lastDeployed").and_then(|at| Timestamp::parse(at).ok()),
        tests_passed: hooks.map(|hooks| in_phase(hooks, "Succeeded")),
        test_failed: hooks.is_some_and(|hooks| in_phase(hooks, "Failed") > 0),
        tested_at: hooks.and_then(|hooks| {
            let ended = |hook: &Value| Timestamp::parse(hook["lastCompleted"].as_str()?).ok();
            hooks.values().filter_map(ended).max()
        }),
    })
}

fn in_phase(hooks: &Map<String, Value>, phase: &str) -> usize {
    let phases = hooks
        .values()
        .filter_map(|hook| hook.get("phase")?.as_str());
    phases.filter(|one| *one == phase).count()
}

/// Returns a digest of the spec without the fields that only decide when Flux reconciles.
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
