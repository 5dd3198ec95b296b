//! The GraphQL interface. `apollo-compiler` parses and validates each request against `schema.graphql`,
//! coerces variables and arguments, and walks the selections; the files here resolve the fields.

mod commits;
mod mutation;
mod object;
mod pulls;
mod query;

use std::sync::{Arc, LazyLock};

use apollo_compiler::resolvers::Execution;
use apollo_compiler::response::JsonMap;
use apollo_compiler::validation::Valid;
use apollo_compiler::{ExecutableDocument, Schema};
use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use self::mutation::Mutation;
use self::object::Object;
use self::query::Query;
use super::access::Viewer;
use super::accounts::Account;
use super::error::ApiError;
use super::state::GitHubState;

static SCHEMA: LazyLock<Valid<Schema>> = LazyLock::new(|| {
    Schema::parse_and_validate(include_str!("schema.graphql"), "schema.graphql")
        .unwrap_or_else(|error| unreachable!("the schema is valid: {error}"))
});

/// The route, where github.com and GitHub Enterprise have it.
pub(crate) fn routes() -> Router<Arc<GitHubState>> {
    Router::new()
        .route("/graphql", post(answer))
        .route("/api/graphql", post(answer))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    query: String,
    variables: Option<JsonMap>,
    operation_name: Option<String>,
}

async fn answer(
    State(github): State<Arc<GitHubState>>,
    Viewer(viewer): Viewer,
    Json(request): Json<Request>,
) -> Result<Json<Value>, ApiError> {
    let answer = tokio::task::spawn_blocking(move || execute(github, viewer, &request))
        .await
        .map_err(|error| ApiError::Internal(error.into()))?;
    Ok(Json(answer))
}

/// Executes a request. As on GitHub, its errors come with HTTP 200.
fn execute(github: Arc<GitHubState>, viewer: &'static Account, request: &Request) -> Value {
    let parsed = ExecutableDocument::parse_and_validate(&SCHEMA, &request.query, "query.graphql");
    let document = match parsed {
        Ok(document) => document,
        Err(invalid) => {
            let errors = invalid.errors.iter();
            return json!({ "errors": errors.map(|error| error.to_json()).collect::<Vec<_>>() });
        }
    };
    let variables = request.variables.clone().unwrap_or_default();
    let executed = document
        .operations
        .get(request.operation_name.as_deref())
        .and_then(|operation| {
            let root = if operation.is_query() {
                Object::new(Query { github, viewer })
            } else {
                Object::new(Mutation { github, viewer })
            };
            Execution::new(&SCHEMA, &document)
                .operation(operation)
                .raw_variable_values(&variables)
                .execute_sync(&root)
        });
    match executed {
        Ok(response) => {
            let mut answer = json!({ "data": response.data });
            if !response.errors.is_empty() {
                let errors = response.errors.iter().map(object::github_error);
                answer["errors"] = errors.collect();
            }
            answer
        }
        Err(error) => json!({ "errors": [error.to_graphql_error(&document.sources)] }),
    }
}
