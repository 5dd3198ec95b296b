//! The lab's controllers go through what real Flux went through: twelve steps, good and bad, that
//! were recorded from Flux 2.9 are taken again in the lab, and the updates of every object compared.

mod clusters_world;

use std::collections::BTreeMap;
use std::sync::Arc;

use clusters_world::{World, eventually};
use lab::clusters::{Cluster, Event, Pace};
use parking_lot::Mutex;
use serde_json::{Value, json};

const KINDS: [&str; 5] = ["GitRepository", "Kustomization", "HelmRepository", "HelmChart", "HelmRelease"];

/// Where the lab differs from what was recorded, on purpose.
struct Difference {
    kind: &'static str,
    change: Change,
    #[allow(dead_code, reason = "for who reads the table")]
    because: &'static str,
}

enum Change {
    /// Where recorded updates read the first, the lab's read the second.
    Reads(&'static str, &'static str),
    /// Recorded updates that contain all of these have no match in the lab.
    Absent(&'static [&'static str]),
    /// The first such update has no match in the lab; the others do.
    FirstAbsent(&'static [&'static str]),
}

const DIFFERENCES: &[Difference] = &[
    Difference {
        kind: "HelmRelease",
        change: Change::Reads(
            "6.0.2:deployed:rollback:None 6.0.1:superseded:-:None 6.0.4",
            "6.0.2:deployed:rollback:None 6.0.4",
        ),
        because: OLDER_ENTRY,
    },
    Difference {
        kind: "HelmRelease",
        change: Change::Reads(
            "6.0.2:superseded:rollback:Some([\"Succeeded\"]) 6.0.1:superseded:-:None",
            "6.0.2:superseded:rollback:Some([\"Succeeded\"])",
        ),
        because: OLDER_ENTRY,
    },
    Difference {
        kind: "HelmRelease",
        change: Change::Reads(
            "6.0.6:deployed:rollback:None 6.0.2:superseded:-:None 6.0.5",
            "6.0.6:deployed:rollback:None 6.0.5",
        ),
        because: OLDER_ENTRY,
    },
    Difference {
        kind: "HelmRelease",
        change: Change::Reads(
            "6.0.5:superseded:rollback:Some([\"Failed\"]) 6.0.6:superseded:-:Some([\"Succeeded\"]) 6.0.2:superseded:-:None",
            "6.0.5:superseded:rollback:Some([\"Failed\"]) 6.0.6:superseded:-:Some([\"Succeeded\"])",
        ),
        because: OLDER_ENTRY,
    },
    Difference {
        kind: "HelmRelease",
        change: Change::Absent(&["generation 6 ", "attempted \"6.0.6\"", "Ready=Unknown/Progressing"]),
        because: "without the out-of-order entry, no update sorts the history before the upgrade",
    },
    Difference {
        kind: "HelmRelease",
        change: Change::Reads("generation 11 observed 10 ", "generation 11 observed 9 "),
        because: "a suspended release is not looked at, not even to observe that it is suspended",
    },
    Difference {
        kind: "HelmRelease",
        change: Change::FirstAbsent(&["generation 9 observed 9 ", "| Ready=True/TestSucceeded-0 Released"]),
        because: "without the older entry, no update forgets it again",
    },
    Difference {
        kind: "HelmRelease",
        change: Change::Reads(
            "observed 12 suspended false attempted \"6.0.1\" failures null history 6.0.1:deployed:upgrade:Some([\"Succeeded\"]) 6.0.6:superseded:-:Some([\"Succeeded\"]) | Ready=True/TestSucceeded-1 Released",
            "observed 11 suspended false attempted \"6.0.1\" failures null history 6.0.1:deployed:upgrade:Some([\"Succeeded\"]) 6.0.6:superseded:-:Some([\"Succeeded\"]) | Ready=True/TestSucceeded-1 Released",
        ),
        because: "generation 12 is observed when the release is next looked at, not with the next spec",
    },
    Difference {
        kind: "HelmChart",
        change: Change::Reads("generation 9 observed 8 ", "generation 9 observed 7 "),
        because: "what stalls is observed when it is well again; real Flux wrote it with the next spec",
    },
];

const OLDER_ENTRY: &str = "after a rollback real Flux lists one older release, out of order, that it had \
     forgotten before; it says nothing that anyone asks for";

/// The shape of one update: what it says, without the names and times of the day it was recorded on.
fn shape(object: &Value, artifacts: &mut Vec<String>) -> String {
    let generation = object["metadata"]["generation"].as_i64().unwrap();
    let status = &object["status"];
    let mut conditions: Vec<String> = status["conditions"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|condition| {
            let text = |name: &str| condition[name].as_str().unwrap();
            let behind = generation - condition["observedGeneration"].as_i64().unwrap();
            format!("{}={}/{}-{behind}", text("type"), text("status"), text("reason"))
        })
        .collect();
    conditions.sort();
    let mut ordinal = |pointer: &str| {
        let Some(revision) = object.pointer(pointer).and_then(Value::as_str) else {
            return "-".to_owned();
        };
        if !artifacts.iter().any(|known| known == revision) {
            artifacts.push(revision.to_owned());
        }
        format!("#{}", artifacts.iter().position(|known| known == revision).unwrap())
    };
    let revisions = match object["kind"].as_str().unwrap() {
        "Kustomization" => format!(
            "attempted {} applied {}",
            ordinal("/status/lastAttemptedRevision"),
            ordinal("/status/lastAppliedRevision")
        ),
        "HelmRelease" => {
            let entries = status["history"].as_array().into_iter().flatten().map(|entry| {
                let text = |name: &str| entry[name].as_str().unwrap_or("-");
                let tests = entry["testHooks"]
                    .as_object()
                    .map(|hooks| hooks.values().map(|hook| hook["phase"].as_str().unwrap()).collect::<Vec<_>>());
                format!("{}:{}:{}:{tests:?}", text("chartVersion"), text("status"), text("action"))
            });
            format!(
                "attempted {} failures {} history {}",
                status["lastAttemptedRevision"],
                status["failures"],
                entries.collect::<Vec<_>>().join(" ")
            )
        }
        _ => format!("artifact {}", ordinal("/status/artifact/revision")),
    };
    let observed = status["observedGeneration"].as_i64().unwrap_or(-1);
    let suspended = object["spec"]["suspend"] == json!(true);
    format!("generation {generation} observed {observed} suspended {suspended} {revisions} | {}", conditions.join(" "))
}

/// The updates of one object, heartbeats told once: a run of updates that repeats is one.
fn collapse(updates: Vec<String>) -> Vec<String> {
    let mut told: Vec<String> = Vec::new();
    for update in updates {
        if told.last() != Some(&update) {
            told.push(update);
        }
        for length in 1..=4 {
            let count = told.len();
            if count >= 2 * length && told[count - length..] == told[count - 2 * length..count - length] {
                told.truncate(count - length);
            }
        }
    }
    told
}

type Updates = BTreeMap<&'static str, Vec<String>>;

/// The recorded rows: the step and the object.
fn recorded() -> Vec<(String, Value)> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../model/testdata/objects.jsonl");
    let rows = std::fs::read_to_string(path).unwrap();
    rows.lines()
        .map(|row| serde_json::from_str::<Value>(row).unwrap())
        .map(|row| (row["step"].as_str().unwrap().to_owned(), row["object"].clone()))
        .collect()
}

fn updates(rows: &[(String, Value)]) -> Updates {
    let mut updates = Updates::new();
    let mut artifacts: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (_, object) in rows {
        let Some(kind) = KINDS.into_iter().find(|kind| object["kind"] == json!(kind)) else {
            continue;
        };
        let shaped = shape(object, artifacts.entry(kind).or_default());
        updates.entry(kind).or_default().push(shaped);
    }
    updates
}

/// The recorded updates as the table of differences lets one expect them of the lab.
fn expected(kind: &str, mut updates: Vec<String>) -> Vec<String> {
    for difference in DIFFERENCES.iter().filter(|difference| difference.kind == kind) {
        let before = updates.clone();
        match difference.change {
            Change::Reads(recorded, lab) => {
                for update in &mut updates {
                    *update = update.replace(recorded, lab);
                }
            }
            Change::Absent(parts) => {
                updates.retain(|update| !parts.iter().all(|part| update.contains(part)));
            }
            Change::FirstAbsent(parts) => {
                let first = |update: &String| parts.iter().all(|part| update.contains(part));
                updates.remove(updates.iter().position(first).expect(difference.because));
            }
        }
        assert_ne!(before, updates, "this difference is none: {}", difference.because);
    }
    updates
}

/// Both sequences side by side: ` ` in both, `-` recorded only, `+` in the lab only.
fn compare(expected: &str, found: &str) -> String {
    let (left, right): (Vec<&str>, Vec<&str>) = (expected.lines().collect(), found.lines().collect());
    let mut lengths = vec![vec![0; right.len() + 1]; left.len() + 1];
    for i in (0..left.len()).rev() {
        for j in (0..right.len()).rev() {
            lengths[i][j] = if left[i] == right[j] {
                lengths[i + 1][j + 1] + 1
            } else {
                lengths[i + 1][j].max(lengths[i][j + 1])
            };
        }
    }
    let (mut i, mut j, mut told) = (0, 0, String::new());
    while i < left.len() || j < right.len() {
        if i < left.len() && j < right.len() && left[i] == right[j] {
            told.push_str(&format!("  {}\n", left[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == right.len() || (i < left.len() && lengths[i + 1][j] >= lengths[i][j + 1]) {
            told.push_str(&format!("- {}\n", left[i]));
            i += 1;
        } else {
            told.push_str(&format!("+ {}\n", right[j]));
            j += 1;
        }
    }
    told
}

const SOURCES: &str = r#"
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: repo, namespace: podinfo}
spec: {interval: 10s, url: "https://github.com/demo/podinfo", ref: {branch: main}}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: uat, namespace: podinfo}
spec: {interval: 10s, path: ./environments/uat, prune: true, sourceRef: {kind: GitRepository, name: repo}}
"#;

fn release(version: &str) -> String {
    format!(
        r#"
apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmRepository
metadata: {{name: podinfo, namespace: podinfo}}
spec: {{interval: 10s, url: "https://demo.github.io/podinfo/"}}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {{name: podinfo, namespace: podinfo}}
spec:
  interval: 10s
  timeout: 15s
  chart: {{spec: {{chart: podinfo, version: {version}, interval: 10s, sourceRef: {{kind: HelmRepository, name: podinfo}}}}}}
  install: {{remediation: {{retries: 1}}}}
  upgrade: {{remediation: {{retries: 0, remediateLastFailure: true}}}}
  test: {{enable: true}}
"#
    )
}

/// The lab while the steps are taken.
struct Run {
    world: World,
    cluster: Cluster,
    updates: Arc<Mutex<Vec<(String, Value)>>>,
    step: Arc<Mutex<String>>,
}

impl Run {
    async fn begin(first: &str) -> Self {
        let world = World::new().await;
        for version in ["6.0.0", "6.0.1", "6.0.2", "6.0.3", "6.0.4", "6.0.5", "6.0.6"] {
            world.release(version);
        }
        world.push("clusters/uat/sources.yaml", SOURCES, "sources");
        world.push("environments/uat/podinfo.yaml", &release("6.0.0"), "uat 6.0.0");
        let cluster = world.cluster("uat", Pace::instant(), 4096).await;
        let updates = Arc::new(Mutex::new(Vec::new()));
        let step = Arc::new(Mutex::new(first.to_owned()));
        let (past, mut events) = cluster.store().since(1).unwrap();
        let keep = {
            let (updates, step) = (Arc::clone(&updates), Arc::clone(&step));
            move |event: &Event| updates.lock().push((step.lock().clone(), (*event.object).clone()))
        };
        past.iter().for_each(|event| keep(event));
        tokio::spawn(async move {
            while let Ok(event) = events.recv().await {
                keep(&event);
            }
        });
        Self { world, cluster, updates, step }
    }

    fn object(&self, kind: &str) -> Value {
        let name = |object: &Value| object["kind"] == json!(kind);
        let updates = self.updates.lock();
        updates.iter().rev().map(|(_, object)| object).find(|object| name(object)).cloned().unwrap_or_default()
    }

    /// The reason that Ready gives at the present generation, once nothing is under way.
    fn outcome(&self, kind: &str) -> Option<String> {
        let object = self.object(kind);
        let condition = |name: &str| {
            let conditions = object["status"]["conditions"].as_array()?;
            conditions.iter().find(|condition| condition["type"] == json!(name)).cloned()
        };
        let ready = condition("Ready")?;
        let settled = condition("Reconciling").is_none()
            && ready["observedGeneration"] == object["metadata"]["generation"];
        settled.then(|| ready["reason"].as_str().unwrap().to_owned())
    }

    async fn until_release(&self, version: &str, outcome: &str) {
        eventually(&format!("{version} {outcome}: {:#}", self.object("HelmRelease")["status"]), || {
            let wanted = self.object("HelmRelease")["spec"]["chart"]["spec"]["version"] == json!(version);
            (wanted && self.outcome("HelmRelease").as_deref() == Some(outcome)).then_some(())
        })
        .await;
    }

    fn enter(&self, step: &str) {
        *self.step.lock() = step.to_owned();
    }

    fn declare(&self, step: &str, version: &str) {
        self.enter(step);
        self.world.push("environments/uat/podinfo.yaml", &release(version), &format!("uat {version}"));
        self.cluster.signal(lab::clusters::Signal::Git);
    }

    /// One interval, in which everything that beats beats once, and is quiet again.
    async fn heartbeat(&self) {
        let beats = |run: &Self| {
            let updates = run.updates.lock();
            let of = updates.iter().filter(|(_, object)| object["kind"] == json!("Kustomization"));
            of.count()
        };
        self.quiet().await;
        let before = beats(self);
        self.world.let_an_interval_pass(&self.cluster);
        eventually("the Kustomization's heartbeat", || (beats(self) >= before + 3).then_some(())).await;
        self.quiet().await;
    }

    /// Until no object has changed for a while.
    async fn quiet(&self) {
        let mut last = (0, tokio::time::Instant::now());
        eventually("quiet", || {
            let count = self.updates.lock().len();
            if count != last.0 {
                last = (count, tokio::time::Instant::now());
            }
            (last.1.elapsed() > std::time::Duration::from_millis(250)).then_some(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_lab_takes_the_recorded_steps_as_flux_took_them() {
    let recorded = recorded();
    let mut names: Vec<&str> = recorded.iter().map(|(step, _)| step.as_str()).collect();
    names.dedup();
    let [install, good_1, refused, good_2, never_ready, good_6, tests_fail, missing, back, suspended, resumed, broken, repaired] =
        names[..]
    else {
        panic!("the recorded steps are {names:#?}");
    };
    let run = Run::begin(install).await;
    run.until_release("6.0.0", "TestSucceeded").await;
    run.heartbeat().await;

    run.declare(good_1, "6.0.1");
    run.until_release("6.0.1", "TestSucceeded").await;
    run.heartbeat().await;

    for (step, version, good_step, good) in [(refused, "6.0.3", good_2, "6.0.2"), (never_ready, "6.0.4", good_6, "6.0.6")] {
        run.world.faults.order("helm-upgrade-fails", Some("uat")).unwrap();
        run.declare(step, version);
        run.until_release(version, "RollbackSucceeded").await;
        run.heartbeat().await;
        run.declare(good_step, good);
        run.until_release(good, "TestSucceeded").await;
        run.heartbeat().await;
    }

    *run.world.app.unwell.lock() = true;
    run.declare(tests_fail, "6.0.5");
    run.until_release("6.0.5", "RollbackSucceeded").await;
    *run.world.app.unwell.lock() = false;
    run.heartbeat().await;

    run.declare(missing, "6.9.9");
    eventually("the release says which chart is missing", || {
        let status = run.object("HelmRelease")["status"].to_string();
        status.contains("no 'podinfo' chart with version matching '6.9.9' found").then_some(())
    })
    .await;
    run.heartbeat().await;

    run.declare(back, "6.0.6");
    run.until_release("6.0.6", "TestSucceeded").await;
    run.heartbeat().await;

    run.enter(suspended);
    let key = lab::clusters::Key::of(&run.object("HelmRelease")).unwrap();
    run.cluster.store().merge_patch(&key, &json!({"spec": {"suspend": true}}));
    run.declare(suspended, "6.0.1");
    run.until_release("6.0.1", "TestSucceeded").await;
    run.heartbeat().await;

    run.enter(resumed);
    run.cluster.store().merge_patch(&key, &json!({"spec": {"suspend": false}}));
    run.quiet().await;
    let kustomization = lab::clusters::Key::of(&run.object("Kustomization")).unwrap();
    let now = json!({"reconcile.fluxcd.io/requestedAt": "now"});
    run.cluster.store().merge_patch(&kustomization, &json!({"metadata": {"annotations": now}}));
    run.heartbeat().await;

    run.enter(broken);
    run.world.push("environments/uat/podinfo.yaml", "a: [1\nb: }\n", "broken");
    run.cluster.signal(lab::clusters::Signal::Git);
    eventually("the Kustomization says that the build failed", || {
        run.object("Kustomization")["status"].to_string().contains("BuildFailed").then_some(())
    })
    .await;
    run.heartbeat().await;

    run.declare(repaired, "6.0.1");
    eventually("the Kustomization is well again", || {
        (run.outcome("Kustomization").as_deref() == Some("ReconciliationSucceeded")).then_some(())
    })
    .await;
    run.heartbeat().await;

    let mut recorded = updates(&recorded);
    let mut taken = updates(&run.updates.lock());
    for kind in KINDS {
        let expected = collapse(expected(kind, recorded.remove(kind).unwrap())).join("\n");
        let found = collapse(taken.remove(kind).unwrap()).join("\n");
        assert!(expected == found, "{kind}:\n{}", compare(&expected, &found));
    }
}
