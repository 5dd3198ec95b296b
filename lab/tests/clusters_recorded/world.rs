//! What the whole world went through beyond the twelve steps: a wrong git credential, a release suspended
//! and resumed with nothing new, helm-controller away while a release is declared. An app that dies changes
//! no object of Flux.

use lab::clusters::{Key, Trigger};
use serde_json::json;

use crate::clusters_world::eventually;
use crate::differences::{Change, Difference, expected};
use crate::shapes::{KINDS, compare, recorded_in, segment};
use crate::{Run, release};

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

const FETCHING: &[Difference] = &[ANNOUNCED];

const RESUMING: &[Difference] = &[Difference {
    kind: "HelmRelease",
    change: Change::Absent(&["generation 3 "]),
    because: "real Flux's next apply takes back the field that kubectl set, and Helm looks once more",
}];

const STARTING: &[Difference] = &[
    ANNOUNCED,
    Difference {
        kind: "HelmRelease",
        change: Change::Absent(&["generation 2 "]),
        because: NEXT_SCENE,
    },
    Difference {
        kind: "HelmRelease",
        change: Change::Absent(&["generation 3 "]),
        because: NEXT_SCENE,
    },
];

const NEXT_SCENE: &str = "the scene that lent its end suspends and resumes the release, as above";

const ANNOUNCED: Difference = Difference {
    kind: "GitRepository",
    change: Change::Absent(&["Ready=True/Succeeded-0 Reconciling=True/Progressing-0"]),
    because: "a look that an annotation asks for is announced before anything is known; the lab's push \
              has Flux look without one",
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_lab_takes_what_else_the_world_went_through_as_flux_took_it() {
    let charts = ["1.1.4", "1.1.5", "1.1.11"];
    let run = Run::begin("start", &charts, detecting_drift).await;
    run.until_release("1.1.4", "TestSucceeded").await;
    run.heartbeat().await;
    run.declare("upgrade", "1.1.5");
    run.until_release("1.1.5", "TestSucceeded").await;
    run.heartbeat().await;

    run.enter(CREDENTIAL[0]);
    let podinfo = run.world.directory.path().join("forge/demo/podinfo");
    let away = podinfo.with_extension("away");
    let spec =
        detecting_drift("1.1.5").replace("interval: 10s\n  timeout", "interval: 11s\n  timeout");
    let path = "environments/uat/podinfo.yaml";
    let head = run.world.push(path, &spec, "another interval");
    std::fs::rename(&podinfo, &away).unwrap();
    run.cluster.trigger(Trigger::Git);
    eventually("git cannot be fetched", || {
        let outcome = run.object("GitRepository")["status"].to_string();
        outcome.contains("FetchFailed").then_some(())
    })
    .await;
    std::fs::rename(&away, &podinfo).unwrap();
    run.cluster.trigger(Trigger::Git);
    eventually("what is new is applied", || {
        let applied = &run.object("Kustomization")["status"]["lastAppliedRevision"];
        applied.as_str()?.ends_with(&head).then_some(())
    })
    .await;
    run.quiet().await;

    run.enter(SUSPENDED[0]);
    let key = Key::of(&run.object("HelmRelease")).unwrap();
    for suspend in [true, false] {
        let patch = json!({"spec": {"suspend": suspend}});
        run.cluster.store().merge_patch(&key, &patch);
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
    for (steps, cluster, differences) in [
        (CREDENTIAL, "uat", FETCHING),
        (SUSPENDED, "prod", RESUMING),
        (STOPPED, "prod", STARTING),
    ] {
        let recorded = recorded_in(cluster);
        for kind in KINDS {
            // What else the cluster did in the scene that lent the end of this one.
            if steps == SUSPENDED && kind != "HelmRelease" {
                continue;
            }
            let of_kind = segment(&recorded, steps, kind);
            let expected = expected(differences, kind, of_kind).join("\n");
            let found = segment(&taken, steps, kind).join("\n");
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
    let killed = &["an_app_killed"];
    let recorded = recorded_in("prod");
    for kind in [
        "GitRepository",
        "Kustomization",
        "HelmRepository",
        "HelmChart",
    ] {
        assert_eq!(
            segment(&recorded, killed, kind),
            Vec::<String>::new(),
            "{kind}"
        );
    }
    for update in segment(&recorded, killed, "HelmRelease") {
        assert!(update.contains("Ready=True/TestSucceeded"), "{update}");
    }
}
