//! The values that the resolvers hand to the executor: objects, connections, leaves and errors.

use std::sync::Arc;

use apollo_compiler::resolvers::{FieldError, ObjectValue, ResolveInfo, ResolvedValue};
use apollo_compiler::response::{GraphQLError, JsonMap, JsonValue};
use serde_json::{Value, json};

use crate::github::accounts::{APPROVERS, Account, AccountKind};
use crate::github::error::ApiError;

/// The value of a field, or why there is none.
pub(super) type Resolved<'v> = Result<ResolvedValue<'v>, ApiError>;

/// A value of one of the schema's object types, and the resolution of its fields. The executor has
/// validated names and arguments, so that a field can only be one of the schema's.
pub(super) trait Resolver {
    /// The name of the object type.
    fn type_name(&self) -> &str;

    /// Resolves one field.
    fn field<'v>(&self, name: &str, args: &Args<'_>) -> Resolved<'v>;
}

/// A value as the executor takes it.
#[derive(Clone)]
pub(super) struct Object(Arc<dyn Resolver>);

impl Object {
    pub(super) fn new(resolver: impl Resolver + 'static) -> Self {
        Self(Arc::new(resolver))
    }
}

impl ObjectValue for Object {
    fn type_name(&self) -> &str {
        self.0.type_name()
    }

    fn resolve_field<'a>(
        &'a self,
        info: &'a ResolveInfo<'a>,
    ) -> Result<ResolvedValue<'a>, FieldError> {
        self.0
            .field(info.field_name(), &Args(info.arguments()))
            .map_err(|error| FieldError {
                message: format!("{}{SEPARATOR}{}", error_type(&error), error.sentence()),
            })
    }
}

/// An object without arguments, whose `__typename` is among its fields.
pub(super) struct Data(pub(super) Value);

impl Resolver for Data {
    fn type_name(&self) -> &str {
        self.0["__typename"].as_str().unwrap_or_default()
    }

    fn field<'v>(&self, name: &str, _args: &Args<'_>) -> Resolved<'v> {
        Ok(data(&self.0[name]))
    }
}

/// A page of a list.
struct Connection {
    type_name: &'static str,
    nodes: Vec<Object>,
    page_info: Value,
    total: usize,
}

impl Resolver for Connection {
    fn type_name(&self) -> &str {
        self.type_name
    }

    fn field<'v>(&self, name: &str, _args: &Args<'_>) -> Resolved<'v> {
        Ok(match name {
            "nodes" => {
                ResolvedValue::list(self.nodes.clone().into_iter().map(ResolvedValue::object))
            }
            "pageInfo" => data(&self.page_info),
            // "totalCount"
            _ => leaf(self.total),
        })
    }
}

/// A scalar, an enum's value, or null.
pub(super) fn leaf<'v>(value: impl Into<Value>) -> ResolvedValue<'v> {
    ResolvedValue::leaf(value.into())
}

pub(super) fn object<'v>(resolver: impl Resolver + 'static) -> ResolvedValue<'v> {
    ResolvedValue::object(Object::new(resolver))
}

pub(super) fn nullable<'v>(resolver: Option<impl Resolver + 'static>) -> ResolvedValue<'v> {
    resolver.map_or_else(ResolvedValue::null, object)
}

/// The JSON as it is: a leaf, a list, or an object with its `__typename`.
pub(super) fn data<'v>(value: &Value) -> ResolvedValue<'v> {
    match value {
        Value::Object(_) => object(Data(value.clone())),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(data).collect();
            ResolvedValue::list(items)
        }
        other => leaf(other.clone()),
    }
}

/// `User` or `Bot`. A bot's login lacks the `[bot]` that it has in REST, as on GitHub.
pub(super) fn actor(account: &Account) -> Value {
    json!({
        "__typename": if account.kind == AccountKind::Bot { "Bot" } else { "User" },
        "databaseId": account.id,
        "login": account.login.trim_end_matches("[bot]"),
    })
}

/// `Team`: the approvers.
pub(super) fn team() -> Value {
    json!({ "__typename": "Team", "slug": APPROVERS })
}

/// The page of `items` that `first`, `last` and `after` ask for. A cursor is the number of items up to
/// and including its own.
pub(super) fn connection<'v, T, N: Resolver + 'static>(
    type_name: &'static str,
    items: Vec<T>,
    args: &Args<'_>,
    node: impl Fn(T) -> Result<N, ApiError>,
) -> Resolved<'v> {
    let total = items.len();
    let after = args.text("after").and_then(|cursor| cursor.parse().ok());
    let mut start = after.unwrap_or(0).min(total);
    let mut end = total;
    if let Some(first) = args.number("first") {
        end = end.min(start + first);
    }
    if let Some(last) = args.number("last") {
        start = start.max(end.saturating_sub(last));
    }
    let page = items.into_iter().skip(start).take(end - start);
    Ok(object(Connection {
        type_name,
        nodes: page
            .map(|item| Ok(Object::new(node(item)?)))
            .collect::<Result<_, ApiError>>()?,
        page_info: json!({
            "__typename": "PageInfo",
            "hasNextPage": end < total,
            "endCursor": (start < end).then(|| end.to_string()),
        }),
        total,
    }))
}

/// The arguments of a field, as the schema types them.
pub(super) struct Args<'a>(pub(super) &'a JsonMap);

impl Args<'_> {
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }

    pub(super) fn number(&self, name: &str) -> Option<usize> {
        usize::try_from(self.0.get(name)?.as_i64()?).ok()
    }

    pub(super) fn flag(&self, name: &str) -> bool {
        self.0.get(name).and_then(JsonValue::as_bool) == Some(true)
    }
}

/// Stands between GitHub's `type` of an error and its sentence, while the executor carries them.
const SEPARATOR: char = '\n';

/// GitHub's `type` of an error.
fn error_type(error: &ApiError) -> &'static str {
    match error.status() {
        403 => "FORBIDDEN",
        404 => "NOT_FOUND",
        409 => "STALE_DATA",
        500 => "INTERNAL",
        _ => "UNPROCESSABLE",
    }
}

/// An error of a field as GitHub answers it, with its `type`.
pub(super) fn github_error(error: &GraphQLError) -> Value {
    let message = error.message.trim_start_matches("resolver error: ");
    let (kind, message) = message
        .split_once(SEPARATOR)
        .unwrap_or(("INTERNAL", message));
    json!({
        "type": kind,
        "path": error.path,
        "locations": error.locations,
        "message": message,
    })
}
