//! Signing in against the forge, out again, and who may write.

use std::time::Duration;

use reqwest::Url;
use serde_json::Value;

use crate::world::{Browser, World, assert_problem, client, location, status_and_json};

/// A parameter of an address.
fn parameter(address: &str, name: &str) -> String {
    let url = Url::parse(address).unwrap();
    let mut pairs = url.query_pairs();
    let (_, value) = pairs.find(|(key, _)| key == name).unwrap();
    value.into_owned()
}

#[tokio::test]
async fn who_signs_in_at_the_forge_is_who_the_session_says() {
    let app = World::default().start().await;
    let sam = app.signed_in("sam").await;
    let session = sam.json("api/v1/session").await;
    assert_eq!(session["viewer"]["login"], "sam");
    assert!(session["viewer"]["id"].as_u64().unwrap() > 0);
    assert_eq!(session["demo"], false);
    let stranger = app.json("api/v1/session").await;
    assert_eq!(stranger["viewer"], Value::Null);
    assert_eq!(stranger["csrf_token"], Value::Null);
}

#[tokio::test]
async fn a_sign_in_returns_to_where_it_began_and_nowhere_else() {
    let app = World::default().start().await;
    for (wish, goes) in [
        ("%2Fpromotions%2Fp%2Fa%2Fb", "/promotions/p/a/b"),
        ("https%3A%2F%2Fevil.example%2F", "/promotions/"),
    ] {
        let mut browser = app.stranger();
        let path = format!("auth/github/login?return_to={wish}");
        let callback = browser.ask_the_forge("sam", &path).await;
        let answer = browser.get(&callback).send().await.unwrap();
        assert_eq!(location(&answer), goes);
    }
}

#[tokio::test]
async fn the_cookies_keep_reading_and_writing_apart() {
    let app = World::default().start().await;
    let mut browser = app.stranger();
    let callback = browser.ask_the_forge("sam", "auth/github/login").await;
    let answer = browser.get(&callback).send().await.unwrap();
    let of = |name: &str| {
        let cookies = answer.headers().get_all("set-cookie").iter();
        let mut cookies = cookies.map(|cookie| cookie.to_str().unwrap());
        cookies.find(|cookie| cookie.starts_with(name)).unwrap()
    };
    for (name, same_site) in [("weft_read=", "Lax"), ("weft_write=", "Strict")] {
        assert!(of(name).contains(&format!("HttpOnly; SameSite={same_site}; Path=/")));
    }
    assert!(of("weft_login=").contains("Max-Age=0"), "it is used up");
}

#[tokio::test]
async fn a_callback_that_this_browser_did_not_begin_is_refused() {
    let app = World::default().start().await;
    let mut attacker = app.stranger();
    let callback = attacker.ask_the_forge("sam", "auth/github/login").await;
    let found = status_and_json(app.stranger().get(&callback)).await;
    assert_problem(found, 400, "sign_in_not_begun");
}

#[tokio::test]
async fn a_code_of_another_sign_in_is_refused() {
    let app = World::default().start().await;
    let mut mine = app.stranger();
    let my_callback = mine.ask_the_forge("sam", "auth/github/login").await;
    let mut other = app.stranger();
    let callback = other.ask_the_forge("li", "auth/github/login").await;
    let code = |url: &str| parameter(url, "code");
    let mixed = my_callback.replace(&code(&my_callback), &code(&callback));
    let found = status_and_json(mine.get(&mixed)).await;
    assert_problem(found, 403, "sign_in_refused");
}

#[tokio::test]
async fn a_cancelled_sign_in_is_told_as_one() {
    let app = World::default().start().await;
    let mut browser = app.stranger();
    let callback = browser.ask_the_forge("sam", "auth/github/login").await;
    let state = parameter(&callback, "state");
    let cancelled = format!("auth/github/callback?error=access_denied&state={state}");
    let request = browser.get(&cancelled).header("accept", "text/html");
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 403);
    let page = answer.text().await.unwrap();
    assert!(page.contains("You cancelled the sign-in"), "{page}");
}

#[tokio::test]
async fn a_popup_ends_with_a_page_that_closes_itself() {
    let app = World::default().start().await;
    let mut browser = app.stranger();
    let login = "auth/github/login?popup=1";
    let callback = browser.ask_the_forge("sam", login).await;
    let answer = browser.get(&callback).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let policy = answer.headers()["content-security-policy"].clone();
    assert!(policy.to_str().unwrap().contains("script-src 'self'"));
    let page = answer.text().await.unwrap();
    assert!(page.contains("/promotions/auth/popup.js"), "{page}");
}

#[tokio::test]
async fn who_signs_out_is_a_stranger_again() {
    let app = World::default().start().await;
    let mut sam = app.signed_in("sam").await;
    let kept = sam.cookies.clone();
    let answer = sam.post("auth/logout").send().await.unwrap();
    assert_eq!(answer.status(), 204);
    sam.keep(answer.headers());
    assert!(sam.cookies.is_empty());
    sam.cookies = kept;
    let session = sam.json("api/v1/session").await;
    assert_eq!(session["viewer"], Value::Null, "the old cookies are dead");
}

#[tokio::test]
async fn a_session_ends_after_eight_hours() {
    let app = World::default().start().await;
    let sam = app.signed_in("sam").await;
    app.clock.advance(Duration::from_secs(8 * 3600));
    let session = sam.json("api/v1/session").await;
    assert_eq!(session["viewer"], Value::Null);
}

/// What needs the person's own token: a promotion that is not there.
async fn nothing_there(browser: &Browser) -> (u16, Value) {
    status_and_json(browser.get("api/v1/promotions/demo/podinfo/999")).await
}

#[tokio::test]
async fn a_token_about_to_end_is_refreshed_once_for_many() {
    let app = World::default().start().await;
    let sam = app.signed_in("sam").await;
    app.clock.advance(Duration::from_secs(8 * 3600 - 30));
    // The forge kills the old pair at the first refresh: a second one with it would sign sam out.
    let asked = (0..8).map(|_| nothing_there(&sam));
    for found in futures::future::join_all(asked).await {
        assert_problem(found, 404, "not_found");
    }
}

#[tokio::test]
async fn whom_github_signs_out_is_told_to_sign_in_again() {
    let app = World::default().start().await;
    let sam = app.signed_in("sam").await;
    app.forge.revoke("sam");
    assert_problem(nothing_there(&sam).await, 401, "sign_in_again");
    let session = sam.json("api/v1/session").await;
    assert_eq!(session["viewer"], Value::Null, "the session is over");
}

#[tokio::test]
async fn a_write_must_come_from_a_page_of_weft() {
    let app = World::default().start().await;
    let sam = app.signed_in("sam").await;
    let all = sam.cookie_header();
    let read_only = all.split("; ").find(|it| it.starts_with("weft_read="));
    assert!(read_only.is_some());
    let good = [
        ("cookie", all.as_str()),
        ("origin", app.origin.as_str()),
        ("sec-fetch-site", "same-origin"),
        ("x-weft-csrf", sam.csrf.as_str()),
    ];
    for (header, spoilt, status) in [
        ("cookie", None, 401),
        ("cookie", read_only, 403),
        ("origin", None, 403),
        ("origin", Some("https://evil.example"), 403),
        ("origin", Some("null"), 403),
        ("sec-fetch-site", None, 403),
        ("sec-fetch-site", Some("same-site"), 403),
        ("sec-fetch-site", Some("cross-site"), 403),
        ("x-weft-csrf", None, 403),
        ("x-weft-csrf", Some("guessed"), 403),
    ] {
        let url = format!("{}/promotions/auth/logout", app.origin);
        let mut request = client().post(url);
        for (name, value) in good {
            let value = if name == header { spoilt } else { Some(value) };
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        let (found, problem) = status_and_json(request).await;
        assert_eq!(found, status, "{header}: {spoilt:?}");
        let code = match status {
            401 => "not_signed_in",
            _ => "not_from_here",
        };
        assert_eq!(problem["code"], code);
    }
    let session = sam.json("api/v1/session").await;
    assert_eq!(session["viewer"]["login"], "sam", "nothing was done");
}
