//! The reverse proxy to Weave GitOps: everything outside the base path, with one entry added to its
//! navigation. Hop-by-hop headers and Weft's own cookies are not forwarded.

mod headers;
mod inject;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::response::{IntoResponse, Response};
use futures::TryStreamExt;
use http::{Method, StatusCode, header};
use url::Url;

use super::error::ApiError;
use super::problem_details::Foreign;
use super::same_origin;
use crate::config::{Config, WeaveGitOpsConfig};

/// The address of the dashboard.
#[derive(Clone)]
pub(super) struct Upstream(pub Url);

/// Passes a request on to the dashboard, and its answer back.
pub(super) async fn forward(
    State(config): State<Arc<Config>>,
    State(client): State<reqwest::Client>,
    Extension(Upstream(upstream)): Extension<Upstream>,
    peer: Option<Extension<ConnectInfo<SocketAddr>>>,
    request: Request,
) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    same_origin::check(&parts.method, &parts.headers, &config.origin())?;
    let mut url = upstream.clone();
    url.set_path(parts.uri.path());
    url.set_query(parts.uri.query());
    let peer = peer.map(|Extension(ConnectInfo(address))| address.ip());
    let has_body = headers::has_body(&parts.headers);
    let mut request = client
        .request(parts.method.clone(), url)
        .headers(headers::onward(&parts.headers, &config, peer));
    if has_body {
        request = request.body(reqwest::Body::wrap_stream(body.into_data_stream()));
    }
    let answer = request.send().await.map_err(unavailable)?;
    Ok(back(&config.base_path, &upstream, &parts.method, answer))
}

fn back(base_path: &str, upstream: &Url, method: &Method, answer: reqwest::Response) -> Response {
    let status = answer.status();
    let mut onward = headers::back(answer.headers(), upstream);
    let rewrites = *method == Method::GET
        && status == StatusCode::OK
        && headers::is_plain_html(answer.headers());
    let body = answer.bytes_stream().map_err(std::io::Error::other);
    let body = if rewrites {
        onward.remove(header::CONTENT_LENGTH);
        onward.remove(header::ACCEPT_RANGES);
        let script = format!("{base_path}embed.js");
        Body::from_stream(inject::script(body, &script))
    } else {
        Body::from_stream(body)
    };
    let mut response = (status, body).into_response();
    *response.headers_mut() = onward;
    response.extensions_mut().insert(Foreign);
    response
}

fn unavailable(error: reqwest::Error) -> ApiError {
    ApiError {
        // Without the URL: its query may hold what is not for the log.
        cause: Some(error.without_url().to_string()),
        ..ApiError::new(
            StatusCode::BAD_GATEWAY,
            "dashboard_unavailable",
            "The dashboard does not answer",
            "Weave GitOps does not answer. The promotions are still here.",
        )
    }
}

/// The user who is signed in to the dashboard in the same browser, where it names one.
pub(super) async fn user(
    client: &reqwest::Client,
    dashboard: &WeaveGitOpsConfig,
    headers: &http::HeaderMap,
) -> Option<String> {
    let cookie = headers::session_cookie(headers)?;
    let url = dashboard.upstream.join("/oauth2/userinfo").ok()?;
    let answer = client
        .get(url)
        .timeout(std::time::Duration::from_secs(2))
        .header(header::COOKIE, cookie)
        .send()
        .await
        .inspect_err(|error| tracing::debug!(%error, "the dashboard does not say who is signed in"))
        .ok()?;
    // Without a session it answers 400, and sometimes 200 with an empty id.
    let answer = answer.error_for_status().ok()?;
    let user: UserInfo = answer.json().await.ok()?;
    Some(user.id).filter(|id| !id.is_empty())
}

#[derive(serde::Deserialize)]
struct UserInfo {
    #[serde(default)]
    id: String,
}
