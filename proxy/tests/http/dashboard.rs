//! The reverse proxy: everything but Weft goes to the dashboard, whose pages get one script.

use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{any, get, post};
use serde_json::Value;

use crate::world::{Browser, TestApp, World, assert_problem, client, serve, status_and_json};

const PAGE: &str =
    "<!doctype html><html lang=en><title>Weave GitOps</title><div id=app></div></html>";

/// A dashboard that shows what it was sent.
async fn dashboard() -> SocketAddr {
    let echo = |headers: HeaderMap, body: String| async move {
        let shown: Vec<String> = headers
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .collect();
        let own = [
            ("set-cookie", "session=abc; Path=/"),
            ("x-from", "dashboard"),
        ];
        (own, format!("{}\n\n{body}", shown.join("\n")))
    };
    let userinfo = |headers: HeaderMap| async move {
        match headers.get("cookie").and_then(|value| value.to_str().ok()) {
            Some("session=abc") => Ok(r#"{"email":"","id":"admin","groups":[]}"#),
            _ => Err(StatusCode::BAD_REQUEST),
        }
    };
    let page = || async { ([("content-type", "text/html; charset=utf-8")], PAGE) };
    let bytes = || async {
        let chunks =
            futures::stream::iter((0..4).map(|_| Ok::<_, std::io::Error>(vec![b'x'; 1 << 18])));
        Body::from_stream(chunks)
    };
    let router = Router::new()
        .route("/", get(page))
        .route("/applications", get(page))
        .route("/v1/echo", any(echo))
        .route("/v1/missing", post(|| async { StatusCode::NOT_FOUND }))
        .route("/big.js", get(bytes))
        .route("/oauth2/userinfo", get(userinfo));
    serve(router).await
}

async fn fronted() -> TestApp {
    let world = World {
        dashboard: Some(dashboard().await),
        ..World::default()
    };
    world.start().await
}

#[tokio::test]
async fn the_dashboards_pages_get_the_entrys_script_once() {
    let app = fronted().await;
    for path in ["/", "/applications"] {
        let request = app.stranger().get(path).header("accept", "text/html,*/*");
        let answer = request.header("accept-encoding", "gzip").send().await;
        let answer = answer.unwrap();
        assert!(!answer.headers().contains_key("content-security-policy"));
        let page = answer.text().await.unwrap();
        let script = "<script src=\"/promotions/embed.js\" defer></script>";
        assert_eq!(page, PAGE.replace("lang=en>", &format!("lang=en>{script}")));
    }
    let script = app.get("embed.js").await;
    let kind = &script.headers()["content-type"];
    assert_eq!(kind, "text/javascript; charset=utf-8");
}

#[tokio::test]
async fn requests_pass_with_their_headers_and_without_our_cookies() {
    let app = fronted().await;
    let mut sam: Browser = app.signed_in("sam").await;
    sam.cookies.push(("session".into(), "abc".into()));
    let request = sam.post("/v1/echo?x=1").header("x-own", "kept");
    let answer = request.body("the body").send().await.unwrap();
    assert_eq!(answer.headers()["x-from"], "dashboard");
    assert_eq!(answer.headers()["set-cookie"], "session=abc; Path=/");
    let shown = answer.text().await.unwrap();
    assert!(
        shown.contains("x-own: kept") && shown.ends_with("\n\nthe body"),
        "{shown}"
    );
    assert!(shown.contains("x-forwarded-for: 127.0.0.1"), "{shown}");
    assert!(shown.contains("cookie: session=abc\n"), "{shown}");
    assert!(!shown.contains("weft_"), "{shown}");
}

#[tokio::test]
async fn mutations_from_other_sites_do_not_pass() {
    let app = fronted().await;
    for (name, value, status) in [
        ("origin", "https://evil.example", 403),
        ("sec-fetch-site", "cross-site", 403),
        ("origin", app.origin.as_str(), 200),
        ("user-agent", "curl", 200),
    ] {
        let request = client().post(format!("{}/v1/echo", app.origin));
        let answer = request.header(name, value).send().await.unwrap();
        assert_eq!(answer.status(), status, "{name}: {value}");
    }
}

#[tokio::test]
async fn the_dashboards_errors_stay_its_own_and_its_absence_is_told() {
    let app = fronted().await;
    let answer = app.stranger().post("/v1/missing").send().await.unwrap();
    assert_eq!(answer.status(), 404);
    assert_eq!(answer.text().await.unwrap(), "");
    let world = World {
        dashboard: Some(SocketAddr::from(([127, 0, 0, 1], 1))),
        ..World::default()
    };
    let app = world.start().await;
    let answer = status_and_json(app.stranger().get("/applications")).await;
    assert_problem(answer, 502, "dashboard_unavailable");
    let session = app.json("api/v1/session").await;
    assert_eq!(session["dashboard"], true, "Weft itself is there");
}

#[tokio::test]
async fn large_files_stream_through_whole() {
    let app = fronted().await;
    let file = app.get("/big.js").await.bytes().await.unwrap();
    assert_eq!(file.len(), 1 << 20);
}

#[tokio::test]
async fn the_session_names_the_dashboards_user() {
    let app = fronted().await;
    let mut browser = app.stranger();
    let url = "api/v1/session";
    assert_eq!(browser.json(url).await["dashboard_user"], Value::Null);
    browser.cookies.push(("session".into(), "abc".into()));
    assert_eq!(browser.json(url).await["dashboard_user"], "admin");
}
