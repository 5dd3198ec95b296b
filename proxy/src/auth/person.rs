//! Whose request it is: extractors for those who read and those who write.

use std::sync::Arc;

use axum::extract::{FromRef, FromRequestParts};
use http::request::Parts;
use http::{HeaderMap, header};
use model::api::Viewer;
use secrecy::SecretString;

use super::oauth::OAuthError;
use super::session::Session;
use crate::app::App;
use crate::problem::Failure;

/// The header that every write carries, with the session's CSRF token.
pub const CSRF_HEADER: &str = "x-weft-csrf";

/// The signed-in person of one request, with the token that acts as them.
#[derive(Clone, Debug)]
pub struct Person {
    /// Who.
    pub viewer: Viewer,
    /// Their own GitHub token, fresh for at least a minute.
    pub token: SecretString,
}

/// Why somebody may not do what they ask for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    /// There is no session, or it has ended.
    #[error("nobody is signed in")]
    NotSignedIn,
    /// There is a session, but GitHub no longer takes its token.
    #[error("GitHub no longer takes the session's token")]
    SignInAgain,
    /// The request does not come from a page of Weft.
    #[error("the request does not come from a page of Weft: {0}")]
    NotFromHere(&'static str),
    /// GitHub cannot say.
    #[error(transparent)]
    GitHub(crate::github::Error),
    /// GitHub gave no new token.
    #[error(transparent)]
    OAuth(OAuthError),
}

impl From<crate::github::Error> for AccessError {
    fn from(error: crate::github::Error) -> Self {
        match error {
            crate::github::Error::Unauthorized => Self::SignInAgain,
            other => Self::GitHub(other),
        }
    }
}

impl From<OAuthError> for AccessError {
    fn from(error: OAuthError) -> Self {
        match error {
            OAuthError::Refused(_) => Self::SignInAgain,
            other => Self::OAuth(other),
        }
    }
}

/// Who reads: somebody signed in, or nobody in particular.
#[derive(Clone, Debug)]
pub struct Reader(pub Option<Arc<Session>>);

/// Who writes: somebody signed in, from a page of Weft itself.
#[derive(Clone, Debug)]
pub struct Writer(pub Arc<Session>);

impl Reader {
    /// The person with a fresh token, where somebody is signed in.
    ///
    /// # Errors
    /// When their token cannot be refreshed.
    pub async fn person(&self, app: &Arc<App>) -> Result<Option<Person>, AccessError> {
        match &self.0 {
            Some(session) => person(app, session).await.map(Some),
            None => Ok(None),
        }
    }
}

impl Writer {
    /// The person with a fresh token.
    ///
    /// # Errors
    /// When their token cannot be refreshed.
    pub async fn person(&self, app: &Arc<App>) -> Result<Person, AccessError> {
        person(app, &self.0).await
    }
}

async fn person(app: &Arc<App>, session: &Arc<Session>) -> Result<Person, AccessError> {
    let refreshed = {
        let (app, session) = (Arc::clone(app), Arc::clone(session));
        // A task of its own: a browser that goes away must not take half of a refresh with it.
        tokio::spawn(async move {
            let token = session.token(&app.access.oauth, &app.github, &*app.clock);
            token.await
        })
    };
    let token = match refreshed.await {
        Ok(token) => token,
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    };
    if let Err(AccessError::SignInAgain) = token {
        app.access.sessions.close(session);
    }
    Ok(Person {
        viewer: session.viewer.clone(),
        token: token?,
    })
}

impl<S> FromRequestParts<S> for Reader
where
    Arc<App>: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let app = Arc::<App>::from_ref(state);
        Ok(Self(session(&app, &parts.headers)))
    }
}

impl<S> FromRequestParts<S> for Writer
where
    Arc<App>: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let app = Arc::<App>::from_ref(state);
        let session = session(&app, &parts.headers).ok_or(AccessError::NotSignedIn)?;
        from_here(&app, &session, &parts.headers)?;
        Ok(Self(session))
    }
}

fn session(app: &App, headers: &HeaderMap) -> Option<Arc<Session>> {
    let read = app.access.cookies.read(headers)?;
    app.access.sessions.find(read, app.clock.now())
}

/// Whether a write comes from a page of Weft. Each of these alone would do in a faultless browser.
fn from_here(app: &App, session: &Session, headers: &HeaderMap) -> Result<(), AccessError> {
    let is = |name: &str, desired: &str| {
        headers
            .get(name)
            .is_some_and(|value| value.as_bytes() == desired.as_bytes())
    };
    let write = app.access.cookies.write(headers);
    if !write.is_some_and(|write| session.may_write(write)) {
        return Err(AccessError::NotFromHere(
            "the cookie for writing is missing",
        ));
    }
    if !is(header::ORIGIN.as_str(), &app.config.origin()) {
        return Err(AccessError::NotFromHere("its origin is another one"));
    }
    if !is("sec-fetch-site", "same-origin") {
        return Err(AccessError::NotFromHere("it was sent across sites"));
    }
    if !is(CSRF_HEADER, &session.csrf_token) {
        return Err(AccessError::NotFromHere("the CSRF token is missing or old"));
    }
    Ok(())
}
