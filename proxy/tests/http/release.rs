//! Starting a release over HTTP, in front of the whole lab.

use model::pipeline::RepositoryName;
use proxy::github::{Credentials, Repository};
use serde_json::{Value, json};
use workflow::forge::Forge;

use crate::demo::Demo;
use crate::world::{Browser, World, assert_problem, pipeline, status_and_json};

async fn start_release(browser: &Browser, plan: &Value) -> (u16, Value) {
    let order = json!({
        "base": plan["base"], "colour": plan["values"]["colour"],
        "version": plan["values"]["version"], "chart_version": plan["values"]["chart_version"],
    });
    status_and_json(browser.post(&pipeline("/releases")).json(&order)).await
}

#[tokio::test]
async fn a_release_is_planned_shown_and_started_as_the_person() {
    let demo = Demo::start().await;
    let plan = demo.stranger().json(&pipeline("/release")).await;
    assert_eq!(plan["was"]["chart_version"], "1.1.7", "{plan:#}");
    assert_eq!(plan["values"]["chart_version"], "1.1.8");
    assert_eq!(plan["values"]["version"], "5.1.9");
    assert_eq!(plan["start"]["allowed"], false);
    assert_eq!(plan["edits"].as_array().unwrap().len(), 4);
    let patch = plan["edits"][3]["patch"].as_str().unwrap();
    assert!(
        patch.contains("-version: 1.1.7\n") && patch.contains("+version: 1.1.8\n"),
        "{patch}"
    );

    let ana = demo.signed_in("ana").await;
    let wish = pipeline("/release?colour=%23112233&chart_version=1.2.0");
    let plan = ana.json(&wish).await;
    assert_eq!(plan["values"]["colour"], "#112233");
    assert_eq!(plan["start"]["allowed"], true, "{plan:#}");
    let (status, started) = start_release(&ana, &plan).await;
    assert_eq!(status, 201, "{started:#}");
    let number = started["number"].as_u64().unwrap();
    let url = started["url"].as_str().unwrap();
    assert!(url.ends_with(&format!("/pull/{number}")), "{url}");
    assert_problem(start_release(&ana, &plan).await, 409, "exists");
    let again = pipeline("/release?chart_version=1.2.0");
    let again = ana.json(&again).await;
    assert_eq!(again["start"]["allowed"], false);
    let why = again["start"]["why"].as_str().unwrap();
    assert!(why.contains("take the chart version 1.2.1"), "{why}");
    let record = ana.json(&pipeline("/journal")).await.to_string();
    assert!(record.contains("\"release_ordered\"") && record.contains("\"release_opened\""));
}

#[tokio::test]
async fn a_commit_that_changes_none_of_the_four_files_refuses_no_release() {
    let demo = Demo::start().await;
    let ana = demo.signed_in("ana").await;
    let plan = ana.json(&pipeline("/release")).await;
    // A branch build: Flux commits its tag to main, in dev's folder.
    let built = ana.post("lab/v1/steps/branch-build").send().await.unwrap();
    assert_eq!(built.status(), 200);
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
    while ana.json(&pipeline("/release")).await["base"] == plan["base"] {
        assert!(tokio::time::Instant::now() < deadline, "main never moved");
    }
    let (status, started) = start_release(&ana, &plan).await;
    assert_eq!(status, 201, "{started:#}");
}

#[tokio::test]
async fn what_cannot_be_released_is_said_and_nothing_is_pushed() {
    let demo = Demo::start().await;
    let ana = demo.signed_in("ana").await;
    for (query, words) in [
        ("colour=blue", "blue"),
        ("version=5.1.8", "take 5.1.9"),
        ("chart_version=v2.0.0", "could be 1.1.8"),
        ("chart_version=1.0.0", "must increase"),
    ] {
        let url = pipeline(&format!("/release?{query}"));
        let problem = assert_problem(status_and_json(ana.get(&url)).await, 400, "refused");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(words) && detail.ends_with('.'), "{detail}");
    }
    let mut plan = ana.json(&pipeline("/release")).await;
    let kim = demo.signed_in("kim").await;
    assert_problem(start_release(&kim, &plan).await, 403, "no_write_access");
    let (status, _) = start_release(&demo.stranger(), &plan).await;
    assert_eq!(status, 401);
    plan["base"] = json!("0".repeat(40));
    assert_problem(start_release(&ana, &plan).await, 409, "base_moved");
}

#[tokio::test]
async fn a_release_goes_into_the_branch_of_the_pipeline() {
    let world = World {
        branch: Some("trunk"),
        ..World::default()
    };
    let app = world.start().await;
    let ana = app.signed_in("ana").await;
    let problem = ana.json(&pipeline("/release")).await;
    assert_eq!(problem["code"], "refused", "{problem:#}");
    assert_eq!(problem["detail"], "The repository has no branch trunk.");

    let name = RepositoryName::new("demo", "podinfo");
    let forge = Repository {
        github: &app.app.github,
        credentials: Credentials::Reader,
        name: &name,
        branch: "trunk",
    };
    let head = forge.head("main").await.unwrap().unwrap();
    forge.create_branch("trunk", &head).await.unwrap();
    let plan = ana.json(&pipeline("/release")).await;
    assert_eq!(plan["base_ref"], "trunk");
    assert_eq!(plan["base"], json!(head));
    let (_, started) = start_release(&ana, &plan).await;
    let number = started["number"].as_u64().unwrap();
    let github = &app.app.github;
    let opened = github.promotion(Credentials::Reader, &name, number, "promotion.yaml");
    assert_eq!(opened.await.unwrap().promotion.base_ref, "trunk");
}
