//! Requests and answers: URLs, headers, ETags, time limits and retries.

use std::sync::Arc;
use std::time::Duration;

use model::pipeline::RepositoryName;
use reqwest::header::{ACCEPT, AUTHORIZATION, ETAG, HeaderValue, IF_NONE_MATCH, USER_AGENT};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use super::cache::{Cache, CacheKey, Kept};
use super::{Credentials, Endpoints, Error};
use crate::clock::Clock;

const TIME_LIMIT: Duration = Duration::from_secs(10);
const BEFORE_THE_SECOND_TRY: Duration = Duration::from_millis(250);
const API_VERSION: &str = "2022-11-28";

/// The client of GitHub; cheap to clone.
#[derive(Clone)]
pub struct GitHub {
    inner: Arc<Inner>,
}

struct Inner {
    http: reqwest::Client,
    endpoints: Endpoints,
    reader: SecretString,
    clock: Arc<dyn Clock>,
    cache: Cache,
}

/// How a GET uses the cache.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum CachePolicy {
    /// Uses the cached answer if GitHub confirms it with 304.
    Revalidate,
    /// Ignores the cached answer.
    NoCache,
}

impl GitHub {
    /// Creates a client; `reader` is the token of [`Credentials::Reader`]. Fails where TLS cannot be set up.
    pub fn new(
        endpoints: Endpoints,
        reader: SecretString,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, reqwest::Error> {
        crate::tls::choose();
        let http = reqwest::Client::builder()
            .timeout(TIME_LIMIT)
            .connect_timeout(Duration::from_secs(5))
            .build()?;
        Ok(Self {
            inner: Arc::new(Inner {
                http,
                endpoints,
                reader,
                clock,
                cache: Cache::default(),
            }),
        })
    }

    /// Returns the base URL of the pages for people.
    #[must_use]
    pub fn web_url(&self) -> &Url {
        &self.inner.endpoints.web
    }

    /// Sends a GET, twice where the first try fails.
    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        credentials: Credentials<'_>,
        path: &[&str],
        query: &[(&str, &str)],
        cache_policy: CachePolicy,
    ) -> Result<T, Error> {
        let url = self.rest(path, query);
        let token = self.token(credentials);
        let key = CacheKey::new(token.expose_secret(), url.as_str());
        let kept = (cache_policy == CachePolicy::Revalidate)
            .then(|| self.inner.cache.get(&key))
            .flatten();
        let answer = self
            .with_retry(|| {
                let mut request = self.inner.http.get(url.clone());
                if let Some(kept) = &kept {
                    request = request.header(IF_NONE_MATCH, kept.etag.clone());
                }
                self.request(request, token)
            })
            .await?;
        if answer.status() == StatusCode::NOT_MODIFIED
            && let Some(kept) = kept
        {
            return read(&kept.body);
        }
        let etag = answer.headers().get(ETAG).cloned();
        let body = self.body(answer).await?;
        if let Some(etag) = etag {
            let body = body.clone();
            self.inner.cache.keep(key, Kept { etag, body });
        }
        read(&body)
    }

    /// Sends a write, never twice.
    pub(super) async fn write<T: DeserializeOwned>(
        &self,
        credentials: Credentials<'_>,
        method: Method,
        path: &[&str],
        body: &Value,
    ) -> Result<T, Error> {
        let mut request = self.inner.http.request(method, self.rest(path, &[]));
        if !body.is_null() {
            request = request.json(body);
        }
        self.no_retry(request, credentials).await
    }

    /// Sends a GraphQL mutation, never twice, and returns the whole answer.
    pub(super) async fn post_mutation(
        &self,
        credentials: Credentials<'_>,
        body: &Value,
    ) -> Result<Value, Error> {
        let request = self.inner.http.post(self.inner.endpoints.graphql.clone());
        self.no_retry(request.json(body), credentials).await
    }

    async fn no_retry<T: DeserializeOwned>(
        &self,
        request: RequestBuilder,
        credentials: Credentials<'_>,
    ) -> Result<T, Error> {
        let answer = self
            .request(request, self.token(credentials))
            .send()
            .await
            .map_err(|error| Error::from_transport(&error))?;
        read(&self.body(answer).await?)
    }

    /// Sends a GraphQL query and returns the whole answer.
    pub(super) async fn post_query(
        &self,
        credentials: Credentials<'_>,
        body: &Value,
    ) -> Result<Value, Error> {
        let token = self.token(credentials);
        let answer = self
            .with_retry(|| {
                let request = self.inner.http.post(self.inner.endpoints.graphql.clone());
                self.request(request.json(body), token)
            })
            .await?;
        read(&self.body(answer).await?)
    }

    pub(super) fn now(&self) -> model::Timestamp {
        self.inner.clock.now()
    }

    async fn with_retry(&self, request: impl Fn() -> RequestBuilder) -> Result<Response, Error> {
        match request().send().await {
            Ok(answer) if !answer.status().is_server_error() => return Ok(answer),
            Ok(answer) => tracing::debug!(status = answer.status().as_u16(), "trying GitHub again"),
            Err(error) => {
                let why = Error::from_transport(&error);
                tracing::debug!(%why, "trying GitHub again");
            }
        }
        tokio::time::sleep(BEFORE_THE_SECOND_TRY).await;
        request()
            .send()
            .await
            .map_err(|error| Error::from_transport(&error))
    }

    async fn body(&self, answer: Response) -> Result<bytes::Bytes, Error> {
        let status = answer.status();
        let headers = answer.headers().clone();
        let body = answer
            .bytes()
            .await
            .map_err(|error| Error::from_transport(&error))?;
        if status.is_client_error() || status.is_server_error() {
            return Err(Error::from_answer(status, &headers, &body, self.now()));
        }
        Ok(body)
    }

    fn request(&self, request: RequestBuilder, token: &SecretString) -> RequestBuilder {
        let bearer = format!("Bearer {}", token.expose_secret());
        let request = request
            .header(ACCEPT, "application/vnd.github+json")
            .header("X-GitHub-Api-Version", API_VERSION)
            .header(USER_AGENT, concat!("weft/", env!("CARGO_PKG_VERSION")));
        match HeaderValue::from_str(&bearer) {
            Ok(mut value) => {
                value.set_sensitive(true);
                request.header(AUTHORIZATION, value)
            }
            // A token that is no header value cannot be right; GitHub answers 401 without one.
            Err(_) => request,
        }
    }

    fn token<'a>(&'a self, credentials: Credentials<'a>) -> &'a SecretString {
        match credentials {
            Credentials::Reader => &self.inner.reader,
            Credentials::Person(token) => token,
        }
    }

    fn rest(&self, path: &[&str], query: &[(&str, &str)]) -> Url {
        let mut url = self.inner.endpoints.rest.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }
}

/// Returns the path of a resource of a repository.
pub(super) fn repository_path<'a>(
    repository: &'a RepositoryName,
    rest: &[&'a str],
) -> Vec<&'a str> {
    let start = ["repos", repository.owner.as_str(), repository.name.as_str()];
    [&start, rest].concat()
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    // 204 has no body; `null` is what it means to those who expect nothing.
    let body = if body.is_empty() { b"null" } else { body };
    serde_json::from_slice(body).map_err(Error::malformed)
}
