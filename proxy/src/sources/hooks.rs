//! Webhooks of GitHub and Flux: signed words that say *look now*.
//!
//! Nothing that Weft can look at is believed because of one. What Flux tells is kept beside it: as a witness
//! of what was sent, and as the only word about a cluster that Weft cannot look into.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::routing::post;
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, StatusCode};
use model::flux::FluxEvent;
use model::pipeline::RepositoryName;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use sha2::Sha256;

use crate::app::App;
use crate::problem::Failure;

/// A notification names what changed and why; one that is longer than this is none.
const MOST_BYTES: usize = 256 * 1024;

/// `hooks/github` and `hooks/flux/{cluster}`, relative to the base path.
pub fn router() -> Router<Arc<App>> {
    Router::new().route("/hooks/github", post(github)).route(
        "/hooks/flux/{cluster}",
        post(flux).layer(DefaultBodyLimit::max(MOST_BYTES)),
    )
}

#[derive(Deserialize)]
struct Delivery {
    repository: Option<Repository>,
}

#[derive(Deserialize)]
struct Repository {
    name: String,
    owner: Owner,
}

#[derive(Deserialize)]
struct Owner {
    login: Option<String>,
    name: Option<String>,
}

async fn github(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, Failure> {
    let secret = app
        .config
        .github
        .webhook_secret
        .as_ref()
        .ok_or_else(|| Failure::not_found("No webhooks of GitHub are taken here."))?;
    check(secret, &headers, "x-hub-signature-256", &body)?;
    let delivery: Delivery = serde_json::from_slice(&body)
        .map_err(|_| Failure::bad_request("This is no delivery of GitHub."))?;
    if let Some(repository) = delivery.repository
        && let Some(owner) = repository.owner.login.or(repository.owner.name)
    {
        app.boards.look_at_repository(&RepositoryName {
            owner,
            name: repository.name,
        });
    }
    Ok(StatusCode::ACCEPTED)
}

async fn flux(
    State(app): State<Arc<App>>,
    Path(cluster): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, Failure> {
    let secret = app
        .config
        .hook_secret(&cluster)
        .ok_or_else(|| Failure::not_found("No webhooks of this cluster are taken here."))?;
    check(secret, &headers, "x-signature", &body)?;
    // Beside a watch it is only a witness of what was sent; without one it is all that is known.
    if let Some(notice) = serde_json::from_slice(&body)
        .ok()
        .and_then(|body| FluxEvent::read(&body))
    {
        app.boards.hear(&cluster, notice);
    }
    // The app is what may have changed, and the pull request or the tick that follows.
    app.boards.look_at_cluster(&cluster);
    for lane in app.boards.lanes().filter(|lane| lane.is_in(&cluster)) {
        lane.look_at_github();
    }
    Ok(StatusCode::ACCEPTED)
}

fn check(
    secret: &SecretString,
    headers: &HeaderMap,
    header: &str,
    body: &[u8],
) -> Result<(), Failure> {
    let signature = headers
        .get(header)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    if is_signed(secret, signature, body) {
        return Ok(());
    }
    Err(Failure::new(
        StatusCode::UNAUTHORIZED,
        "bad_signature",
        "The signature does not fit",
        "The delivery is not signed with the secret that is agreed on.",
    ))
}

/// Whether `signature` (`sha256=<hex>`) is that of `body`, compared in constant time.
fn is_signed(secret: &SecretString, signature: &str, body: &[u8]) -> bool {
    let Some(tag) = signature
        .strip_prefix("sha256=")
        .and_then(|tag| hex::decode(tag).ok())
    else {
        return false;
    };
    Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes())
        .is_ok_and(|mac| mac.chain_update(body).verify_slice(&tag).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_of_githubs_own_example_fits_and_no_other_does() {
        let secret = SecretString::from("It's a Secret to Everybody");
        let signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        assert!(is_signed(&secret, signature, b"Hello, World!"));
        assert!(!is_signed(&secret, signature, b"Hello, World?"));
        assert!(!is_signed(&secret, "", b"Hello, World!"));
        assert!(!is_signed(&secret, "sha256=", b"Hello, World!"));
        assert!(!is_signed(&secret, &signature[7..], b"Hello, World!"));
    }
}
