//! Authentication: sign-in through GitHub, sessions, and signed intents.
//!
//! Who acts is an argument of every call: actions take a [`Person`], never a cookie. The extractors that
//! read a request are in `http::extract`.

mod cookies;
mod error;
pub mod intent;
mod key;
mod login;
mod oauth;
mod sealed;
mod session;

use std::sync::Arc;

use crate::clock::Clock;
use crate::config::Config;
use crate::github::GitHub;

pub(crate) use cookies::{Cookies, cookies};
pub use error::AuthError;
pub use login::LoginError;
pub(crate) use login::{Callback, LIFETIME as LOGIN_LIFETIME, LoginQuery, SignedIn};
pub use oauth::OAuthError;
pub use session::Person;
pub(crate) use session::{LIFETIME as SESSION_LIFETIME, Session, SessionCookies, Sessions};

/// Everything that signing in needs, shared by the handlers.
pub struct Auth {
    /// Mints and verifies intents.
    pub intents: intent::Intents,
    pub(crate) sessions: Sessions,
    pub(crate) cookies: Cookies,
    logins: login::Logins,
    oauth: oauth::OAuth,
    github: GitHub,
    clock: Arc<dyn Clock>,
}

impl Auth {
    /// Opens the installation's key in the data folder, making it at the first start.
    ///
    /// # Errors
    /// When the key can be neither read nor written.
    pub fn open(
        config: &Config,
        http: reqwest::Client,
        github: GitHub,
        clock: Arc<dyn Clock>,
    ) -> std::io::Result<Self> {
        let key = key::SigningKey::open(&config.data_dir.join("key"))?;
        Ok(Self {
            intents: intent::Intents::new(key.clone()),
            sessions: Sessions::default(),
            cookies: Cookies::new(config.is_secure()),
            logins: login::Logins::new(key, config.base_path.clone()),
            oauth: oauth::OAuth::new(config, http),
            github,
            clock,
        })
    }

    /// Begins a sign-in: GitHub's page, and the value of the cookie that the browser keeps meanwhile.
    pub(crate) fn begin_login(&self, query: &LoginQuery) -> (url::Url, String) {
        self.logins.begin(query, &self.oauth, self.clock.now())
    }

    /// Ends a sign-in with the cookie of [`Auth::begin_login`] and GitHub's callback, and opens a session.
    pub(crate) async fn end_login(
        &self,
        cookie: Option<&str>,
        callback: Callback,
    ) -> Result<(SignedIn, SessionCookies), LoginError> {
        let now = self.clock.now();
        let signed_in = self
            .logins
            .end(cookie, callback, &self.oauth, &self.github, now)
            .await?;
        let (viewer, tokens) = (signed_in.viewer.clone(), signed_in.tokens.clone());
        let cookies = self.sessions.open(viewer, tokens, self.clock.now());
        Ok((signed_in, cookies))
    }

    /// The session of a request's cookies.
    pub(crate) fn session(&self, headers: &http::HeaderMap) -> Option<Arc<Session>> {
        let read = self.cookies.read(headers)?;
        self.sessions.find(&read, self.clock.now())
    }

    /// The person of a session, with a token that is refreshed where it is about to end. A session whose
    /// token GitHub no longer takes is closed.
    pub(crate) async fn person(
        self: &Arc<Self>,
        session: &Arc<Session>,
    ) -> Result<Person, AuthError> {
        let refreshed = {
            let (auth, session) = (Arc::clone(self), Arc::clone(session));
            // A task of its own: a browser that goes away must not take half of a refresh with it.
            tokio::spawn(async move {
                let token = session.token(&auth.oauth, &auth.github, &*auth.clock);
                token.await
            })
        };
        let token = match refreshed.await {
            Ok(token) => token,
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        };
        if let Err(AuthError::SignInAgain) = token {
            self.sessions.close(session);
        }
        Ok(Person {
            viewer: session.viewer.clone(),
            token: token?,
        })
    }
}
