//! The built page: its files, their caching, and the headers that guard it.

use crate::world::{TestApp, World, location};

const INDEX: &str = "<!DOCTYPE html><html><head><title>Weft</title></head><body>\
                     <script type=\"module\">alert('Hello, world.');</script></body></html>";

async fn with_page() -> TestApp {
    let world = World {
        index: Some(INDEX),
        ..World::default()
    };
    world.start().await
}

#[tokio::test]
async fn every_view_of_the_app_is_its_page_and_no_file_is() {
    let app = with_page().await;
    for (path, status) in [
        ("", 200),
        ("p/app-podinfo/podinfo", 200),
        ("pr/demo/podinfo/64", 200),
        ("embed/p/app-podinfo/podinfo", 200),
        ("nothing.js", 404),
        ("p/nothing.css", 404),
    ] {
        let answer = app.stranger().get(&app.at(path)).send().await.unwrap();
        assert_eq!(answer.status(), status, "{path}");
        if status == 200 {
            assert_eq!(answer.headers()["cache-control"], "no-cache");
            assert!(answer.headers().contains_key("etag"));
            assert_eq!(answer.text().await.unwrap(), INDEX);
        }
    }
}

#[tokio::test]
async fn the_policy_allows_the_loader_by_its_hash() {
    let app = with_page().await;
    let answer = app.stranger().get(&app.at("")).send().await.unwrap();
    let header = |name: &str| answer.headers()[name].to_str().unwrap();
    let policy = header("content-security-policy");
    for part in [
        "default-src 'none'",
        "'wasm-unsafe-eval' 'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='",
        "style-src 'self'",
        "frame-ancestors 'self'",
    ] {
        assert!(policy.contains(part), "{part} in {policy}");
    }
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert_eq!(header("referrer-policy"), "same-origin");
    assert!(!answer.headers().contains_key("x-frame-options"));
}

#[tokio::test]
async fn compressed_files_are_served_to_those_who_can_read_them() {
    let app = with_page().await;
    let name = "app-0123456789abcdef.css";
    let site = app.folder().join("site");
    std::fs::write(site.join(name), "plain").unwrap();
    std::fs::write(site.join(format!("{name}.br")), "brotli").unwrap();
    std::fs::write(site.join(format!("{name}.gz")), "gzip").unwrap();
    for (accepts, encoding, body) in [
        ("gzip, deflate, br", Some("br"), "brotli"),
        ("gzip", Some("gzip"), "gzip"),
        ("identity", None, "plain"),
    ] {
        let request = app.stranger().get(&app.at(name));
        let answer = request
            .header("accept-encoding", accepts)
            .send()
            .await
            .unwrap();
        let found = answer.headers().get("content-encoding");
        assert_eq!(found.map(|value| value.to_str().unwrap()), encoding);
        assert_eq!(answer.headers()["vary"], "Accept-Encoding");
        assert!(
            answer.headers()["cache-control"]
                .to_str()
                .unwrap()
                .contains("immutable")
        );
        assert_eq!(answer.text().await.unwrap(), body);
    }
}

#[tokio::test]
async fn a_file_that_has_not_changed_is_not_sent_again() {
    let app = with_page().await;
    let first = app.stranger().get(&app.at("")).send().await.unwrap();
    let tag = first.headers()["etag"].clone();
    let again = app.stranger().get(&app.at(""));
    let again = again.header("if-none-match", tag).send().await.unwrap();
    assert_eq!(again.status(), 304);
}

#[tokio::test]
async fn nothing_outside_the_folder_is_served() {
    let app = with_page().await;
    for path in [
        "..%2Ftoken",
        "%2e%2e/token",
        "x/..%2f..%2ftoken",
        "..%5ctoken.x",
    ] {
        let answer = app.stranger().get(&app.at(path)).send().await.unwrap();
        let body = answer.text().await.unwrap();
        assert!(!body.contains(app.forge.bot_token()), "{path}");
    }
}

#[tokio::test]
async fn without_the_page_weft_says_what_is_missing() {
    let app = World::default().start().await;
    let answer = app.stranger().get(&app.at("")).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(answer.text().await.unwrap().contains("static_dir"));
}

#[tokio::test]
async fn the_root_and_the_bare_base_path_lead_to_weft() {
    let app = World::default().start().await;
    for path in ["/", "/promotions"] {
        let url = format!("{}{path}", app.origin);
        let answer = app.stranger().get(&url).send().await.unwrap();
        assert!(answer.status().is_redirection());
        assert_eq!(location(&answer), "/promotions/");
    }
}
