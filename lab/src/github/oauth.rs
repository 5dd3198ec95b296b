//! Sign-in: the page that offers the demo's accounts, the exchange of codes (with PKCE) and the rotation
//! of refresh tokens. As on GitHub, errors of the exchange come as HTTP 200.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use minijinja::context;
use serde::{Deserialize, Serialize};
use serde_json::json;
use url::Url;

use super::accounts::{self, ACCOUNTS, AccountKind};
use super::state::GitHubState;
use super::tokens::{self, ACCESS_LIFE, Grant, Pair, REFRESH_LIFE};
use crate::templates::render;

/// The routes of signing in, at the web root.
pub(crate) fn routes() -> Router<Arc<GitHubState>> {
    Router::new()
        .route("/login/oauth/authorize", get(page).post(choose))
        .route("/login/oauth/access_token", post(exchange))
}

#[derive(Clone, Deserialize, Serialize)]
struct SignIn {
    client_id: String,
    redirect_uri: Option<String>,
    state: Option<String>,
    code_challenge: Option<String>,
    code_challenge_method: Option<String>,
    login: Option<String>,
}

impl SignIn {
    /// Returns the URL to send the browser back to, or why it may not be sent there.
    fn target(&self, github: &GitHubState) -> Result<Url, &'static str> {
        if self.client_id != github.app.client_id {
            return Err("No app has this client_id.");
        }
        let asked = self
            .redirect_uri
            .as_deref()
            .ok_or("redirect_uri is missing.")?;
        let target = Url::parse(asked).map_err(|_| "redirect_uri is not a URL.")?;
        let loopback = matches!(target.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
        if !loopback || target.scheme() != "http" {
            return Err("The redirect_uri is not associated with this application.");
        }
        let challenged = self.code_challenge.is_some();
        if challenged && self.code_challenge_method.as_deref() != Some("S256") {
            return Err("code_challenge_method must be S256.");
        }
        Ok(target)
    }
}

async fn page(State(github): State<Arc<GitHubState>>, Query(asked): Query<SignIn>) -> Response {
    match asked.target(&github) {
        Ok(_) => html(StatusCode::OK, choose_page(&asked)),
        Err(why) => refused(why),
    }
}

async fn choose(State(github): State<Arc<GitHubState>>, Form(asked): Form<SignIn>) -> Response {
    let mut target = match asked.target(&github) {
        Ok(target) => target,
        Err(why) => return refused(why),
    };
    let account = asked.login.as_deref().and_then(accounts::account);
    let Some(account) = account.filter(|account| account.kind == AccountKind::User) else {
        return refused("Nobody has this name.");
    };
    let grant = Grant {
        account,
        redirect_uri: asked.redirect_uri.clone().unwrap_or_default(),
        challenge: asked.code_challenge.clone(),
    };
    let code = github.tokens.code(grant, github.now());
    target.query_pairs_mut().append_pair("code", &code);
    if let Some(state) = &asked.state {
        target.query_pairs_mut().append_pair("state", state);
    }
    Redirect::to(target.as_str()).into_response()
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Exchange {
    client_id: String,
    client_secret: String,
    code: Option<String>,
    redirect_uri: Option<String>,
    code_verifier: Option<String>,
    grant_type: Option<String>,
    refresh_token: Option<String>,
}

async fn exchange(State(github): State<Arc<GitHubState>>, Form(asked): Form<Exchange>) -> Response {
    let answer = match redeem(&github, &asked) {
        Ok(pair) => json!({
            "access_token": pair.access,
            "expires_in": ACCESS_LIFE.as_secs(),
            "refresh_token": pair.refresh,
            "refresh_token_expires_in": REFRESH_LIFE.as_secs(),
            "token_type": "bearer",
            "scope": "",
        }),
        Err((code, sentence)) => json!({
            "error": code,
            "error_description": sentence,
            "error_uri": "https://docs.github.com/apps/oauth-apps",
        }),
    };
    ([(header::CACHE_CONTROL, "no-store")], Json(answer)).into_response()
}

fn redeem(github: &GitHubState, asked: &Exchange) -> Result<Pair, (&'static str, &'static str)> {
    let now = github.now();
    let app = &github.app;
    if asked.client_id != app.client_id || asked.client_secret != app.client_secret {
        return Err((
            "incorrect_client_credentials",
            "The client_id and/or client_secret passed are incorrect.",
        ));
    }
    match asked.grant_type.as_deref() {
        Some("refresh_token") => {
            let refresh = asked.refresh_token.as_deref().unwrap_or_default();
            return github.tokens.rotate(refresh, now).ok_or((
                "bad_refresh_token",
                "The refresh token passed is incorrect or expired.",
            ));
        }
        None | Some("" | "authorization_code") => {}
        Some(_) => return Err(("unsupported_grant_type", "The grant type is not supported.")),
    }
    let bad_code = (
        "bad_verification_code",
        "The code passed is incorrect or expired.",
    );
    let code = asked.code.as_deref().unwrap_or_default();
    let grant = github.tokens.redeem(code, now).ok_or(bad_code)?;
    let same = asked
        .redirect_uri
        .as_ref()
        .is_none_or(|uri| *uri == grant.redirect_uri);
    if !same {
        return Err((
            "redirect_uri_mismatch",
            "The redirect_uri MUST match the registered callback URL for this application.",
        ));
    }
    if let Some(challenge) = &grant.challenge {
        let verifier = asked.code_verifier.as_deref().unwrap_or_default();
        if !tokens::answers(verifier, challenge) {
            return Err(bad_code);
        }
    }
    Ok(github.tokens.issue(grant.account, now))
}

fn html(status: StatusCode, page: Html<String>) -> Response {
    let headers = [
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; frame-ancestors 'none'",
        ),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ];
    (status, headers, page).into_response()
}

fn refused(why: &str) -> Response {
    let page = render("sign_in_refused.html", context! { title => "Sign in", why });
    html(StatusCode::BAD_REQUEST, page)
}

fn choose_page(asked: &SignIn) -> Html<String> {
    let people = ACCOUNTS
        .iter()
        .filter(|account| account.kind == AccountKind::User);
    let accounts = people.map(|account| {
        context! { login => account.login, name => account.name, role => account.role }
    });
    let accounts: Vec<_> = accounts.collect();
    render(
        "choose.html",
        context! { title => "Sign in", asked, accounts },
    )
}
