//! The whole lab: what it is like at the first look, and a release that is carried through it by the
//! demo's steps.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::Arc;
use std::time::Duration;

use lab::clusters::{Key, Kind, Timings};
use lab::scenario::{Scenario, ScenarioError, StepStatus};
use lab::{ENVIRONMENTS, Lab, LabOptions};
use serde_json::{Value, json};

async fn lab(seeded: bool) -> Scenario {
    let options = LabOptions {
        timings: Timings::instant(),
        seeded,
        ..LabOptions::default()
    };
    Scenario::new(Arc::new(Lab::start(options).await.unwrap()))
}

fn release(scenario: &Scenario, environment: &str) -> Value {
    let kind = Kind::named("HelmRelease").unwrap();
    let key = Key::new(kind, "app-podinfo", "podinfo");
    let cluster = scenario.lab().cluster(environment).unwrap();
    let object = cluster.store().get(&key);
    object.map(|object| (*object).clone()).unwrap_or_default()
}

fn served(scenario: &Scenario, environment: &str) -> (String, String) {
    let serving = scenario.lab().app(environment).unwrap().serving().unwrap();
    (serving.version, serving.color)
}

async fn step(scenario: &Scenario, id: &str) -> (StepStatus, String, Option<String>) {
    let state = scenario.state().await.unwrap();
    let step = state.steps.into_iter().find(|step| step.id == id).unwrap();
    (step.state, step.note.unwrap_or_default(), step.href)
}

async fn until(scenario: &Scenario, id: &str, wanted: StepStatus) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
    loop {
        let (state, note, _) = step(scenario, id).await;
        if state == wanted {
            return;
        }
        assert!(
            tokio::time::Instant::now() < deadline,
            "{id} stays {state:?}: {note}"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Approves and merges the open promotion into an environment, as Sam does in Weft.
async fn approve(scenario: &Scenario, environment: &str) {
    until(
        scenario,
        &format!("approve-{environment}"),
        StepStatus::Ready,
    )
    .await;
    let forge = scenario.lab().forge();
    let number = forge
        .open_promotion(environment)
        .await
        .unwrap()
        .unwrap()
        .number;
    let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
    while !forge.pull(number).await.unwrap().checks_passed {
        assert!(
            tokio::time::Instant::now() < deadline,
            "the checks of #{number} do not pass"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    forge.review(number, "sam", "APPROVE", "").await.unwrap();
    forge.merge(number, "sam").await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_the_first_look_a_week_has_happened() {
    let scenario = lab(true).await;
    for (environment, chart, app, color) in [
        ("dev-test", "1.1.7", "5.1.8", "#b8791f"),
        ("uat", "1.1.7", "5.1.8", "#b8791f"),
        ("stg", "1.1.6", "5.1.7", "#34577c"),
        ("prod", "1.1.6", "5.1.7", "#34577c"),
    ] {
        assert_eq!(
            served(&scenario, environment),
            (app.to_owned(), color.to_owned())
        );
        let release = release(&scenario, environment);
        let newest = &release["status"]["history"][0];
        assert_eq!(
            (&newest["chartVersion"], &newest["status"]),
            (&chart.into(), &"deployed".into())
        );
        let ready = &release["status"]["conditions"][0];
        assert_eq!(
            (&ready["type"], &ready["status"]),
            (&"Ready".into(), &"True".into()),
            "{release:#}"
        );
        assert_eq!(
            ready["observedGeneration"],
            release["metadata"]["generation"]
        );
        assert_eq!(ready["lastTransitionTime"], newest["lastDeployed"]);
        let message = ready["message"].as_str().unwrap();
        assert!(
            message.contains(&format!(".v{} ", newest["version"])),
            "{message}"
        );
    }
    assert_eq!(served(&scenario, "dev").1, "#7a4fb5");
    let prod = release(&scenario, "prod");
    let shapes: Vec<String> = prod["status"]["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| format!("{} {}", entry["chartVersion"], entry["status"]).replace('"', ""))
        .collect();
    assert_eq!(
        shapes,
        [
            "1.1.6 deployed",
            "1.1.5 superseded",
            "1.1.6 failed",
            "1.1.5 superseded",
            "1.1.4 superseded"
        ]
    );
    assert_eq!(step(&scenario, "approve-uat").await.0, StepStatus::Done);
    let (state, _, href) = step(&scenario, "approve-stg").await;
    assert_eq!(state, StepStatus::Ready);
    assert!(href.unwrap().starts_with("pr/demo/podinfo/"));
    assert_eq!(step(&scenario, "approve-prod").await.0, StepStatus::Blocked);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_release_travels_from_a_branch_to_prod() {
    let scenario = lab(true).await;
    scenario.run_step("branch-build").await.unwrap();
    until(&scenario, "branch-build", StepStatus::Done).await;

    assert_eq!(
        step(&scenario, "merge-release").await.0,
        StepStatus::Blocked
    );
    scenario.run_step("release").await.unwrap();
    assert_eq!(step(&scenario, "release").await.0, StepStatus::Done);
    let again = scenario.run_step("release").await.unwrap_err();
    assert!(matches!(again, ScenarioError::NotNow(_)), "{again}");
    until(&scenario, "merge-release", StepStatus::Ready).await;
    scenario.run_step("merge-release").await.unwrap();
    until(&scenario, "merge-release", StepStatus::Done).await;
    for environment in ["uat", "stg", "prod"] {
        approve(&scenario, environment).await;
        until(
            &scenario,
            &format!("approve-{environment}"),
            StepStatus::Done,
        )
        .await;
    }
    assert_eq!(
        step(&scenario, "branch-build").await.0,
        StepStatus::Done,
        "whatever dev serves by now"
    );
    let colors: Vec<(String, String)> = ENVIRONMENTS[1..]
        .iter()
        .map(|environment| served(&scenario, environment))
        .collect();
    assert!(colors.iter().all(|color| *color == colors[0]), "{colors:?}");
    assert_eq!(colors[0].0, "5.1.9");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_upgrade_stops_the_line_until_the_next_release() {
    let scenario = lab(true).await;
    scenario
        .order_fault("helm-upgrade-fails", Some("stg"))
        .await
        .unwrap();
    approve(&scenario, "stg").await;
    until(&scenario, "approve-stg", StepStatus::Blocked).await;
    let (_, note, _) = step(&scenario, "approve-stg").await;
    assert!(
        note.starts_with("Helm rollback to previous release"),
        "{note}"
    );
    assert_eq!(served(&scenario, "stg").0, "5.1.7");
    assert_eq!(step(&scenario, "approve-prod").await.0, StepStatus::Blocked);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_promotion_moves_at_once_and_other_faults_wait() {
    let scenario = lab(true).await;
    let forge = scenario.lab().forge();
    let before = forge.open_promotion("stg").await.unwrap().unwrap().head;
    scenario
        .order_fault("head-moves", Some("stg"))
        .await
        .unwrap();
    assert_ne!(
        forge.open_promotion("stg").await.unwrap().unwrap().head,
        before
    );
    let refused = scenario
        .order_fault("head-moves", Some("uat"))
        .await
        .unwrap_err();
    assert!(matches!(refused, ScenarioError::NotNow(_)), "{refused}");

    scenario
        .order_fault("cluster-unavailable", Some("prod"))
        .await
        .unwrap();
    assert!(scenario.lab().cluster("prod").unwrap().is_unavailable());
    let state = scenario.state().await.unwrap();
    let mut faults = state.faults.iter();
    let ordered = faults.find(|fault| fault.id == "cluster-unavailable");
    assert_eq!(ordered.unwrap().ordered_in, ["prod"]);
    scenario.cancel_fault("cluster-unavailable", None).unwrap();
    assert!(!scenario.lab().cluster("prod").unwrap().is_unavailable());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_presenters_controls_answer_over_http() {
    let scenario = lab(true).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/lab/v1", listener.local_addr().unwrap());
    tokio::spawn(async move {
        axum::serve(listener, lab::scenario::http::routes(scenario))
            .await
            .unwrap();
    });
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let at = |path: &str| format!("{base}/{path}");
    let ask = async |request: reqwest::RequestBuilder| request.send().await.unwrap();
    let state: Value = ask(http.get(at("state"))).await.json().await.unwrap();
    assert_eq!(state["steps"].as_array().unwrap().len(), 6);
    assert_eq!(state["steps"][4]["state"], "ready");
    assert_eq!(state["accounts"][1]["login"], "sam");
    let fault = || http.put(at("faults/helm-upgrade-fails"));
    let ordered = ask(fault().json(&json!({"environment": "uat"}))).await;
    let state: Value = ordered.json().await.unwrap();
    assert_eq!(state["faults"][0]["ordered_in"][0], "uat");
    let nowhere = ask(fault()).await;
    assert_eq!(nowhere.status(), 422);
    assert_eq!(
        nowhere.headers()["content-type"],
        "application/problem+json"
    );
    let unknown = ask(http.post(at("steps/dance"))).await;
    assert_eq!(unknown.status(), 404);
    let in_weft = ask(http.post(at("steps/approve-stg"))).await;
    assert_eq!(in_weft.status(), 409);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_dashboard_signs_in_as_weave_gitops_does() {
    let scenario = lab(false).await;
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let at = |path: &str| scenario.lab().dashboard_url().join(path).unwrap();
    let status = async |request: reqwest::RequestBuilder| request.send().await.unwrap().status();
    assert_eq!(status(http.get(at("oauth2/userinfo"))).await, 400);
    let sync = json!({"objects": [{
        "kind": "HelmRelease", "name": "podinfo", "namespace": "app-podinfo", "clusterName": "uat",
    }]});
    assert_eq!(status(http.post(at("v1/sync")).json(&sync)).await, 401);
    let credentials = json!({"username": "admin", "password": "flux"});
    let sign_in = http.post(at("oauth2/sign_in")).json(&credentials);
    let signed_in = sign_in.send().await.unwrap();
    assert_eq!(signed_in.status(), 200);
    let cookie = signed_in.headers()["set-cookie"].to_str().unwrap();
    let (cookie, attributes) = cookie.split_once(';').unwrap();
    assert_eq!(attributes, " Path=/; Max-Age=3600; HttpOnly; SameSite=Lax");
    let get = |path: &str| http.get(at(path)).header("cookie", cookie);
    let info: Value = get("oauth2/userinfo")
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(info["id"], "admin");
    let page = get("sources").send().await.unwrap().text().await.unwrap();
    assert!(page.contains("aria-orientation=\"vertical\""), "{page}");
    assert_eq!(page.matches("<td>HelmChart</td>").count(), 4, "{page}");
    assert_eq!(status(get("promotions/x.js")).await, 404);
    let sync = http
        .post(at("v1/sync"))
        .header("cookie", cookie)
        .json(&sync);
    assert_eq!(status(sync).await, 200);
    let stranger = http
        .get(at("oauth2/userinfo"))
        .header("cookie", "session=1");
    assert_eq!(status(stranger).await, 401);
}
