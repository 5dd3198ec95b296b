//! GitHub's web flow for user tokens, over the `oauth2` crate: authorize, exchange, refresh.

use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use model::Timestamp;
use oauth2::basic::{BasicClient, BasicErrorResponse, BasicTokenResponse};
use oauth2::{
    AsyncHttpClient, AuthType, AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken,
    EndpointNotSet, EndpointSet, HttpRequest, HttpResponse, PkceCodeChallenge, PkceCodeVerifier,
    RedirectUrl, RefreshToken, RequestTokenError, TokenResponse, TokenUrl,
};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::config::Config;

const TIME_LIMIT: Duration = Duration::from_secs(10);

/// The pair of tokens that GitHub gives for a code or a refresh token.
#[derive(Clone, Debug)]
pub(crate) struct Tokens {
    /// The token that acts as the person.
    pub access: SecretString,
    /// The end of the access token; `None` where GitHub sets none.
    pub ends_at: Option<Timestamp>,
    /// The token for the next pair; `None` where the access token does not end.
    pub refresh: Option<SecretString>,
}

/// Why GitHub gave no token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OAuthError {
    /// By GitHub's own name for the reason.
    #[error("GitHub refused: {0}")]
    Refused(String),
    #[error("GitHub cannot be reached: {0}")]
    Unavailable(String),
    #[error("GitHub's answer cannot be read: {0}")]
    Malformed(String),
}

type Client = BasicClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet>;

/// The web flow with one GitHub App.
pub(super) struct OAuth {
    client: Client,
    http: HttpClient,
}

/// A request for authorization that a browser is sent to GitHub with.
pub(super) struct Authorization {
    /// GitHub's page.
    pub url: Url,
    /// The value that GitHub sends back with the code.
    pub state: String,
    /// The PKCE verifier whose digest is in `url`.
    pub verifier: String,
}

impl OAuth {
    /// `http` must not follow redirects.
    pub fn new(config: &Config, http: reqwest::Client) -> Self {
        let github = &config.github;
        let page = |name: &str| {
            let mut url = github.web_url.clone();
            if let Ok(mut segments) = url.path_segments_mut() {
                segments.pop_if_empty().extend(["login", "oauth", name]);
            }
            url
        };
        let redirect = format!("{}auth/github/callback", config.home_url());
        let secret = github.client_secret.expose_secret().to_owned();
        let client = BasicClient::new(ClientId::new(github.client_id.clone()))
            .set_client_secret(ClientSecret::new(secret))
            .set_auth_type(AuthType::RequestBody)
            .set_auth_uri(AuthUrl::from_url(page("authorize")))
            .set_token_uri(TokenUrl::from_url(page("access_token")))
            .set_redirect_uri(RedirectUrl::new(redirect).expect("the public URL is a URL"));
        let http = HttpClient(http);
        Self { client, http }
    }

    /// Where to send the browser, with a new state and a new verifier.
    pub fn authorize(&self) -> Authorization {
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let (url, state) = self
            .client
            .authorize_url(CsrfToken::new_random)
            .set_pkce_challenge(challenge)
            .url();
        Authorization {
            url,
            state: state.into_secret(),
            verifier: verifier.into_secret(),
        }
    }

    /// Exchanges the code that GitHub sent the browser back with.
    pub async fn exchange(
        &self,
        code: String,
        verifier: String,
        now: Timestamp,
    ) -> Result<Tokens, OAuthError> {
        let request = self
            .client
            .exchange_code(AuthorizationCode::new(code))
            .set_pkce_verifier(PkceCodeVerifier::new(verifier));
        tokens(request.request_async(&self.http).boxed().await, now)
    }

    /// Exchanges a refresh token. GitHub kills the old pair, whatever becomes of its answer.
    pub async fn refresh(
        &self,
        refresh_token: &SecretString,
        now: Timestamp,
    ) -> Result<Tokens, OAuthError> {
        let token = RefreshToken::new(refresh_token.expose_secret().to_owned());
        let request = self.client.exchange_refresh_token(&token);
        tokens(request.request_async(&self.http).boxed().await, now)
    }
}

/// The client of the exchanges, with a time limit.
struct HttpClient(reqwest::Client);

impl HttpClient {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, OAuthError> {
        // An error of reqwest may name its URL, which holds no secret here: all travels in the body.
        let unavailable = |error: reqwest::Error| OAuthError::Unavailable(error.to_string());
        let mut request = reqwest::Request::try_from(request).map_err(unavailable)?;
        *request.timeout_mut() = Some(TIME_LIMIT);
        let answer = self.0.execute(request).await.map_err(unavailable)?;
        let status = answer.status();
        if status.is_server_error() {
            return Err(OAuthError::Unavailable(status.to_string()));
        }
        let mut response = HttpResponse::new(answer.bytes().await.map_err(unavailable)?.into());
        *response.status_mut() = status;
        Ok(response)
    }
}

impl<'c> AsyncHttpClient<'c> for HttpClient {
    type Error = OAuthError;
    type Future = BoxFuture<'c, Result<HttpResponse, OAuthError>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        self.send(request).boxed()
    }
}

fn tokens(
    response: Result<BasicTokenResponse, RequestTokenError<OAuthError, BasicErrorResponse>>,
    now: Timestamp,
) -> Result<Tokens, OAuthError> {
    let refused = |error: &BasicErrorResponse| OAuthError::Refused(error.error().to_string());
    let token = response.map_err(|error| match error {
        RequestTokenError::Request(error) => error,
        RequestTokenError::ServerResponse(error) => refused(&error),
        // GitHub answers errors with the status 200, which for RFC 6749 is a broken token.
        RequestTokenError::Parse(_, body) => match serde_json::from_slice(&body) {
            Ok(error) => refused(&error),
            Err(_) => OAuthError::Malformed("it is not the JSON that GitHub documents".into()),
        },
        RequestTokenError::Other(why) => OAuthError::Malformed(why),
    })?;
    Ok(Tokens {
        access: token.access_token().secret().as_str().into(),
        ends_at: token.expires_in().map(|life| now + life),
        refresh: token
            .refresh_token()
            .map(|token| token.secret().as_str().into()),
    })
}
