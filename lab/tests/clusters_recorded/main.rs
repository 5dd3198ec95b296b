//! The lab's controllers go through what real Flux 2.9 went through, and the updates of every object are
//! compared: here twelve steps, good and bad; in `world` those of the whole world that these lack.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../clusters_world/mod.rs"]
mod clusters_world;
mod differences;
mod shapes;
mod world;

use std::sync::Arc;

use clusters_world::{World, eventually};
use differences::{DIFFERENCES, expected, found};
use lab::clusters::{Cluster, ObjectChange, Timings};
use parking_lot::Mutex;
use serde_json::{Value, json};
use shapes::{KINDS, collapse, compare, recorded, updates};

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
    /// What is declared: a chart's version, as a manifest.
    manifest: fn(&str) -> String,
    world: World,
    cluster: Cluster,
    updates: Arc<Mutex<Vec<(String, Value)>>>,
    step: Arc<Mutex<String>>,
}

impl Run {
    /// Begins with the first of these charts declared.
    async fn begin(first: &str, charts: &[&str], manifest: fn(&str) -> String) -> Self {
        let world = World::new().await;
        for version in charts {
            world.release(version);
        }
        world.push("clusters/uat/sources.yaml", SOURCES, "sources");
        let version = charts[0];
        let message = format!("uat {version}");
        world.push(
            "environments/uat/podinfo.yaml",
            &manifest(version),
            &message,
        );
        let cluster = world.cluster("uat", Timings::instant(), 4096).await;
        let updates = Arc::new(Mutex::new(Vec::new()));
        let step = Arc::new(Mutex::new(first.to_owned()));
        let (past, mut changes) = cluster.store().since(1).unwrap();
        let keep = {
            let (updates, step) = (Arc::clone(&updates), Arc::clone(&step));
            move |change: &ObjectChange| {
                let update = (step.lock().clone(), (*change.object).clone());
                updates.lock().push(update);
            }
        };
        past.iter().for_each(|change| keep(change));
        tokio::spawn(async move {
            while let Ok(change) = changes.recv().await {
                keep(&change);
            }
        });
        Self {
            manifest,
            world,
            cluster,
            updates,
            step,
        }
    }

    fn object(&self, kind: &str) -> Value {
        let name = |object: &Value| object["kind"] == json!(kind);
        let updates = self.updates.lock();
        updates
            .iter()
            .rev()
            .map(|(_, object)| object)
            .find(|object| name(object))
            .cloned()
            .unwrap_or_default()
    }

    /// The reason that Ready gives at the present generation, once nothing is under way.
    fn outcome(&self, kind: &str) -> Option<String> {
        let object = self.object(kind);
        let condition = |name: &str| {
            let conditions = object["status"]["conditions"].as_array()?;
            conditions
                .iter()
                .find(|condition| condition["type"] == json!(name))
                .cloned()
        };
        let ready = condition("Ready")?;
        let settled = condition("Reconciling").is_none()
            && ready["observedGeneration"] == object["metadata"]["generation"];
        settled.then(|| ready["reason"].as_str().unwrap().to_owned())
    }

    async fn until_release(&self, version: &str, outcome: &str) {
        eventually(
            &format!(
                "{version} {outcome}: {:#}",
                self.object("HelmRelease")["status"]
            ),
            || {
                let wanted = self.object("HelmRelease")["spec"]["chart"]["spec"]["version"]
                    == json!(version);
                (wanted && self.outcome("HelmRelease").as_deref() == Some(outcome)).then_some(())
            },
        )
        .await;
    }

    fn enter(&self, step: &str) {
        *self.step.lock() = step.to_owned();
    }

    fn declare(&self, step: &str, version: &str) {
        self.enter(step);
        self.world.push(
            "environments/uat/podinfo.yaml",
            &(self.manifest)(version),
            &format!("uat {version}"),
        );
        self.cluster.trigger(lab::clusters::Trigger::Git);
    }

    /// One interval, in which everything that beats beats once, and is quiet again.
    async fn heartbeat(&self) {
        let beats = |run: &Self| {
            let updates = run.updates.lock();
            let of = updates
                .iter()
                .filter(|(_, object)| object["kind"] == json!("Kustomization"));
            of.count()
        };
        self.quiet().await;
        let before = beats(self);
        self.world.let_an_interval_pass(&self.cluster);
        eventually("the Kustomization's heartbeat", || {
            (beats(self) >= before + 3).then_some(())
        })
        .await;
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
    let [
        install,
        good_1,
        refused,
        good_2,
        never_ready,
        good_6,
        tests_fail,
        missing,
        back,
        suspended,
        resumed,
        broken,
        repaired,
    ] = names[..]
    else {
        panic!("the recorded steps are {names:#?}");
    };
    let charts = [
        "6.0.0", "6.0.1", "6.0.2", "6.0.3", "6.0.4", "6.0.5", "6.0.6",
    ];
    let run = Run::begin(install, &charts, release).await;
    run.until_release("6.0.0", "TestSucceeded").await;
    run.heartbeat().await;

    run.declare(good_1, "6.0.1");
    run.until_release("6.0.1", "TestSucceeded").await;
    run.heartbeat().await;

    for (step, version, good_step, good) in [
        (refused, "6.0.3", good_2, "6.0.2"),
        (never_ready, "6.0.4", good_6, "6.0.6"),
    ] {
        run.world
            .faults
            .order("helm-upgrade-fails", Some("uat"))
            .unwrap();
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
        status
            .contains("no 'podinfo' chart with version matching '6.9.9' found")
            .then_some(())
    })
    .await;
    run.heartbeat().await;

    run.declare(back, "6.0.6");
    run.until_release("6.0.6", "TestSucceeded").await;
    run.heartbeat().await;

    run.enter(suspended);
    let key = lab::clusters::Key::of(&run.object("HelmRelease")).unwrap();
    run.cluster
        .store()
        .merge_patch(&key, &json!({"spec": {"suspend": true}}));
    run.declare(suspended, "6.0.1");
    run.until_release("6.0.1", "TestSucceeded").await;
    run.heartbeat().await;

    run.enter(resumed);
    run.cluster
        .store()
        .merge_patch(&key, &json!({"spec": {"suspend": false}}));
    run.quiet().await;
    let kustomization = lab::clusters::Key::of(&run.object("Kustomization")).unwrap();
    let now = json!({"reconcile.fluxcd.io/requestedAt": "now"});
    run.cluster
        .store()
        .merge_patch(&kustomization, &json!({"metadata": {"annotations": now}}));
    run.heartbeat().await;

    run.enter(broken);
    run.world
        .push("environments/uat/podinfo.yaml", "a: [1\nb: }\n", "broken");
    run.cluster.trigger(lab::clusters::Trigger::Git);
    eventually("the Kustomization says that the build failed", || {
        run.object("Kustomization")["status"]
            .to_string()
            .contains("BuildFailed")
            .then_some(())
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
        let expected =
            collapse(expected(DIFFERENCES, kind, recorded.remove(kind).unwrap())).join("\n");
        let found = found(DIFFERENCES, kind, collapse(taken.remove(kind).unwrap())).join("\n");
        assert!(expected == found, "{kind}:\n{}", compare(&expected, &found));
    }
}
