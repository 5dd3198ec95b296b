//! The OpenAPI description of the HTTP interface, generated from the handlers that it is made of.

use axum::Extension;
use axum::body::Bytes;
use axum::response::IntoResponse;
use http::header;
use model::api::Problem;
use utoipa::OpenApi;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{ContentBuilder, Ref, Response, ResponseBuilder, Server};
use utoipa_axum::router::OpenApiRouter;

use crate::app::AppState;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Weft",
        description = "The HTTP interface of Weft, a promotion board for Flux. Every error is answered \
                       with problem details (RFC 9457). Writes carry the cookies of a session, the headers \
                       `Origin` and `Sec-Fetch-Site` of a page of Weft, and the session's CSRF token."
    ),
    components(schemas(Problem))
)]
struct Description;

/// The OpenAPI document as JSON.
#[derive(Clone)]
pub(super) struct Document(Bytes);

/// A router to which only described handlers are added.
pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::with_openapi(Description::openapi())
}

/// Adds what all operations have in common: the server, the problem details, the session for writes.
pub(super) fn document(mut api: utoipa::openapi::OpenApi, base_path: &str) -> Document {
    api.servers = Some(vec![Server::new(base_path.trim_end_matches('/'))]);
    let components = api.components.get_or_insert_default();
    let csrf = ApiKey::Header(ApiKeyValue::new("X-Weft-CSRF"));
    components.add_security_scheme("csrf", SecurityScheme::ApiKey(csrf));
    for (path, item) in &mut api.paths.paths {
        for operation in [&mut item.get, &mut item.post].into_iter().flatten() {
            let responses = &mut operation.responses.responses;
            responses.insert("default".into(), problem_details().into());
        }
        if let Some(write) = &mut item.post
            && !path.starts_with("/hooks/")
        {
            let none: [&str; 0] = [];
            write.security = Some(vec![SecurityRequirement::new("csrf", none)]);
        }
    }
    let json = api.to_json().expect("a description always has a JSON form");
    Document(json.into())
}

fn problem_details() -> Response {
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("Problem")))
        .build();
    ResponseBuilder::new()
        .description("Problem details")
        .content("application/problem+json", content)
        .build()
}

/// This description.
#[utoipa::path(get, path = "/api/v1/openapi.json", tag = "description",
    responses((status = OK, content_type = "application/json")))]
pub(super) async fn openapi(
    Extension(Document(document)): Extension<Document>,
) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], document)
}
