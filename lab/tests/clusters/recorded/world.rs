//! What the whole world went through beyond the twelve steps: a wrong git credential, a release suspended
//! and resumed with nothing new, helm-controller away while a release is declared. An app that dies changes
//! no object of Flux.

use lab::clusters::Trigger;

use super::differences::{differences, expected};
use super::shapes::{KINDS, compare, recorded_in, segment};
use super::{PATH, Run, release};
use crate::world::until;

/// Steps that belong together: a scene ends where the board says so, and Flux writes a last word after it.
const CREDENTIAL: &[&str] = &["a_wrong_git_credential"];
const SUSPENDED: &[&str] = &["a_suspended_release", "broken_yaml"];
const STOPPED: &[&str] = &[
    "a_controller_stopped_and_started",
    "an_api_server_restarted",
];

fn detecting_drift(version: &str) -> String {
    format!("{}  driftDetection: {{mode: enabled}}\n", release(version))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_lab_takes_what_else_the_world_went_through_as_flux_took_it() {
    let charts = ["1.1.4", "1.1.5", "1.1.11"];
    let run = Run::begin("start", &charts, detecting_drift).await;
    run.passes("1.1.4", "TestSucceeded").await;
    run.declare("upgrade", "1.1.5");
    run.passes("1.1.5", "TestSucceeded").await;

    run.enter(CREDENTIAL[0]);
    let podinfo = run.world.repository();
    let away = podinfo.with_extension("away");
    let spec =
        detecting_drift("1.1.5").replace("interval: 10s\n  timeout", "interval: 11s\n  timeout");
    let head = run.world.push(PATH, &spec, "another interval");
    std::fs::rename(&podinfo, &away).unwrap();
    run.cluster.trigger(Trigger::Git);
    until("git cannot be fetched", || {
        run.status_contains("GitRepository", "FetchFailed")
    })
    .await;
    std::fs::rename(&away, &podinfo).unwrap();
    run.cluster.trigger(Trigger::Git);
    until("what is new is applied", || {
        let applied = &run.object("Kustomization")["status"]["lastAppliedRevision"];
        applied
            .as_str()
            .is_some_and(|applied| applied.ends_with(&head))
    })
    .await;
    run.quiet().await;

    run.enter(SUSPENDED[0]);
    for suspend in [true, false] {
        run.suspend(suspend);
        run.quiet().await;
    }

    run.cluster.pause_controller("HelmRelease", true);
    run.declare(STOPPED[0], "1.1.11");
    run.quiet().await;
    run.cluster.pause_controller("HelmRelease", false);
    run.until_release("1.1.11", "TestSucceeded").await;
    run.quiet().await;

    let taken = run.updates.lock().clone();
    let mut differing = String::new();
    for (steps, cluster) in [(CREDENTIAL, "uat"), (SUSPENDED, "prod"), (STOPPED, "prod")] {
        let recorded = recorded_in(cluster);
        let differences = differences(steps[0]);
        for kind in KINDS {
            // What else the cluster did in the scene that lent the end of this one.
            if steps == SUSPENDED && kind != "HelmRelease" {
                continue;
            }
            let expected = expected(&differences, kind, segment(&recorded, steps, kind));
            let found = segment(&taken, steps, kind);
            if expected != found {
                let compared = compare(&expected, &found);
                differing.push_str(&format!("{}: {kind}:\n{compared}", steps[0]));
            }
        }
    }
    assert!(differing.is_empty(), "{differing}");
}

#[test]
fn an_app_that_dies_changes_no_verdict_of_flux() {
    let recorded = recorded_in("prod");
    for kind in KINDS {
        for update in segment(&recorded, &["an_app_killed"], kind) {
            let tested = kind == "HelmRelease" && update.contains("Ready=True/TestSucceeded");
            assert!(tested, "{kind}: {update}");
        }
    }
}
