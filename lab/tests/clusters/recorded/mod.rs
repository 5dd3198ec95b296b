//! The lab's controllers go through what real Flux 2.9 went through, and the updates of every object are
//! compared: here twelve steps, good and bad; in `world` those of the whole world that these lack.

mod differences;
mod shapes;
mod world;

use std::sync::Arc;
use std::time::Duration;

use differences::{differences, expected, found};
use lab::clusters::{Cluster, Key, ObjectChange, Trigger};
use parking_lot::Mutex;
use serde_json::{Value, json};
use shapes::{KINDS, Row, collapse, compare, recorded, updates};
use tokio::time::Instant;

use crate::world::{World, until};

const PATH: &str = "environments/uat/podinfo.yaml";

fn release(version: &str) -> String {
    include_str!("../manifests/recorded_helm.yaml").replace("VERSION", version)
}

/// The lab while the steps are taken.
struct Run {
    /// What is declared: a chart's version, as a manifest.
    manifest: fn(&str) -> String,
    world: World,
    cluster: Cluster,
    updates: Arc<Mutex<Vec<Row>>>,
    step: Arc<Mutex<String>>,
}

impl Run {
    /// Begins with the first of these charts declared.
    async fn begin(first: &str, charts: &[&str], manifest: fn(&str) -> String) -> Self {
        let world = World::new().await;
        for version in charts {
            world.release(version);
        }
        let sources = include_str!("../manifests/recorded_flux.yaml");
        world.push("clusters/uat/sources.yaml", sources, "sources");
        world.push(PATH, &manifest(charts[0]), &format!("uat {}", charts[0]));
        let cluster = world.cluster("uat", 4096).await;
        let run = Self {
            manifest,
            world,
            cluster,
            updates: Arc::default(),
            step: Arc::new(Mutex::new(first.to_owned())),
        };
        let (past, mut changes) = run.cluster.store().since(1).unwrap();
        let (updates, step) = (Arc::clone(&run.updates), Arc::clone(&run.step));
        let keep = move |change: &ObjectChange| {
            let update = (step.lock().clone(), (*change.object).clone());
            updates.lock().push(update);
        };
        past.iter().for_each(|change| keep(change));
        tokio::spawn(async move {
            while let Ok(change) = changes.recv().await {
                keep(&change);
            }
        });
        run
    }

    fn object(&self, kind: &str) -> Value {
        let updates = self.updates.lock();
        let mut newest = updates.iter().rev().map(|(_, object)| object);
        let found = newest.find(|object| object["kind"] == kind);
        found.cloned().unwrap_or_default()
    }

    fn status_contains(&self, kind: &str, text: &str) -> bool {
        self.object(kind)["status"].to_string().contains(text)
    }

    /// The reason that Ready gives at the present generation, once nothing is under way.
    fn outcome(&self, kind: &str) -> Option<String> {
        let object = self.object(kind);
        let conditions = object["status"]["conditions"].as_array()?;
        let condition = |name: &str| conditions.iter().find(|it| it["type"] == name);
        let ready = condition("Ready")?;
        let settled = condition("Reconciling").is_none()
            && ready["observedGeneration"] == object["metadata"]["generation"];
        settled.then(|| ready["reason"].as_str().unwrap().to_owned())
    }

    /// Until a release ends so, and an interval after it.
    async fn passes(&self, version: &str, outcome: &str) {
        self.until_release(version, outcome).await;
        self.heartbeat().await;
    }

    async fn until_release(&self, version: &str, outcome: &str) {
        until(&format!("{version} {outcome}"), || {
            let declared = &self.object("HelmRelease")["spec"]["chart"]["spec"]["version"];
            declared == version && self.outcome("HelmRelease").as_deref() == Some(outcome)
        })
        .await;
    }

    fn enter(&self, step: &str) {
        *self.step.lock() = step.to_owned();
    }

    fn declare(&self, step: &str, version: &str) {
        self.enter(step);
        self.push(&(self.manifest)(version), &format!("uat {version}"));
    }

    /// Pushes what is declared, and has Flux look; the commit's id.
    fn push(&self, manifest: &str, message: &str) -> String {
        let commit = self.world.push(PATH, manifest, message);
        self.cluster.trigger(Trigger::Git);
        commit
    }

    fn patch(&self, kind: &str, patch: &Value) {
        let key = Key::of(&self.object(kind)).unwrap();
        self.cluster.store().merge_patch(&key, patch);
    }

    fn suspend(&self, suspend: bool) {
        self.patch("HelmRelease", &json!({"spec": {"suspend": suspend}}));
    }

    /// One interval, in which everything that beats beats once, and is quiet again.
    async fn heartbeat(&self) {
        let beats = || {
            let updates = self.updates.lock();
            let beats = updates.iter();
            beats
                .filter(|(_, it)| it["kind"] == "Kustomization")
                .count()
        };
        self.quiet().await;
        let before = beats();
        self.world.clock.advance(Duration::from_secs(11));
        self.cluster.trigger(Trigger::Git);
        until("the Kustomization's heartbeat", || beats() >= before + 3).await;
        self.quiet().await;
    }

    /// Until no object has changed for a while.
    async fn quiet(&self) {
        let mut last = (0, Instant::now());
        until("quiet", || {
            let count = self.updates.lock().len();
            if count != last.0 {
                last = (count, Instant::now());
            }
            last.1.elapsed() > Duration::from_millis(250)
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
    run.passes("6.0.0", "TestSucceeded").await;

    run.declare(good_1, "6.0.1");
    run.passes("6.0.1", "TestSucceeded").await;

    for (step, version, good_step, good) in [
        (refused, "6.0.3", good_2, "6.0.2"),
        (never_ready, "6.0.4", good_6, "6.0.6"),
    ] {
        let faults = &run.world.faults;
        faults.order("helm-upgrade-fails", Some("uat")).unwrap();
        run.declare(step, version);
        run.passes(version, "RollbackSucceeded").await;
        run.declare(good_step, good);
        run.passes(good, "TestSucceeded").await;
    }

    run.world.app.down(true);
    run.declare(tests_fail, "6.0.5");
    run.until_release("6.0.5", "RollbackSucceeded").await;
    run.world.app.down(false);
    run.heartbeat().await;

    run.declare(missing, "6.9.9");
    until("the release says which chart is missing", || {
        let message = "no 'podinfo' chart with version matching '6.9.9' found";
        run.status_contains("HelmRelease", message)
    })
    .await;
    run.heartbeat().await;

    run.declare(back, "6.0.6");
    run.passes("6.0.6", "TestSucceeded").await;

    run.enter(suspended);
    run.suspend(true);
    run.declare(suspended, "6.0.1");
    run.passes("6.0.1", "TestSucceeded").await;

    run.enter(resumed);
    run.suspend(false);
    run.quiet().await;
    let now = json!({"reconcile.fluxcd.io/requestedAt": "now"});
    run.patch("Kustomization", &json!({"metadata": {"annotations": now}}));
    run.heartbeat().await;

    run.enter(broken);
    run.push("a: [1\nb: }\n", "broken");
    until("the Kustomization says that the build failed", || {
        run.status_contains("Kustomization", "BuildFailed")
    })
    .await;
    run.heartbeat().await;

    run.declare(repaired, "6.0.1");
    until("the Kustomization is well again", || {
        run.outcome("Kustomization").as_deref() == Some("ReconciliationSucceeded")
    })
    .await;
    run.heartbeat().await;

    let differences = differences("the_twelve_steps");
    let mut recorded = updates(&recorded);
    let mut taken = updates(&run.updates.lock());
    for kind in KINDS {
        let recorded = recorded.remove(kind).unwrap();
        let taken = taken.remove(kind).unwrap();
        let expected = collapse(expected(&differences, kind, recorded));
        let found = found(&differences, kind, collapse(taken));
        assert!(expected == found, "{kind}:\n{}", compare(&expected, &found));
    }
}
