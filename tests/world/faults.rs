//! What goes wrong in clusters, and what the board says then.

use std::collections::BTreeSet;
use std::process::Command;
use std::time::Instant;

use serde_json::{Value, json};

use crate::stage::{PATIENCE, Stage};
use crate::walk::clicks;

fn sentence(environment: &Value) -> &str {
    environment["verdict"]["sentence"]
        .as_str()
        .unwrap_or_default()
}

#[track_caller]
fn says(environment: &Value, desired: &str) {
    let sentence = sentence(environment);
    assert!(sentence.contains(desired), "no '{desired}' in: {sentence}");
}

/// Waits until a release failed in dev-test with this sentence, and the one before is back.
#[track_caller]
fn rolled_back(stage: &Stage, good: &str, failure: &str) -> Value {
    says(&stage.until_verdict("dev-test", "failed"), failure);
    stage.until("dev-test", "rolled back", |environment| {
        sentence(environment).contains(&format!("users still get {good}"))
    })
}

/// The chart's Deployment asks for something that the API server refuses.
pub fn refused_at_once(stage: &mut Stage) {
    let good = stage.newest();
    let template = "charts/podinfo/templates/deployment.yaml";
    let (from, to) = ("maxUnavailable: 0", "maxUnavailable: all");
    let bad = stage.release(&[(template, from, to)]);
    let environment = rolled_back(stage, &good, &format!("Helm upgrade to {bad} failed"));
    let release = stage.raw("dev-test", "helmrelease");
    let mut conditions = release["status"]["conditions"].as_array().unwrap().iter();
    let ready = conditions.find(|one| one["type"] == "Ready").unwrap();
    assert_eq!(ready["status"], "False", "{environment:#}");
    // The known defect of the process: the tick stays green, and no promotion comes.
    let gate = stage.gate("uat");
    assert_ne!(gate["state"], "waits_for_approval", "{gate:#}");
    let mended = stage.release(&[(template, to, from)]);
    stage.until_proven("dev-test", &mended);
}

/// The new Pods never answer their readiness probe, so that Helm waits in vain.
pub fn never_ready(stage: &mut Stage) {
    let path = "environments/dev-test/podinfo-helmrelease.yaml";
    stage.on_main(path, "timeout: 2m", "timeout: 12s");
    let good = stage.newest();
    let template = "charts/podinfo/templates/deployment.yaml";
    let (from, to) = ("path: /readyz", "path: /neveryz");
    let bad = stage.release(&[(template, from, to)]);
    let environment = stage.until("dev-test", "it rolls first", |environment| {
        environment["verdict"]["state"] == "rolling"
    });
    assert_eq!(environment["release"]["chart"], good.as_str());
    rolled_back(stage, &good, &format!("Helm upgrade to {bad} failed"));
    let mended = stage.release(&[(template, to, from)]);
    stage.until_proven("dev-test", &mended);
    stage.on_main(path, "timeout: 12s", "timeout: 2m");
}

/// The release runs, but one of the chart's tests says no.
pub fn failing_test(stage: &mut Stage) {
    let good = stage.newest();
    let template = "charts/podinfo/templates/tests/version.yaml";
    let (from, to) = ("\"path\" \"/version\"", "\"path\" \"/nowhere\"");
    let bad = stage.release(&[(template, from, to)]);
    rolled_back(stage, &good, &format!("The tests of {bad} failed"));
    // What a person sees of it, and may do: in uat Weft is given the right to have Flux look.
    let reconciler = tests::root().join("deploy/weft/reconciler.yaml");
    let reconciler = reconciler.to_str().unwrap().to_owned();
    stage.kubectl(
        "uat",
        &["apply", "--server-side", "--filename", &reconciler],
    );
    clicks(stage, "trouble");
    let mended = stage.release(&[(template, to, from)]);
    stage.until_proven("dev-test", &mended);
}

/// Somebody pins a version that was never released.
pub fn missing_chart(stage: &mut Stage) {
    let good = stage.held("uat");
    let path = "environments/uat/podinfo-helmrelease.yaml";
    stage.on_main(path, &format!("version: {good}"), "version: 9.9.9");
    let environment = stage.until_verdict("uat", "failed");
    says(&environment, "9.9.9");
    assert!(
        !sentence(&environment).contains("not been heard"),
        "{environment:#}"
    );
    stage.on_main(path, "version: 9.9.9", &format!("version: {good}"));
    stage.until_proven("uat", &good);
}

/// An operator tells Flux to leave a release alone.
pub fn suspended(stage: &mut Stage) {
    let release = ["helmrelease", "podinfo", "--namespace=app-podinfo"];
    let patch = |suspend: bool| json!({ "spec": { "suspend": suspend } });
    stage.patch("prod", &release, &patch(true));
    let environment = stage.until_verdict("prod", "drifted");
    says(&environment, "suspended");
    stage.patch("prod", &release, &patch(false));
    stage.until_verdict("prod", "proven");
}

/// What git holds for an environment is no manifest.
pub fn broken_yaml(stage: &mut Stage) {
    let path = "environments/stg/podinfo-helmrepository.yaml";
    stage.on_main(path, "kind: HelmRepository", "kind: [HelmRepository");
    let environment = stage.until_verdict("stg", "failed");
    says(&environment, "Flux could not apply it");
    stage.on_main(path, "kind: [HelmRepository", "kind: HelmRepository");
    stage.until_verdict("stg", "proven");
}

/// Flux's token for git is no longer good.
pub fn wrong_credential(stage: &mut Stage) {
    let secret = ["secret", "git-auth", "--namespace=flux-system"];
    let good = stage.get("uat", &secret)["data"]["password"].take();
    let patch = |password: Value| json!({ "data": { "password": password } });
    stage.patch("uat", &secret, &patch("d3Jvbmc=".into()));
    let path = "environments/uat/podinfo-helmrelease.yaml";
    stage.on_main(path, "interval: 10m", "interval: 11m");
    let environment = stage.until("uat", "that git cannot be fetched", |environment| {
        sentence(environment).contains("Flux cannot fetch git")
    });
    assert_eq!(environment["verdict"]["state"], "failed", "{environment:#}");
    stage.patch("uat", &secret, &patch(good));
    stage.on_main(path, "interval: 11m", "interval: 10m");
    stage.until_verdict("uat", "proven");
}

/// GitHub takes Flux's event, and nothing comes of it: the board says so, and a person goes on by hand.
pub fn lost_dispatch(stage: &mut Stage) {
    let chart = stage.ahead_of("uat");
    let into_uat = stage.promotion("uat", &chart);
    // Only the next one is lost, and Flux sends one for each release.
    stage.world.faults.order("dispatch-lost", None).unwrap();
    stage.approve(into_uat);
    stage.until_proven("uat", &chart);
    let gate = stage.until_gate("stg", "the dispatch is missed", |gate| {
        gate["state"] == "lost"
    });
    let said = gate["sentence"].as_str().unwrap();
    // Real Flux told Weft of the same event.
    assert!(said.contains("Flux told Weft at"), "{gate:#}");
    assert!(said.contains("lost on its way to GitHub"), "{gate:#}");
    stage.promote_by_hand("uat", "stg", &chart);
    stage.promote_through(&chart, &["stg"]);
}

/// helm-controller is away while a promotion is merged.
pub fn controller_stopped(stage: &mut Stage) {
    let chart = stage.ahead_of("prod");
    let number = stage.promotion("prod", &chart);
    stage
        .environment("prod")
        .flux
        .stop("helm-controller")
        .unwrap();
    stage.approve(number);
    stage.until("prod", "it waits for Helm", |environment| {
        environment["verdict"]["state"] == "rolling"
            && environment["verdict"]["breaks_at"] == "deployed"
    });
    let flux = &mut stage.environment("prod").flux;
    flux.restart("helm-controller").unwrap();
    stage.until_proven("prod", &chart);
}

/// An API server is away for a while; what was known of its cluster is confirmed when it is back, and
/// what changes from then on is seen.
pub fn api_server_restarted(stage: &mut Stage) {
    stage
        .environment("prod")
        .plane
        .restart_api_server()
        .unwrap();
    suspended(stage);
}

/// The program dies again and again, as often as its node starts it, until the board has noticed: the
/// first restart is quicker than Weft's next question.
pub fn app_killed(stage: &mut Stage) {
    let began = Instant::now();
    let mut killed = BTreeSet::new();
    let environment = loop {
        for (_, pid) in stage.environment("prod").node.processes() {
            if killed.insert(pid) {
                let mut kill = Command::new("kill");
                assert!(
                    kill.args(["-KILL", &pid.to_string()])
                        .status()
                        .unwrap()
                        .success()
                );
            }
        }
        let environment = stage.environment_view("prod");
        if environment["verdict"]["state"] != "proven" {
            break environment;
        }
        assert!(began.elapsed() < PATIENCE, "the board never noticed");
    };
    assert_eq!(
        environment["verdict"]["breaks_at"], "serving",
        "{environment:#}"
    );
    stage.until_verdict("prod", "proven");
    let pods = stage.get("prod", &["pods", "--namespace=app-podinfo"]);
    let restarts = &pods["items"][0]["status"]["containerStatuses"][0]["restartCount"];
    assert!(restarts.as_u64().unwrap() >= 1, "{pods:#}");
}
