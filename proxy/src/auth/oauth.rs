//! GitHub's web flow for user tokens: authorize, exchange, refresh.
//!
//! By hand over `reqwest`: GitHub answers errors with HTTP 200 and an `error` field, which clients for
//! the letter of RFC 6749 take for a broken token.

use std::time::Duration;

use model::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

use super::tokens::Tokens;
use crate::config::Config;

const TIME_LIMIT: Duration = Duration::from_secs(10);

/// Why GitHub gave no token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OAuthError {
    /// GitHub said no, with its own name for the reason.
    #[error("GitHub refused: {0}")]
    Refused(String),
    /// GitHub did not answer.
    #[error("GitHub cannot be reached: {0}")]
    Unavailable(String),
    /// GitHub answered something else than it documents.
    #[error("GitHub's answer cannot be read: {0}")]
    Malformed(String),
}

/// The web flow with one GitHub App.
pub struct OAuth {
    http: reqwest::Client,
    web_url: Url,
    client_id: String,
    client_secret: SecretString,
    redirect_uri: String,
}

/// GitHub's answer to a code or a refresh token; either `error` or a token.
#[derive(Deserialize)]
struct TokenResponse {
    error: Option<String>,
    access_token: Option<SecretString>,
    expires_in: Option<u64>,
    refresh_token: Option<SecretString>,
}

impl OAuth {
    pub(super) fn new(config: &Config, http: reqwest::Client) -> Self {
        Self {
            http,
            web_url: config.github.web_url.clone(),
            client_id: config.github.client_id.clone(),
            client_secret: config.github.client_secret.clone(),
            redirect_uri: format!("{}auth/github/callback", config.home_url()),
        }
    }

    /// Where to send the browser. `challenge` is the SHA-256 of the verifier, in base64url.
    pub(super) fn authorize_url(&self, state: &str, challenge: &str) -> Url {
        let mut url = self.page("authorize");
        url.query_pairs_mut()
            .append_pair("client_id", &self.client_id)
            .append_pair("redirect_uri", &self.redirect_uri)
            .append_pair("state", state)
            .append_pair("code_challenge", challenge)
            .append_pair("code_challenge_method", "S256");
        url
    }

    /// Exchanges the code that GitHub sent the browser back with.
    pub(super) async fn exchange(
        &self,
        code: &str,
        verifier: &str,
        now: Timestamp,
    ) -> Result<Tokens, OAuthError> {
        let fields = [
            ("code", code),
            ("redirect_uri", &self.redirect_uri),
            ("code_verifier", verifier),
        ];
        self.ask(&fields, now).await
    }

    /// Exchanges a refresh token. GitHub kills the old pair, whatever becomes of its answer.
    pub(super) async fn refresh(
        &self,
        refresh_token: &SecretString,
        now: Timestamp,
    ) -> Result<Tokens, OAuthError> {
        let fields = [
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh_token.expose_secret()),
        ];
        self.ask(&fields, now).await
    }

    async fn ask(&self, fields: &[(&str, &str)], now: Timestamp) -> Result<Tokens, OAuthError> {
        let mut form = vec![
            ("client_id", self.client_id.as_str()),
            ("client_secret", self.client_secret.expose_secret()),
        ];
        form.extend_from_slice(fields);
        // An error of reqwest may name its URL, which holds no secret here: all travels in the body.
        let unavailable = |error: reqwest::Error| OAuthError::Unavailable(error.to_string());
        let answer = self
            .http
            .post(self.page("access_token"))
            .timeout(TIME_LIMIT)
            .header(http::header::ACCEPT, "application/json")
            .form(&form)
            .send()
            .await
            .map_err(unavailable)?;
        if answer.status().is_server_error() {
            return Err(OAuthError::Unavailable(answer.status().to_string()));
        }
        let body = answer.bytes().await.map_err(unavailable)?;
        let answer: TokenResponse = serde_json::from_slice(&body).map_err(|_| {
            OAuthError::Malformed("it is not the JSON that GitHub documents".into())
        })?;
        if let Some(error) = answer.error {
            return Err(OAuthError::Refused(error));
        }
        let access = answer
            .access_token
            .ok_or_else(|| OAuthError::Malformed("it holds no access_token".into()))?;
        Ok(Tokens {
            access,
            ends_at: answer
                .expires_in
                .map(|seconds| now + Duration::from_secs(seconds)),
            refresh: answer.refresh_token,
        })
    }

    fn page(&self, name: &str) -> Url {
        let mut url = self.web_url.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(["login", "oauth", name]);
        }
        url
    }
}
