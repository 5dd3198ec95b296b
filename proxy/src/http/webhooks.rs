//! Webhooks of GitHub and Flux: signed requests to read something again now.
//!
//! A webhook changes nothing that Weft can read by itself. Flux's notifications are recorded beside that, and
//! are all that is known of a cluster whose API Weft cannot reach.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, StatusCode};
use model::flux::FluxEvent;
use model::pipeline::RepositoryName;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use sha2::Sha256;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt};
use utoipa_axum::routes;

use super::error::ApiError;
use crate::app::AppState;
use crate::board::Boards;
use crate::config::Config;

/// The most that the body of a notification may hold.
const NOTIFICATION_LIMIT: usize = 256 * 1024;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    let limit = DefaultBodyLimit::max(NOTIFICATION_LIMIT);
    OpenApiRouter::new()
        .routes(routes!(github))
        .routes(routes!(flux).layer(limit))
}

#[derive(Deserialize)]
struct Delivery {
    repository: Option<DeliveryRepository>,
}

#[derive(Deserialize)]
struct DeliveryRepository {
    name: String,
    owner: DeliveryOwner,
}

#[derive(Deserialize)]
struct DeliveryOwner {
    login: Option<String>,
    name: Option<String>,
}

/// A delivery of GitHub: reads its repository's pipelines again.
#[utoipa::path(
    post,
    path = "/hooks/github",
    tag = "webhooks",
    responses((status = ACCEPTED))
)]
async fn github(
    State(config): State<Arc<Config>>,
    State(boards): State<Arc<Boards>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, ApiError> {
    let secret = config
        .github
        .webhook_secret
        .as_ref()
        .ok_or_else(|| ApiError::not_found("No webhooks of GitHub are taken here."))?;
    check(secret, &headers, "x-hub-signature-256", &body)?;
    let delivery: Delivery = serde_json::from_slice(&body)
        .map_err(|_| ApiError::bad_request("This is no delivery of GitHub."))?;
    if let Some(repository) = delivery.repository
        && let Some(owner) = repository.owner.login.or(repository.owner.name)
    {
        boards.look_at_repository(&RepositoryName::new(&owner, &repository.name));
    }
    Ok(StatusCode::ACCEPTED)
}

/// A notification of Flux from a cluster: records it, and reads the cluster's pipelines again.
#[utoipa::path(
    post,
    path = "/hooks/flux/{cluster}",
    tag = "webhooks",
    params(("cluster" = String, Path)),
    responses((status = ACCEPTED))
)]
async fn flux(
    State(config): State<Arc<Config>>,
    State(boards): State<Arc<Boards>>,
    Path(cluster): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, ApiError> {
    let secret = config
        .hook_secret(&cluster)
        .ok_or_else(|| ApiError::not_found("No webhooks of this cluster are taken here."))?;
    check(secret, &headers, "x-signature", &body)?;
    if let Some(event) = serde_json::from_slice(&body)
        .ok()
        .and_then(|body| FluxEvent::read(&body))
    {
        boards.record_notification(&cluster, event);
    }
    // The app may have changed, and the pull request or commit status that follows.
    boards.look_at_cluster(&cluster);
    for pipeline in boards
        .pipelines()
        .filter(|pipeline| pipeline.is_in(&cluster))
    {
        pipeline.look_at_github();
    }
    Ok(StatusCode::ACCEPTED)
}

fn check(
    secret: &SecretString,
    headers: &HeaderMap,
    header: &str,
    body: &[u8],
) -> Result<(), ApiError> {
    let signature = headers
        .get(header)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    if is_signed(secret, signature, body) {
        return Ok(());
    }
    Err(ApiError::new(
        StatusCode::UNAUTHORIZED,
        "bad_signature",
        "The signature does not fit",
        "The delivery is not signed with the secret that is agreed on.",
    ))
}

/// Verifies the HMAC `signature` (`sha256=<hex>`) of `body` in constant time.
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
