//! The whole lab: what it is like at the first look, and a release that is carried through it by the
//! demo's steps.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::Arc;
use std::time::Duration;

use lab::clusters::{Key, Kind, Timings};
use lab::scenario::StepStatus::{self, Blocked, Done, Ready};
use lab::scenario::{Scenario, ScenarioError};
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

/// Waits until `condition` is `Ok`, for at most thirty seconds; else it says what is.
async fn wait(condition: impl AsyncFn() -> Result<(), String>) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
    while let Err(what) = condition().await {
        assert!(tokio::time::Instant::now() < deadline, "{what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn until(scenario: &Scenario, id: &str, wanted: StepStatus) {
    wait(async || match step(scenario, id).await {
        (state, ..) if state == wanted => Ok(()),
        (state, note, _) => Err(format!("{id} stays {state:?}: {note}")),
    })
    .await;
}

async fn status(scenario: &Scenario, id: &str) -> StepStatus {
    step(scenario, id).await.0
}

/// Approves and merges the open promotion into an environment, as Sam does in Weft.
async fn approve(scenario: &Scenario, environment: &str) {
    until(scenario, &format!("approve-{environment}"), Ready).await;
    let forge = scenario.lab().forge();
    let open = forge.open_promotion(environment).await.unwrap();
    let number = open.unwrap().number;
    wait(async || match forge.pull(number).await.unwrap() {
        pull if pull.checks_passed => Ok(()),
        _ => Err(format!("the checks of #{number} do not pass")),
    })
    .await;
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
        let served = served(&scenario, environment);
        assert_eq!(served, (app.to_owned(), color.to_owned()));
        let release = release(&scenario, environment);
        let newest = &release["status"]["history"][0];
        assert_eq!(newest["chartVersion"], chart);
        assert_eq!(newest["status"], "deployed");
        let ready = &release["status"]["conditions"][0];
        assert_eq!(ready["type"], "Ready", "{release:#}");
        assert_eq!(ready["status"], "True", "{release:#}");
        let generation = &release["metadata"]["generation"];
        assert_eq!(&ready["observedGeneration"], generation);
        assert_eq!(ready["lastTransitionTime"], newest["lastDeployed"]);
        let message = ready["message"].as_str().unwrap();
        let version = format!(".v{} ", newest["version"]);
        assert!(message.contains(&version), "{message}");
    }
    assert_eq!(served(&scenario, "dev").1, "#7a4fb5");
    let prod = release(&scenario, "prod");
    let history = prod["status"]["history"].as_array().unwrap();
    let shapes = history
        .iter()
        .map(|entry| [&entry["chartVersion"], &entry["status"]]);
    let expected = [
        ["1.1.6", "deployed"],
        ["1.1.5", "superseded"],
        ["1.1.6", "failed"],
        ["1.1.5", "superseded"],
        ["1.1.4", "superseded"],
    ];
    assert_eq!(shapes.collect::<Vec<_>>(), expected);
    assert_eq!(status(&scenario, "approve-uat").await, Done);
    let (state, _, href) = step(&scenario, "approve-stg").await;
    assert_eq!(state, Ready);
    assert!(href.unwrap().starts_with("pr/demo/podinfo/"));
    assert_eq!(status(&scenario, "approve-prod").await, Blocked);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_release_travels_from_a_branch_to_prod() {
    let scenario = lab(true).await;
    scenario.run_step("branch-build").await.unwrap();
    until(&scenario, "branch-build", Done).await;

    assert_eq!(status(&scenario, "merge-release").await, Blocked);
    scenario.run_step("release").await.unwrap();
    assert_eq!(status(&scenario, "release").await, Done);
    let again = scenario.run_step("release").await.unwrap_err();
    assert!(matches!(again, ScenarioError::NotNow(_)), "{again}");
    until(&scenario, "merge-release", Ready).await;
    scenario.run_step("merge-release").await.unwrap();
    until(&scenario, "merge-release", Done).await;
    for environment in ["uat", "stg", "prod"] {
        approve(&scenario, environment).await;
        until(&scenario, &format!("approve-{environment}"), Done).await;
    }
    let built = status(&scenario, "branch-build").await;
    assert_eq!(built, Done, "whatever dev serves by now");
    let released = served(&scenario, "dev-test");
    assert_eq!(released.0, "5.1.9");
    for environment in &ENVIRONMENTS[1..] {
        assert_eq!(served(&scenario, environment), released, "{environment}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_upgrade_stops_the_line_until_the_next_release() {
    let scenario = lab(true).await;
    let fault = scenario.order_fault("helm-upgrade-fails", Some("stg"));
    fault.await.unwrap();
    approve(&scenario, "stg").await;
    until(&scenario, "approve-stg", Blocked).await;
    let (_, note, _) = step(&scenario, "approve-stg").await;
    let rollback = "Helm rollback to previous release";
    assert!(note.starts_with(rollback), "{note}");
    assert_eq!(served(&scenario, "stg").0, "5.1.7");
    assert_eq!(status(&scenario, "approve-prod").await, Blocked);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_promotion_moves_at_once_and_other_faults_wait() {
    let scenario = lab(true).await;
    let head = async || {
        let open = scenario.lab().forge().open_promotion("stg").await;
        open.unwrap().unwrap().head
    };
    let order = async |fault: &str, environment| scenario.order_fault(fault, environment).await;
    let before = head().await;
    order("head-moves", Some("stg")).await.unwrap();
    assert_ne!(head().await, before);
    let refused = order("head-moves", Some("uat")).await.unwrap_err();
    assert!(matches!(refused, ScenarioError::NotNow(_)), "{refused}");

    let prod = scenario.lab().cluster("prod").unwrap();
    order("cluster-unavailable", Some("prod")).await.unwrap();
    assert!(prod.is_unavailable());
    let state = scenario.state().await.unwrap();
    let mut faults = state.faults.iter();
    let ordered = faults.find(|fault| fault.id == "cluster-unavailable");
    assert_eq!(ordered.unwrap().ordered_in, ["prod"]);
    scenario.cancel_fault("cluster-unavailable", None).unwrap();
    assert!(!prod.is_unavailable());
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
    let kind = &nowhere.headers()["content-type"];
    assert_eq!(kind, "application/problem+json");
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
    let send = async |request: reqwest::RequestBuilder| request.send().await.unwrap();
    let status = async |request: reqwest::RequestBuilder| send(request).await.status();
    assert_eq!(status(http.get(at("oauth2/userinfo"))).await, 400);
    let sync = json!({"objects": [{
        "kind": "HelmRelease", "name": "podinfo", "namespace": "app-podinfo", "clusterName": "uat",
    }]});
    assert_eq!(status(http.post(at("v1/sync")).json(&sync)).await, 401);
    let credentials = json!({"username": "admin", "password": "flux"});
    let signed_in = send(http.post(at("oauth2/sign_in")).json(&credentials)).await;
    assert_eq!(signed_in.status(), 200);
    let cookie = signed_in.headers()["set-cookie"].to_str().unwrap();
    let (cookie, attributes) = cookie.split_once(';').unwrap();
    assert_eq!(attributes, " Path=/; Max-Age=3600; HttpOnly; SameSite=Lax");
    let get = |path: &str| http.get(at(path)).header("cookie", cookie);
    let info: Value = send(get("oauth2/userinfo")).await.json().await.unwrap();
    assert_eq!(info["id"], "admin");
    let page = send(get("sources")).await.text().await.unwrap();
    let tabs = "<div role=\"tablist\" aria-orientation=\"vertical\"";
    let selected = "link-flex selected\" role=\"tab\" href=\"/sources\"";
    assert!(page.contains(tabs) && page.contains(selected), "{page}");
    assert!(!page.contains("<head>") && !page.contains("</body>"));
    assert_eq!(page.matches("<td>HelmChart</td>").count(), 4, "{page}");
    assert_eq!(status(get("promotions/x.js")).await, 404);
    let sync = http.post(at("v1/sync")).json(&sync);
    assert_eq!(status(sync.header("cookie", cookie)).await, 200);
    let stranger = http.get(at("oauth2/userinfo"));
    assert_eq!(status(stranger.header("cookie", "session=1")).await, 401);
}
