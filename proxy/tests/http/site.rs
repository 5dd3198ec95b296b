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
    for path in [
        "",
        "p/app-podinfo/podinfo",
        "pr/demo/podinfo/64",
        "embed/p/app-podinfo/podinfo",
    ] {
        let answer = app.get(path).await;
        assert_eq!(answer.status(), 200, "{path}");
        assert_eq!(answer.headers()["cache-control"], "no-cache");
        assert!(answer.headers().contains_key("etag"));
        assert_eq!(answer.text().await.unwrap(), INDEX);
    }
    for path in ["nothing.js", "p/nothing.css"] {
        assert_eq!(app.get(path).await.status(), 404, "{path}");
    }
}

#[tokio::test]
async fn the_policy_allows_the_loader_by_its_hash() {
    let app = with_page().await;
    let answer = app.get("").await;
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
        let request = app.stranger().get(name);
        let request = request.header("accept-encoding", accepts);
        let answer = request.send().await.unwrap();
        let found = answer.headers().get("content-encoding");
        assert_eq!(found.map(|value| value.to_str().unwrap()), encoding);
        assert_eq!(answer.headers()["vary"], "Accept-Encoding");
        let kept = answer.headers()["cache-control"].to_str().unwrap();
        assert!(kept.contains("immutable"), "{kept}");
        assert_eq!(answer.text().await.unwrap(), body);
    }
}

#[tokio::test]
async fn a_file_that_has_not_changed_is_not_sent_again() {
    let app = with_page().await;
    let first = app.get("").await;
    let tag = first.headers()["etag"].clone();
    let again = app.stranger().get("");
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
        let body = app.get(path).await.text().await.unwrap();
        assert!(!body.contains(app.forge.bot_token()), "{path}");
    }
}

#[tokio::test]
async fn without_the_page_weft_says_what_is_missing() {
    let app = World::default().start().await;
    let answer = app.get("").await;
    assert_eq!(answer.status(), 200);
    assert!(answer.text().await.unwrap().contains("static_dir"));
}

#[tokio::test]
async fn the_root_and_the_bare_base_path_lead_to_weft() {
    let app = World::default().start().await;
    for path in ["/", "/promotions"] {
        let answer = app.get(path).await;
        assert!(answer.status().is_redirection());
        assert_eq!(location(&answer), "/promotions/");
    }
}
