//! Git's smart HTTP protocol: `git clone`, `fetch` and `push` against the repositories on disk.

use std::io::Read;
use std::process::Stdio;
use std::sync::Arc;

use anyhow::Context;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;

use super::access::{self, Viewer};
use super::accounts::{Account, Permission};
use super::acts::pushes;
use super::engine::Engine;
use super::git::process;
use super::refusal::Refusal;
use super::state::{DEFAULT_BRANCH, Repository};

/// The most that a push may carry.
const BODY_LIMIT: usize = 64 << 20;

/// The routes of every repository, with and without `.git`.
pub(crate) fn routes() -> Router<Arc<Engine>> {
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
    State(engine): State<Arc<Engine>>,
    Path((owner, name)): Path<(String, String)>,
    Query(query): Query<Service>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let repository = engine.repository(&owner, &name)?;
    let service = match query.service.as_deref() {
        Some("git-upload-pack") => "upload-pack",
        Some("git-receive-pack") => "receive-pack",
        _ => return Ok((StatusCode::FORBIDDEN, "Dumb HTTP is not served\n").into_response()),
    };
    let pusher = match allowed(&engine, &headers, service) {
        Ok(pusher) => pusher,
        Err(response) => return Ok(*response),
    };
    let protocol = protocol(&headers);
    let listing = engine
        .blocking(move |_| {
            let mut command = process::git(repository.git.dir());
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

async fn upload_pack(
    State(engine): State<Arc<Engine>>,
    Path((owner, name)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let repository = engine.repository(&owner, &name)?;
    let input = plain(&headers, &body)?;
    let protocol = protocol(&headers);
    let output = engine
        .blocking(move |_| {
            let mut command = process::git(repository.git.dir());
            command.args(["upload-pack", "--stateless-rpc", "."]);
            Ok(run(&mut command, protocol.as_deref(), None, &input)?)
        })
        .await?;
    Ok(answer("application/x-git-upload-pack-result", output))
}

async fn receive_pack(
    State(engine): State<Arc<Engine>>,
    Path((owner, name)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let repository = engine.repository(&owner, &name)?;
    let pusher = match allowed(&engine, &headers, "receive-pack") {
        Ok(pusher) => pusher,
        Err(response) => return Ok(*response),
    };
    let by = pusher.ok_or_else(Refusal::requires_authentication)?;
    let input = plain(&headers, &body)?;
    let protocol = protocol(&headers);
    let output = engine
        .blocking(move |engine| receive(engine, &repository, by, protocol.as_deref(), &input))
        .await?;
    Ok(answer("application/x-git-receive-pack-result", output))
}

fn receive(
    engine: &Arc<Engine>,
    repository: &Arc<Repository>,
    by: &'static Account,
    protocol: Option<&str>,
    input: &[u8],
) -> Result<Vec<u8>, Refusal> {
    let (output, updates) = {
        // The refs are read anew before anything else may move them: a merge between the push and
        // the reading would be forgotten again.
        let _moving = repository.moving.lock();
        let mut command = process::git(repository.git.dir());
        command.args(["receive-pack", "--stateless-rpc", "."]);
        let output = run(&mut command, protocol, Some(by), input)?;
        (output, repository.git.refresh()?)
    };
    pushes::received(engine, repository, updates, by)?;
    Ok(output)
}

/// The pusher for `receive-pack`, nobody for `upload-pack`, or the answer that refuses.
fn allowed(
    engine: &Engine,
    headers: &HeaderMap,
    service: &str,
) -> Result<Option<&'static Account>, Box<Response>> {
    let challenge = || {
        let ask = [(header::WWW_AUTHENTICATE, "Basic realm=\"GitHub\"")];
        Box::new((StatusCode::UNAUTHORIZED, ask, "Bad credentials\n").into_response())
    };
    let Ok(Viewer(viewer)) = access::viewer(engine, headers) else {
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

/// Runs a service; a refused push is an answer too, so the exit status says nothing.
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

/// The version of the protocol that the client asks for, as git hands it on.
fn protocol(headers: &HeaderMap) -> Option<String> {
    let asked = headers.get("git-protocol")?.to_str().ok()?;
    let plain = asked
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"=:-_.".contains(&byte));
    plain.then(|| asked.to_owned())
}

/// The body, unpacked when git has packed it.
fn plain(headers: &HeaderMap, body: &Bytes) -> Result<Vec<u8>, Refusal> {
    if headers.get(header::CONTENT_ENCODING) != Some(&HeaderValue::from_static("gzip")) {
        return Ok(body.to_vec());
    }
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(body.as_ref())
        .take(BODY_LIMIT as u64)
        .read_to_end(&mut plain)
        .context("unpacking a request")
        .map_err(|_| Refusal::bad_request("The body is not gzip"))?;
    Ok(plain)
}

fn answer(content_type: &str, body: Vec<u8>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, content_type),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, body).into_response()
}
