//! Signing in to the forge: the happy path with PKCE, each error of the exchange, and rotation.
#![allow(
    clippy::unwrap_used,
    reason = "a test stops where something is missing"
)]

mod github_world;

use std::collections::HashMap;
use std::time::Duration;

use github_world::{Answer, World, read};
use reqwest::Method;
use serde_json::Value;
use url::Url;

const REDIRECT: &str = "http://127.0.0.1:9999/promotions/auth/github/callback";
/// The verifier and challenge of RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// Chooses an account on the sign-in page and returns the code.
async fn choose(world: &World, login: &str) -> String {
    let form = [
        ("client_id", world.forge.app().client_id.as_str()),
        ("redirect_uri", REDIRECT),
        ("state", "the-state"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("login", login),
    ];
    let chosen = read(
        world
            .request(Method::POST, "login/oauth/authorize")
            .form(&form),
    )
    .await;
    assert_eq!(chosen.status, 303, "{}", chosen.text);
    let target = Url::parse(chosen.headers["location"].to_str().unwrap()).unwrap();
    assert!(target.as_str().starts_with(REDIRECT));
    let pairs: HashMap<String, String> = target.query_pairs().into_owned().collect();
    assert_eq!(pairs["state"], "the-state");
    pairs["code"].clone()
}

async fn exchange(world: &World, changes: &[(&str, &str)]) -> Value {
    let app = world.forge.app();
    let mut form = HashMap::from([
        ("client_id", app.client_id.as_str()),
        ("client_secret", app.client_secret.as_str()),
        ("redirect_uri", REDIRECT),
        ("code_verifier", VERIFIER),
    ]);
    form.extend(changes.iter().copied());
    let request = world
        .request(Method::POST, "login/oauth/access_token")
        .header("Accept", "application/json")
        .form(&form);
    let answer = read(request).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json
}

async fn user(world: &World, token: &str) -> Answer {
    read(world.request(Method::GET, "api/v3/user").bearer_auth(token)).await
}

#[tokio::test]
async fn someone_signs_in_and_is_who_they_chose_to_be() {
    let world = World::fresh().await;
    let page = world
        .get(&format!(
            "login/oauth/authorize?client_id={}&redirect_uri={REDIRECT}&state=s\
             &code_challenge={CHALLENGE}&code_challenge_method=S256&login=sam",
            world.forge.app().client_id
        ))
        .await;
    assert_eq!(page.status, 200);
    for login in ["ana", "sam", "li", "kim"] {
        assert!(page.text.contains(&format!("value=\"{login}\"")), "{login}");
    }
    assert!(page.text.contains("not github.com"));

    let code = choose(&world, "sam").await;
    let pair = exchange(&world, &[("code", &code)]).await;
    assert!(pair["access_token"].as_str().unwrap().starts_with("ghu_"));
    assert_eq!(pair["expires_in"], 28_800);
    assert_eq!(pair["token_type"], "bearer");
    let sam = user(&world, pair["access_token"].as_str().unwrap()).await;
    assert_eq!(sam.json["login"], "sam");
    assert_eq!(sam.json["id"], 1002);
    let avatar = reqwest::get(sam.json["avatar_url"].as_str().unwrap())
        .await
        .unwrap();
    assert_eq!(avatar.headers()["content-type"], "image/svg+xml");
}

#[tokio::test]
async fn each_error_of_the_exchange_comes_as_200_with_its_name() {
    let world = World::fresh().await;
    let code = choose(&world, "ana").await;
    let again = code.clone();
    let wrong_secret = exchange(&world, &[("code", &code), ("client_secret", "guess")]).await;
    assert_eq!(wrong_secret["error"], "incorrect_client_credentials");
    let unknown = exchange(&world, &[("code", "made-up")]).await;
    assert_eq!(unknown["error"], "bad_verification_code");
    let elsewhere = exchange(
        &world,
        &[("code", &code), ("redirect_uri", "http://127.0.0.1:1/x")],
    )
    .await;
    assert_eq!(elsewhere["error"], "redirect_uri_mismatch");
    let twice = exchange(&world, &[("code", &again)]).await;
    assert_eq!(twice["error"], "bad_verification_code");

    let code = choose(&world, "ana").await;
    let unverified = exchange(&world, &[("code", &code), ("code_verifier", "another")]).await;
    assert_eq!(unverified["error"], "bad_verification_code");

    let code = choose(&world, "ana").await;
    world.clock.advance(Duration::from_secs(601));
    let late = exchange(&world, &[("code", &code)]).await;
    assert_eq!(late["error"], "bad_verification_code");

    let refresh = [
        ("grant_type", "refresh_token"),
        ("refresh_token", "made-up"),
    ];
    assert_eq!(
        exchange(&world, &refresh).await["error"],
        "bad_refresh_token"
    );
}

#[tokio::test]
async fn a_refresh_rotates_the_pair_and_a_token_ends_after_eight_hours() {
    let world = World::fresh().await;
    let code = choose(&world, "li").await;
    let first = exchange(&world, &[("code", &code)]).await;
    let first_refresh = first["refresh_token"].as_str().unwrap();
    let refresh = [
        ("grant_type", "refresh_token"),
        ("refresh_token", first_refresh),
    ];
    let second = exchange(&world, &refresh).await;
    assert_eq!(
        user(&world, first["access_token"].as_str().unwrap())
            .await
            .status,
        401
    );
    let token = second["access_token"].as_str().unwrap();
    assert_eq!(user(&world, token).await.status, 200);
    assert_eq!(
        exchange(&world, &refresh).await["error"],
        "bad_refresh_token"
    );
    world.clock.advance(Duration::from_secs(8 * 3600 + 1));
    let ended = user(&world, token).await;
    assert_eq!(ended.status, 401);
    assert_eq!(ended.json["message"], "Bad credentials");
}

#[tokio::test]
async fn a_stranger_app_or_a_foreign_callback_is_told_so_on_a_page() {
    let world = World::fresh().await;
    let id = &world.forge.app().client_id;
    for query in [
        format!("client_id=other&redirect_uri={REDIRECT}"),
        format!("client_id={id}&redirect_uri=https://evil.example/callback"),
        format!("client_id={id}"),
    ] {
        let page = world.get(&format!("login/oauth/authorize?{query}")).await;
        assert_eq!(page.status, 400, "{query}");
        assert!(page.text.contains("cannot go on"));
    }
}

#[tokio::test]
async fn a_revoked_token_is_no_token() {
    let world = World::fresh().await;
    let code = choose(&world, "sam").await;
    let pair = exchange(&world, &[("code", &code)]).await;
    let token = pair["access_token"].as_str().unwrap();
    assert_eq!(user(&world, token).await.status, 200);
    world.forge.revoke("sam");
    assert_eq!(user(&world, token).await.status, 401);
}
