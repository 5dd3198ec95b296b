//! Extractors: axum's own with rejections in Weft's words, sessions, and the things that a path names.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::{FromRequest, FromRequestParts};
use http::request::Parts;
use http::{HeaderMap, header};
use model::EnvironmentName;
use model::pipeline::{EnvironmentSpec, PipelineName};
use serde::Deserialize;
use utoipa::IntoParams;

use super::error::ApiError;
use crate::actions::ActionError;
use crate::app::AppState;
use crate::auth::{Auth, AuthError, Person, Session};
use crate::board::PipelineState;
use crate::github;

/// The header that every write carries, with the session's CSRF token.
const CSRF_HEADER: &str = "x-weft-csrf";

/// A JSON body.
#[derive(FromRequest)]
#[from_request(via(axum::Json), rejection(ApiError))]
pub(super) struct Json<T>(pub T);

/// The parameters of the query.
#[derive(FromRequestParts)]
#[from_request(via(axum::extract::Query), rejection(ApiError))]
pub(super) struct Query<T>(pub T);

/// The parameters of the path.
#[derive(FromRequestParts)]
#[from_request(via(axum::extract::Path), rejection(ApiError))]
pub(super) struct Path<T>(pub T);

/// The session of a request that reads, where somebody is signed in.
pub(super) struct ReadSession {
    auth: Arc<Auth>,
    pub session: Option<Arc<Session>>,
}

/// The session of a request that writes, sent by a page of Weft itself.
pub(super) struct WriteSession {
    auth: Arc<Auth>,
    pub session: Arc<Session>,
}

impl ReadSession {
    /// The signed-in person with a fresh token.
    pub async fn person(&self) -> Result<Option<Person>, AuthError> {
        match &self.session {
            Some(session) => self.auth.person(session).await.map(Some),
            None => Ok(None),
        }
    }

    /// The response to an action that failed; a session whose token GitHub no longer takes is closed.
    pub fn failed(&self, error: ActionError) -> ApiError {
        failed(&self.auth, self.session.as_ref(), error)
    }
}

impl WriteSession {
    /// Runs an action as the signed-in person, to its end even where the browser goes away meanwhile: a review
    /// without the merge that was ordered with it is what nobody asked for.
    pub async fn act<T, F>(self, action: impl FnOnce(Person) -> F) -> Result<T, ApiError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, ActionError>> + Send + 'static,
    {
        let action = action(self.auth.person(&self.session).await?);
        let done = tokio::spawn(async move {
            let done = action.await;
            done.map_err(|error| failed(&self.auth, Some(&self.session), error))
        });
        match done.await {
            Ok(done) => done,
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        }
    }
}

fn failed(auth: &Auth, session: Option<&Arc<Session>>, error: ActionError) -> ApiError {
    if let ActionError::GitHub(github::Error::Unauthorized) = error
        && let Some(session) = session
    {
        auth.sessions.close(session);
    }
    error.into()
}

impl FromRequestParts<AppState> for ReadSession {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Infallible> {
        let auth = Arc::clone(&app.auth);
        let session = auth.session(&parts.headers);
        Ok(Self { auth, session })
    }
}

impl FromRequestParts<AppState> for WriteSession {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, ApiError> {
        let auth = Arc::clone(&app.auth);
        let session = auth.session(&parts.headers).ok_or(AuthError::NotSignedIn)?;
        check_write(&auth, &session, &app.config.origin(), &parts.headers)?;
        Ok(Self { auth, session })
    }
}

/// Checks that a write comes from a page of Weft. Each of these alone would do in a faultless browser.
fn check_write(
    auth: &Auth,
    session: &Session,
    origin: &str,
    headers: &HeaderMap,
) -> Result<(), AuthError> {
    let is = |name: &str, expected: &str| {
        let value = headers.get(name);
        value.is_some_and(|value| value.as_bytes() == expected.as_bytes())
    };
    let write = auth.cookies.write(headers);
    let why = if !write.is_some_and(|write| session.may_write(&write)) {
        "the cookie for writing is missing"
    } else if !is(header::ORIGIN.as_str(), origin) {
        "its origin is another one"
    } else if !is("sec-fetch-site", "same-origin") {
        "it was sent across sites"
    } else if !is(CSRF_HEADER, &session.csrf_token) {
        "the CSRF token is missing or old"
    } else {
        return Ok(());
    };
    Err(AuthError::NotFromHere(why))
}

/// The configured pipeline that a path names by `{namespace}/{name}`.
pub(super) struct PipelinePath(pub Arc<PipelineState>);

impl FromRequestParts<AppState> for PipelinePath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, ApiError> {
        let Path(name) = Path::<PipelineName>::from_request_parts(parts, app).await?;
        let pipeline = app.boards.pipeline(&name);
        let pipeline = pipeline.ok_or_else(|| unknown_pipeline(&name))?;
        Ok(Self(Arc::clone(pipeline)))
    }
}

/// The error for a pipeline that is not configured.
pub(super) fn unknown_pipeline(name: &PipelineName) -> ApiError {
    ApiError::not_found(format!("There is no pipeline {name}."))
}

/// The environment that a path names by `{namespace}/{name}/environments/{environment}`.
pub(super) struct EnvironmentPath {
    pub pipeline: Arc<PipelineState>,
    pub environment: EnvironmentSpec,
}

/// The last parameter of an environment's path.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct EnvironmentParameter {
    environment: String,
}

impl FromRequestParts<AppState> for EnvironmentPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, ApiError> {
        let PipelinePath(pipeline) = PipelinePath::from_request_parts(parts, app).await?;
        let Path(path) = Path::<EnvironmentParameter>::from_request_parts(parts, app).await?;
        let spec = pipeline.spec();
        let environment = spec.environment(&EnvironmentName(path.environment));
        let environment = environment.cloned().ok_or_else(|| {
            ApiError::not_found(format!("{} has no environment of that name.", spec.name))
        })?;
        Ok(Self {
            pipeline,
            environment,
        })
    }
}
