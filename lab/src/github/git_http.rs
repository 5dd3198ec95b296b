//! Git's smart HTTP protocol: `git clone`, `fetch` and `push` against the repositories on disk.

use std::io::Read;
use std::process::Stdio;
use std::sync::Arc;

use anyhow::Context;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Query};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;

use super::access;
use super::accounts::{Account, Permission};
use super::error::ApiError;
use super::git::process;
use super::operations::pushes;
use super::repository::DEFAULT_BRANCH;
use super::state::{GitHubState, Repo};

/// The largest body of a push, in bytes.
const BODY_LIMIT: usize = 64 << 20;

/// The routes of every repository, with and without `.git`.
pub(crate) fn routes() -> Router<Arc<GitHubState>> {
    Router::new()
        .route("/{owner}/{repo}/info/refs", get(info_refs))
        .route("/{owner}/{repo}/git-upload-pack", post(upload_pack))
        .route("/{owner}/{repo}/git-receive-pack", post(receive_pack))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
}

#[derive(Deserialize)]
struct Service {
    service: Option<String>,
}

async fn info_refs(
    repo: Repo,
    Query(query): Query<Service>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let service = match query.service.as_deref() {
        Some("git-upload-pack") => "upload-pack",
        Some("git-receive-pack") => "receive-pack",
        _ => return Ok((StatusCode::FORBIDDEN, "Dumb HTTP is not served\n").into_response()),
    };
    let pusher = match allowed(&repo.github, &headers, service) {
        Ok(pusher) => pusher,
        Err(response) => return Ok(*response),
    };
    let protocol = protocol(&headers);
    let listing = repo
        .blocking(move |repo| {
            let mut command = process::git(repo.git.dir());
            command.args([service, "--stateless-rpc", "--http-backend-info-refs", "."]);
            Ok(run(&mut command, protocol.as_deref(), pusher, &[])?)
        })
        .await?;
    let greeting = format!("# service=git-{service}\n");
    let mut body = format!("{:04x}{greeting}0000", greeting.len() + 4).into_bytes();
    body.extend(listing);
    Ok(answer(
        &format!("application/x-git-{service}-advertisement"),
        body,
    ))
}

async fn upload_pack(repo: Repo, headers: HeaderMap, body: Bytes) -> Result<Response, ApiError> {
    let input = plain(&headers, &body)?;
    let protocol = protocol(&headers);
    let output = repo
        .blocking(move |repo| {
            let mut command = process::git(repo.git.dir());
            command.args(["upload-pack", "--stateless-rpc", "."]);
            Ok(run(&mut command, protocol.as_deref(), None, &input)?)
        })
        .await?;
    Ok(answer("application/x-git-upload-pack-result", output))
}

async fn receive_pack(repo: Repo, headers: HeaderMap, body: Bytes) -> Result<Response, ApiError> {
    let pusher = match allowed(&repo.github, &headers, "receive-pack") {
        Ok(pusher) => pusher,
        Err(response) => return Ok(*response),
    };
    let by = pusher.ok_or_else(ApiError::requires_authentication)?;
    let input = plain(&headers, &body)?;
    let protocol = protocol(&headers);
    let output = repo
        .blocking(move |repo| receive(repo, by, protocol.as_deref(), &input))
        .await?;
    Ok(answer("application/x-git-receive-pack-result", output))
}

fn receive(
    repo: &Repo,
    by: &'static Account,
    protocol: Option<&str>,
    input: &[u8],
) -> Result<Vec<u8>, ApiError> {
    let (output, updates) = {
        // The refs are read again before anything else may move them: a merge between the push and the
        // reading would be lost.
        let _moving = repo.moving.lock();
        let mut command = process::git(repo.git.dir());
        command.args(["receive-pack", "--stateless-rpc", "."]);
        let output = run(&mut command, protocol, Some(by), input)?;
        (output, repo.git.refresh()?)
    };
    for update in updates {
        pushes::apply_consequences(repo, update, by);
    }
    Ok(output)
}

/// Returns the pusher for `receive-pack`, `None` for `upload-pack`, or the answer that refuses.
fn allowed(
    github: &GitHubState,
    headers: &HeaderMap,
    service: &str,
) -> Result<Option<&'static Account>, Box<Response>> {
    let challenge = || {
        let ask = [(header::WWW_AUTHENTICATE, "Basic realm=\"GitHub\"")];
        Box::new((StatusCode::UNAUTHORIZED, ask, "Bad credentials\n").into_response())
    };
    let Ok(viewer) = access::viewer(github, headers) else {
        return Err(challenge());
    };
    match (service, viewer) {
        ("upload-pack", _) => Ok(None),
        (_, None) => Err(challenge()),
        (_, Some(account)) if account.permission < Permission::Write => {
            let sentence = format!("Permission denied to {}.\n", account.login);
            Err(Box::new((StatusCode::FORBIDDEN, sentence).into_response()))
        }
        (_, Some(account)) => Ok(Some(account)),
    }
}

/// Runs a service. The exit status is ignored: a refused push is an answer too.
fn run(
    command: &mut std::process::Command,
    protocol: Option<&str>,
    pusher: Option<&Account>,
    input: &[u8],
) -> anyhow::Result<Vec<u8>> {
    if let Some(protocol) = protocol {
        command.env("GIT_PROTOCOL", protocol);
    }
    command.env("FORGE_PROTECTED", DEFAULT_BRANCH);
    if pusher.is_some_and(|account| account.bypasses_protection) {
        command.env("FORGE_BYPASS", "1");
    }
    Ok(process::output(command.stderr(Stdio::null()), input)?.stdout)
}

/// Returns the protocol version that the client asks for, for `GIT_PROTOCOL`.
fn protocol(headers: &HeaderMap) -> Option<String> {
    let asked = headers.get("git-protocol")?.to_str().ok()?;
    let plain = asked
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"=:-_.".contains(&byte));
    plain.then(|| asked.to_owned())
}

/// Returns the body, decompressed when the client compressed it.
fn plain(headers: &HeaderMap, body: &Bytes) -> Result<Vec<u8>, ApiError> {
    if headers.get(header::CONTENT_ENCODING) != Some(&HeaderValue::from_static("gzip")) {
        return Ok(body.to_vec());
    }
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(body.as_ref())
        .take(BODY_LIMIT as u64)
        .read_to_end(&mut plain)
        .context("unpacking a request")
        .map_err(|_| ApiError::bad_request("The body is not gzip"))?;
    Ok(plain)
}

fn answer(content_type: &str, body: Vec<u8>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, content_type),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, body).into_response()
}
