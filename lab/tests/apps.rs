//! The live applications answer as podinfo does, byte for byte where clients might care.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::time::Duration;

use lab::apps::{App, Serving};

async fn started() -> App {
    // Fails when another test of this process was first, which serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    App::start("uat").await.unwrap()
}

async fn serving() -> App {
    let app = started().await;
    app.serve(Serving {
        version: "5.1.8".to_owned(),
        color: "#b8791f".to_owned(),
        message: String::new(),
        revision: "a".repeat(40),
    });
    app
}

async fn get(app: &App, path: &str, agent: &str) -> (u16, String) {
    let client = reqwest::Client::builder().no_proxy().user_agent(agent);
    let request = client.build().unwrap().get(app.url().join(path).unwrap());
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

#[tokio::test]
async fn an_app_is_not_ready_before_its_first_deployment() {
    let app = started().await;
    for path in ["/", "/api/info", "/version", "/healthz", "/readyz"] {
        let answer = get(&app, path, "curl").await;
        assert_eq!(answer, (503, String::new()), "{path}");
    }
}

#[tokio::test]
async fn an_app_says_what_was_deployed() {
    let app = serving().await;
    let (status, text) = get(&app, "/", "curl/8").await;
    assert_eq!(status, 200);
    let expected = [
        "{",
        "  \"hostname\": \"podinfo-uat\",",
        "  \"version\": \"5.1.8\",",
        "  \"revision\": \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\",",
        "  \"color\": \"#b8791f\",",
        "  \"logo\": \"\",",
        "  \"message\": \"greetings from podinfo v5.1.8\",",
        "  \"goos\": \"linux\",",
    ];
    assert!(text.starts_with(&expected.join("\n")), "{text}");
    assert_eq!(get(&app, "/api/info", "Mozilla/5.0").await.1, text);
    let ready = get(&app, "/readyz", "probe").await.1;
    assert_eq!(ready, "{\n  \"status\": \"OK\"\n}");
    let page = get(&app, "/", "Mozilla/5.0").await.1;
    assert!(page.contains("background:#b8791f"), "{page}");
}

#[tokio::test]
async fn a_hanging_app_answers_when_it_stops_hanging() {
    let app = serving().await;
    app.hang(true);
    let asked = get(&app, "/api/info", "curl");
    tokio::pin!(asked);
    let waited = tokio::time::timeout(Duration::from_millis(200), &mut asked).await;
    assert!(waited.is_err());
    app.hang(false);
    assert_eq!(asked.await.0, 200);
    app.down(true);
    assert_eq!(get(&app, "/api/info", "curl").await.0, 503);
}
