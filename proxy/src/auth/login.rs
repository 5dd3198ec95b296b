//! Sign-ins from their beginning to GitHub's callback, kept in a sealed cookie of the browser.

use std::time::Duration;

use model::Timestamp;
use model::api::Viewer;
use serde::{Deserialize, Serialize};
use url::Url;
use utoipa::IntoParams;

use super::key::SigningKey;
use super::oauth::{OAuth, OAuthError, Tokens};
use super::sealed;
use crate::github::{Credentials, GitHub};

/// How long a person may take on GitHub's page.
pub(crate) const LIFETIME: Duration = Duration::from_secs(600);
const PURPOSE: &str = "login";

/// The query that a sign-in begins with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, IntoParams)]
pub(crate) struct LoginQuery {
    /// Where to go afterwards; only paths of Weft are taken.
    #[serde(default)]
    pub return_to: Option<String>,
    /// Present in the popup of a frame.
    #[serde(default)]
    pub popup: Option<String>,
}

/// The state of a sign-in, which the browser keeps while the person is at GitHub.
#[derive(Debug, Serialize, Deserialize)]
struct Pending {
    state: String,
    verifier: String,
    return_to: String,
    popup: bool,
    ends_at: Timestamp,
}

/// Why a sign-in failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoginError {
    #[error("the sign-in was not begun in this browser, or more than ten minutes ago")]
    NotBegun,
    #[error("the sign-in was cancelled at GitHub")]
    Cancelled,
    /// GitHub gave no token.
    #[error(transparent)]
    OAuth(#[from] OAuthError),
    /// GitHub does not say whose the token is.
    #[error(transparent)]
    GitHub(#[from] crate::github::Error),
}

/// The query that GitHub sends the browser back with.
#[derive(Debug, Deserialize, IntoParams)]
pub(crate) struct Callback {
    code: Option<String>,
    state: Option<String>,
    error: Option<String>,
}

/// A completed sign-in.
pub(crate) struct SignedIn {
    pub viewer: Viewer,
    pub tokens: Tokens,
    pub return_to: String,
    pub popup: bool,
}

/// Begins and ends sign-ins.
pub(crate) struct Logins {
    key: SigningKey,
    base_path: String,
}

impl Logins {
    pub(super) fn new(key: SigningKey, base_path: String) -> Self {
        Self { key, base_path }
    }

    /// Begins a sign-in: GitHub's page, and the value of the cookie that the browser keeps meanwhile.
    pub fn begin(&self, query: &LoginQuery, oauth: &OAuth, now: Timestamp) -> (Url, String) {
        let authorization = oauth.authorize();
        let pending = Pending {
            state: authorization.state,
            verifier: authorization.verifier,
            return_to: self.inside(query.return_to.as_deref()),
            popup: query.popup.is_some(),
            ends_at: now + LIFETIME,
        };
        let sealed = sealed::seal(&self.key, PURPOSE, &pending);
        (authorization.url, sealed)
    }

    /// Ends a sign-in with the cookie of [`Logins::begin`] and GitHub's callback.
    pub async fn end(
        &self,
        cookie: Option<&str>,
        callback: Callback,
        oauth: &OAuth,
        github: &GitHub,
        now: Timestamp,
    ) -> Result<SignedIn, LoginError> {
        let pending: Pending = cookie
            .and_then(|cookie| sealed::open(&self.key, PURPOSE, cookie))
            .filter(|pending: &Pending| pending.ends_at > now)
            .ok_or(LoginError::NotBegun)?;
        if callback.state.as_deref() != Some(&pending.state) {
            return Err(LoginError::NotBegun);
        }
        if let Some(error) = callback.error {
            return Err(match error.as_str() {
                "access_denied" => LoginError::Cancelled,
                _ => OAuthError::Refused(error).into(),
            });
        }
        let code = callback.code.ok_or(LoginError::NotBegun)?;
        let tokens = oauth.exchange(code, pending.verifier, now).await?;
        let user = github.user(Credentials::Person(&tokens.access)).await?;
        Ok(SignedIn {
            viewer: Viewer {
                login: user.login,
                id: user.id,
                avatar_url: user.avatar_url,
            },
            tokens,
            return_to: pending.return_to,
            popup: pending.popup,
        })
    }

    /// The path to return to, or Weft's home where the given one leads elsewhere.
    fn inside(&self, return_to: Option<&str>) -> String {
        // Resolved as a browser would: `//host`, `/\host` and `..` must not lead out.
        let origin = Url::parse("http://weft.invalid/").expect("a constant URL");
        return_to
            .filter(|path| path.len() < 2000)
            .and_then(|path| origin.join(path).ok())
            .filter(|url| url.origin() == origin.origin())
            .filter(|url| url.path().starts_with(&self.base_path))
            .map_or_else(
                || self.base_path.clone(),
                |url| url[url::Position::BeforePath..].to_owned(),
            )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_in_returns_only_to_pages_of_weft() {
        let folder = tempfile::tempdir().unwrap();
        let key = SigningKey::open(&folder.path().join("key")).unwrap();
        let logins = Logins::new(key, "/promotions/".into());
        for (given, goes) in [
            (
                "/promotions/p/a/b?zoom=day#x",
                "/promotions/p/a/b?zoom=day#x",
            ),
            ("/promotions/", "/promotions/"),
            ("/elsewhere", "/promotions/"),
            ("//evil.example/promotions/", "/promotions/"),
            ("/\\evil.example/promotions/", "/promotions/"),
            ("https://evil.example/promotions/", "/promotions/"),
            ("/promotions/../../elsewhere", "/promotions/"),
            ("javascript:alert(1)", "/promotions/"),
        ] {
            assert_eq!(logins.inside(Some(given)), goes, "{given}");
        }
        assert_eq!(logins.inside(None), "/promotions/");
    }
}
