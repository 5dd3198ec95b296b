//! What a token may do, as a client asks for itself: `SelfSubjectAccessReview`.

use axum::body::Bytes;
use axum::extract::Request;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Json, RequestExt};
use serde_json::{Value, json};

use super::failure::Failure;

/// Where it is asked.
pub(super) const REVIEWS: &str = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";

/// What is served to those who may only read.
const READING: [&str; 3] = ["get", "list", "watch"];

/// Answers whether whoever asks may do what the body names; `owner` may do all that is served.
pub(super) async fn review(request: Request, owner: bool) -> Result<Response, Failure> {
    if request.method() != Method::POST {
        return Err(Failure::method_not_allowed(request.method()));
    }
    let body: Bytes = request
        .extract()
        .await
        .map_err(|refusal| Failure::bad_request(&format!("reading the review: {refusal}")))?;
    let mut review: Value = serde_json::from_slice(&body)
        .map_err(|error| Failure::bad_request(&format!("the review is not JSON: {error}")))?;
    let verb = review.pointer("/spec/resourceAttributes/verb");
    let verb = verb.and_then(Value::as_str).unwrap_or_default();
    let allowed = READING.contains(&verb) || owner && verb == "patch";
    review["status"] = json!({"allowed": allowed});
    Ok((StatusCode::CREATED, Json(review)).into_response())
}
