//! The JSON interface: boards, the record, and errors as problem details.

use model::journal::{Entry, Event};
use model::{ChartVersion, EnvironmentName, Timestamp};
use serde_json::{Value, json};

use crate::world::{TestApp, World, assert_problem, pipeline, podinfo, status_and_json};

fn entry(app: &TestApp, minutes_ago: i64, environment: &str, event: Event) -> Entry {
    let now = Timestamp::from(app.clock.now()).millis();
    let at = Timestamp::from_millis(now - minutes_ago * 60_000);
    Entry::new(&podinfo(), event, at)
        .environment(EnvironmentName::from(environment))
        .release(ChartVersion::parse("1.1.7").ok())
        .by("sam".to_owned())
        .source("github")
        .sentence("=1+1 is no formula, it is a \"sentence\"")
        .key(format!("{environment}-{minutes_ago}"))
}

#[tokio::test]
async fn the_board_and_its_row_name_every_environment() {
    let app = World::default().start().await;
    let board = app.json(&pipeline("")).await;
    assert_eq!(board["environments"][0]["name"], "dev-test");
    assert_eq!(board["environments"][1]["verdict"]["state"], "unknown");
    let rows = app.json("api/v1/pipelines?q=podinfo").await;
    assert_eq!(rows["total"], 1);
    assert_eq!(rows["rows"][0]["cells"][1]["environment"], "uat");
    let none = app.json("api/v1/pipelines?verdict=proven").await;
    assert_eq!(none["total"], 0);
}

#[tokio::test]
async fn what_waits_for_me_needs_a_me() {
    let app = World::default().start().await;
    let waiting = "api/v1/pipelines?waiting=me";
    assert_eq!(app.get(waiting).await.status(), 401);
    let sam = app.signed_in("sam").await;
    assert_eq!(sam.json(waiting).await["total"], 0);
}

#[tokio::test]
async fn every_error_is_a_problem_with_a_code_and_a_request_id() {
    let app = World::default().start().await;
    for (status, code, path) in [
        (404, "not_found", "api/v1/pipelines/app-podinfo/nothing"),
        (
            404,
            "not_found",
            "api/v1/pipelines/app-podinfo/nothing/journal",
        ),
        (
            404,
            "not_found",
            "api/v1/pipelines/app-podinfo/nothing/journeys",
        ),
        (
            404,
            "not_found",
            "api/v1/stream?pipeline=app-podinfo/nothing",
        ),
        (400, "bad_request", "api/v1/stream?pipeline=nothing"),
        (404, "not_found", "api/v1/nothing"),
        (400, "bad_request", "api/v1/pipelines?limit=many"),
        (400, "bad_request", "api/v1/pipelines?colour=red"),
        (404, "not_found", "hooks/nothing"),
        (405, "method_not_allowed", "auth/logout"),
        (503, "not_ready", "readyz"),
    ] {
        let answer = app.get(path).await;
        assert_eq!(answer.status(), status, "{path}");
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
        let id = answer.headers()["x-request-id"].clone();
        let problem: Value = answer.json().await.unwrap();
        assert_eq!(problem["code"], code, "{path}");
        assert_eq!(problem["status"], status);
        assert_eq!(problem["request_id"], id.to_str().unwrap());
        assert!(problem["detail"].as_str().unwrap().ends_with(['.', '?']) || code == "bad_request");
    }
}

#[tokio::test]
async fn a_body_over_a_mebibyte_is_refused() {
    let app = World::default().start().await;
    let body = vec![b'x'; 1024 * 1024 + 1];
    let request = app.stranger().post("hooks/github").body(body);
    assert_problem(status_and_json(request).await, 413, "too_large");
}

#[tokio::test]
async fn a_request_id_from_outside_is_kept_where_it_is_harmless() {
    let app = World::default().start().await;
    for (sent, kept) in [("3f2a-0001", true), ("short", false), ("<script>1", false)] {
        let request = app.stranger().get("healthz");
        let answer = request.header("x-request-id", sent).send().await.unwrap();
        assert_eq!(answer.headers()["x-request-id"] == sent, kept, "{sent}");
    }
}

#[tokio::test]
async fn the_record_is_paged_newest_first() {
    let app = World::default().start().await;
    let merged = || Event::PromotionMerged { number: 64 };
    let entries = [1, 2, 3].map(|ago| entry(&app, ago, "uat", merged()));
    app.journal().append(&entries).await.unwrap();
    let first = app.json(&pipeline("/journal?limit=2")).await;
    assert_eq!(first["entries"].as_array().unwrap().len(), 2);
    assert_eq!(first["entries"][0]["key"], "uat-1");
    let cursor = first["next_cursor"].as_str().unwrap();
    let next = format!("/journal?limit=2&cursor={cursor}");
    let next = app.json(&pipeline(&next)).await;
    assert_eq!(next["entries"][0]["key"], "uat-3");
    assert_eq!(next["next_cursor"], Value::Null);
}

#[tokio::test]
async fn the_record_as_csv_runs_no_formula() {
    let app = World::default().start().await;
    let merged = entry(&app, 1, "uat", Event::PromotionMerged { number: 64 });
    app.journal().append(&[merged]).await.unwrap();
    let browser = app.stranger();
    let by_path = browser.get(&pipeline("/journal.csv"));
    let by_accept = browser.get(&pipeline("/journal"));
    for request in [by_path, by_accept.header("accept", "text/csv")] {
        let answer = request.send().await.unwrap();
        let disposition = "attachment; filename=\"app-podinfo-podinfo.csv\"";
        assert_eq!(answer.headers()["content-disposition"], disposition);
        let text = answer.text().await.unwrap();
        let line = text.lines().nth(1).unwrap();
        for cells in [
            r#""'=1+1 is no formula, it is a ""sentence""""#,
            r#""uat","1.1.7","promotion_merged","sam""#,
        ] {
            assert!(line.contains(cells), "{cells} in {line}");
        }
    }
}

#[tokio::test]
async fn journeys_come_from_the_record() {
    let app = World::default().start().await;
    let entries = [
        entry(&app, 60, "dev-test", Event::Deployed),
        entry(&app, 30, "uat", Event::Deployed),
    ];
    app.journal().append(&entries).await.unwrap();
    let journeys = app.json(&pipeline("/journeys")).await;
    assert_eq!(journeys["environments"], json!(["dev-test", "uat"]));
    assert_eq!(journeys["journeys"][0]["release"], "1.1.7");
    assert_eq!(journeys["figures"]["steps"][0]["value"], "30 min");
    let backwards = "since=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z";
    let url = pipeline(&format!("/journeys?{backwards}"));
    assert_eq!(app.get(&url).await.status(), 400);
}

#[tokio::test]
async fn data_is_compressed_for_those_who_can_read_it() {
    let app = World::default().start().await;
    let compressed = async |address: &str| {
        let request = app.stranger().get(address);
        let request = request.header("accept-encoding", "gzip");
        request.send().await.unwrap()
    };
    let answer = compressed(&pipeline("")).await;
    assert_eq!(answer.headers()["content-encoding"], "gzip");
    let stream = compressed("api/v1/stream").await;
    assert!(!stream.headers().contains_key("content-encoding"));
}
