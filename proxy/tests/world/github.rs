//! The GitHub client against a server that counts: what is tried again, what never is, and ETags.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, put};
use http::{HeaderMap, StatusCode};
use model::CommitId;
use model::promotion::RepositoryPermission;
use proxy::clock::SystemClock;
use proxy::github::{Credentials, Endpoints, Error, GitHub};
use secrecy::SecretString;

use crate::world::{repository, serve};

#[derive(Default)]
struct Counts {
    users: AtomicUsize,
    merges: AtomicUsize,
    confirmed: AtomicUsize,
}

async fn user(State(counts): State<Arc<Counts>>) -> Response {
    match counts.users.fetch_add(1, Ordering::SeqCst) {
        0 => StatusCode::BAD_GATEWAY.into_response(),
        _ => r#"{"login": "ana", "id": 1, "tomorrow": []}"#.into_response(),
    }
}

async fn merge(State(counts): State<Arc<Counts>>) -> StatusCode {
    counts.merges.fetch_add(1, Ordering::SeqCst);
    StatusCode::BAD_GATEWAY
}

/// Each token has rights, and an ETag, of its own.
async fn home(State(counts): State<Arc<Counts>>, headers: HeaderMap) -> Response {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let token = text("authorization").unwrap_or_default();
    let etag = format!("\"{token}\"");
    if text("if-none-match") == Some(&etag) {
        counts.confirmed.fetch_add(1, Ordering::SeqCst);
        return StatusCode::NOT_MODIFIED.into_response();
    }
    assert_eq!(text("if-none-match"), None, "an ETag of somebody else");
    let push = token == "Bearer writer";
    let body = format!(r#"{{"permissions": {{"pull": true, "push": {push}}}}}"#);
    ([("etag", etag)], body).into_response()
}

async fn server() -> (GitHub, Arc<Counts>) {
    drop(rustls::crypto::ring::default_provider().install_default());
    let counts = Arc::new(Counts::default());
    let router = Router::new()
        .route("/user", get(user))
        .route("/repos/demo/podinfo", get(home))
        .route("/repos/demo/podinfo/pulls/7/merge", put(merge))
        .with_state(Arc::clone(&counts));
    let url = serve(router).await;
    let endpoints = Endpoints {
        rest: url.clone(),
        graphql: url.clone(),
        web: url,
    };
    let github = GitHub::new(endpoints, "reader".into(), Arc::new(SystemClock));
    (github.expect("a client"), counts)
}

#[tokio::test]
async fn a_read_is_tried_again_after_a_bad_gateway() {
    let (github, counts) = server().await;
    let user = github
        .user(Credentials::Reader)
        .await
        .expect("the second try");
    assert_eq!(user.login, "ana");
    assert_eq!(counts.users.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_write_is_never_tried_again() {
    let (github, counts) = server().await;
    let head = CommitId::new("abc");
    let merged = github
        .merge(Credentials::Reader, &repository(), 7, &head, "merge")
        .await;
    assert!(
        matches!(merged, Err(Error::Unavailable { .. })),
        "{merged:?}"
    );
    assert_eq!(counts.merges.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn an_answer_is_confirmed_by_its_etag_and_never_shared_between_people() {
    let (github, counts) = server().await;
    let writer = SecretString::from("writer");
    for _ in 0..2 {
        for (acting, permission) in [
            (Credentials::Person(&writer), RepositoryPermission::Write),
            (Credentials::Reader, RepositoryPermission::Read),
        ] {
            let found = github.permission(acting, &repository()).await;
            assert_eq!(found, Ok(permission));
        }
    }
    assert_eq!(counts.confirmed.load(Ordering::SeqCst), 2);
}
