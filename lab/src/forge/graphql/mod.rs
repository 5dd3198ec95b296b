//! The GraphQL interface: a real parser, real projection of selections over objects whose fields
//! resolve when they are asked for. The type and field names are those of GitHub's published schema;
//! only what Weft and its tests ask for is there.

mod commits;
mod execute;
mod marks;
mod mutations;
mod object;
mod people;
mod pulls;
mod repositories;

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use graphql_parser::query::{Definition, Document, OperationDefinition, parse_query};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use self::execute::{Execution, Kind};
use self::object::Failure;
use super::access::Viewer;
use super::accounts::Account;
use super::engine::Engine;
use super::refusal::Refusal;

/// The route, where github.com and GitHub Enterprise have it.
pub(crate) fn routes() -> Router<Arc<Engine>> {
    Router::new()
        .route("/graphql", post(answer))
        .route("/api/graphql", post(answer))
}

/// What every resolver may use.
#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) engine: Arc<Engine>,
    pub(crate) viewer: &'static Account,
}

#[derive(Deserialize)]
struct Asked {
    query: String,
    #[serde(default)]
    variables: Option<Map<String, Value>>,
    #[serde(rename = "operationName")]
    operation_name: Option<String>,
}

async fn answer(
    State(engine): State<Arc<Engine>>,
    viewer: Viewer,
    Json(asked): Json<Asked>,
) -> Result<Response, Refusal> {
    let viewer = viewer.account()?;
    let body = engine
        .blocking(move |engine| {
            let context = Context {
                engine: engine.clone(),
                viewer,
            };
            Ok(run(&context, asked))
        })
        .await?;
    Ok(Json(body).into_response())
}

fn run(context: &Context, asked: Asked) -> Value {
    let document: Document<'_, String> = match parse_query(&asked.query) {
        Ok(document) => document,
        Err(error) => return failed(&format!("Parse error: {error}")),
    };
    let operation = document
        .definitions
        .iter()
        .find_map(|definition| match definition {
            Definition::Operation(operation)
                if names(operation, asked.operation_name.as_deref()) =>
            {
                Some(operation)
            }
            _ => None,
        });
    let Some(operation) = operation else {
        return failed("No operation with that name");
    };
    let (kind, declared, selection) = match operation {
        OperationDefinition::SelectionSet(selection) => (Kind::Query, &[][..], selection),
        OperationDefinition::Query(query) => (
            Kind::Query,
            &query.variable_definitions[..],
            &query.selection_set,
        ),
        OperationDefinition::Mutation(mutation) => (
            Kind::Mutation,
            &mutation.variable_definitions[..],
            &mutation.selection_set,
        ),
        OperationDefinition::Subscription(_) => return failed("Subscriptions are not offered"),
    };
    let given = asked.variables.unwrap_or_default();
    let mut execution = match Execution::new(&document, declared, &given) {
        Ok(execution) => execution,
        Err(failure) => return failed(&failure.sentence()),
    };
    let root = match kind {
        Kind::Query => repositories::root(context),
        Kind::Mutation => mutations::root(context),
    };
    match execution.object(&root, selection, &[]) {
        Ok(data) if execution.errors.is_empty() => json!({ "data": data }),
        Ok(data) => json!({ "data": data, "errors": execution.errors }),
        Err(failure) => failed(&failure.sentence()),
    }
}

fn names(operation: &OperationDefinition<'_, String>, wanted: Option<&str>) -> bool {
    let name = match operation {
        OperationDefinition::SelectionSet(_) => None,
        OperationDefinition::Query(query) => query.name.as_deref(),
        OperationDefinition::Mutation(mutation) => mutation.name.as_deref(),
        OperationDefinition::Subscription(subscription) => subscription.name.as_deref(),
    };
    wanted.is_none() || wanted == name
}

/// A request that failed as a whole; GitHub answers it with 200 all the same.
fn failed(sentence: &str) -> Value {
    json!({ "errors": [{ "message": sentence }] })
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Refused(Refusal::Internal(error))
    }
}
