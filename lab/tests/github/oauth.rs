//! Signing in to the forge: the happy path with PKCE, each error of the exchange, and rotation.
use std::collections::HashMap;
use std::time::Duration;

use reqwest::Method;
use serde_json::Value;
use url::Url;

use crate::world::{Answer, World, read};

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
    let request = world.request(Method::POST, "login/oauth/authorize");
    let chosen = read(request.form(&form)).await;
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

/// The name of the error that an exchange with these changes ends with.
async fn error(world: &World, changes: &[(&str, &str)]) -> Value {
    exchange(world, changes).await["error"].clone()
}

/// Signs in; the access token and the refresh token.
async fn sign_in(world: &World, login: &str) -> (String, String) {
    let code = choose(world, login).await;
    tokens(&exchange(world, &[("code", &code)]).await)
}

fn tokens(pair: &Value) -> (String, String) {
    let token = |name: &str| pair[name].as_str().unwrap().to_owned();
    (token("access_token"), token("refresh_token"))
}

fn refresh(token: &str) -> [(&str, &str); 2] {
    [("grant_type", "refresh_token"), ("refresh_token", token)]
}

async fn user(world: &World, token: &str) -> Answer {
    read(world.request(Method::GET, "api/v3/user").bearer_auth(token)).await
}

#[tokio::test]
async fn someone_signs_in_and_is_who_they_chose_to_be() {
    let world = World::fresh().await;
    let id = &world.forge.app().client_id;
    let path = format!(
        "login/oauth/authorize?client_id={id}&redirect_uri={REDIRECT}&state=s\
         &code_challenge={CHALLENGE}&code_challenge_method=S256&login=sam"
    );
    let page = world.get(&path).await;
    assert_eq!(page.status, 200);
    for login in ["ana", "sam", "li", "kim"] {
        assert!(page.text.contains(&format!("value=\"{login}\"")), "{login}");
    }
    assert!(page.text.contains("not github.com"));

    let code = choose(&world, "sam").await;
    let pair = exchange(&world, &[("code", &code)]).await;
    let (token, _) = tokens(&pair);
    assert!(token.starts_with("ghu_"));
    assert_eq!(pair["expires_in"], 28_800);
    assert_eq!(pair["token_type"], "bearer");
    let sam = user(&world, &token).await.json;
    assert_eq!(sam["login"], "sam");
    assert_eq!(sam["id"], 1002);
    let avatar = reqwest::get(sam["avatar_url"].as_str().unwrap()).await;
    assert_eq!(avatar.unwrap().headers()["content-type"], "image/svg+xml");
}

#[tokio::test]
async fn each_error_of_the_exchange_comes_as_200_with_its_name() {
    let world = World::fresh().await;
    let code = choose(&world, "ana").await;
    let code = ("code", &*code);
    for (changes, name) in [
        (
            &[code, ("client_secret", "guess")][..],
            "incorrect_client_credentials",
        ),
        (&[("code", "made-up")], "bad_verification_code"),
        (
            &[code, ("redirect_uri", "http://127.0.0.1:1/x")],
            "redirect_uri_mismatch",
        ),
        // The code is used up.
        (&[code], "bad_verification_code"),
        (&refresh("made-up"), "bad_refresh_token"),
    ] {
        assert_eq!(error(&world, changes).await, name, "{changes:?}");
    }

    let code = choose(&world, "ana").await;
    let unverified = [("code", &*code), ("code_verifier", "another")];
    assert_eq!(error(&world, &unverified).await, "bad_verification_code");

    let code = choose(&world, "ana").await;
    world.clock.advance(Duration::from_secs(601));
    let late = [("code", &*code)];
    assert_eq!(error(&world, &late).await, "bad_verification_code");
}

#[tokio::test]
async fn a_refresh_rotates_the_pair_and_a_token_ends_after_eight_hours() {
    let world = World::fresh().await;
    let (first, first_refresh) = sign_in(&world, "li").await;
    let rotate = refresh(&first_refresh);
    let (second, _) = tokens(&exchange(&world, &rotate).await);
    assert_eq!(user(&world, &first).await.status, 401);
    assert_eq!(user(&world, &second).await.status, 200);
    assert_eq!(error(&world, &rotate).await, "bad_refresh_token");
    world.clock.advance(Duration::from_secs(8 * 3600 + 1));
    let ended = user(&world, &second).await;
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
    let (token, _) = sign_in(&world, "sam").await;
    assert_eq!(user(&world, &token).await.status, 200);
    world.forge.revoke("sam");
    assert_eq!(user(&world, &token).await.status, 401);
}
