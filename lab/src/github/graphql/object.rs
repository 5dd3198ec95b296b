//! The values that the resolvers hand to the executor.

use std::sync::Arc;

use apollo_compiler::resolvers::{FieldError, ObjectValue, ResolveInfo, ResolvedValue};
use apollo_compiler::response::{GraphQLError, JsonMap};
use serde_json::{Value, json};

use super::{Context, commits, mutation, pulls, query};
use crate::github::accounts::{APPROVERS, Account, AccountKind};
use crate::github::error::ApiError;
use crate::github::git::{Commit, TreeEntry};
use crate::github::repository::{Pull, Review};
use crate::github::state::Repo;

/// The value of a field, or why there is none.
pub(super) type Resolved<'v> = Result<ResolvedValue<'v>, ApiError>;

/// A value of one of the schema's object types.
#[derive(Clone)]
pub(super) enum Object {
    Query(Context),
    Mutation(Context),
    Repository(Context, Repo),
    PullRequest(Repo, Arc<Pull>),
    PullRequestCommit(Repo, Arc<Commit>),
    PullRequestReview(Repo, Arc<Review>),
    Commit(Repo, Arc<Commit>),
    /// By its full name.
    Ref(Repo, String),
    TreeEntry(Repo, TreeEntry),
    /// Of a commit's oid.
    StatusCheckRollup(Repo, String),
    CreateCommitOnBranchPayload {
        repo: Repo,
        commit: String,
        reference: String,
    },
    Connection {
        type_name: &'static str,
        nodes: Vec<Object>,
        page_info: Value,
        total: usize,
    },
    /// An object without arguments, whose `__typename` is among its fields.
    Data(Value),
}

impl ObjectValue for Object {
    fn type_name(&self) -> &str {
        match self {
            Self::Query(_) => "Query",
            Self::Mutation(_) => "Mutation",
            Self::Repository(..) => "Repository",
            Self::PullRequest(..) => "PullRequest",
            Self::PullRequestCommit(..) => "PullRequestCommit",
            Self::PullRequestReview(..) => "PullRequestReview",
            Self::Commit(..) => "Commit",
            Self::Ref(..) => "Ref",
            Self::TreeEntry(..) => "TreeEntry",
            Self::StatusCheckRollup(..) => "StatusCheckRollup",
            Self::CreateCommitOnBranchPayload { .. } => "CreateCommitOnBranchPayload",
            Self::Connection { type_name, .. } => type_name,
            Self::Data(fields) => fields["__typename"].as_str().unwrap_or_default(),
        }
    }

    fn resolve_field<'a>(
        &'a self,
        info: &'a ResolveInfo<'a>,
    ) -> Result<ResolvedValue<'a>, FieldError> {
        self.field(info.field_name(), &Args(info.arguments()))
            .map_err(|error| FieldError {
                message: format!("{}{SEPARATOR}{}", error_type(&error), error.sentence()),
            })
    }
}

impl Object {
    fn field<'v>(&self, name: &str, args: &Args<'_>) -> Resolved<'v> {
        match self {
            Self::Query(context) => query::root(context, name, args),
            Self::Mutation(context) => mutation::root(context, name, args),
            Self::Repository(context, repo) => query::repository(context, repo, name, args),
            Self::PullRequest(repo, pull) => pulls::pull(repo, pull, name, args),
            Self::PullRequestCommit(repo, commit) => {
                Ok(object(Self::Commit(repo.clone(), commit.clone())))
            }
            Self::PullRequestReview(repo, review) => pulls::review(repo, review, name),
            Self::Commit(repo, commit) => commits::commit(repo, commit, name, args),
            Self::Ref(repo, full_name) => commits::reference(repo, full_name, name),
            Self::TreeEntry(repo, entry) => commits::tree_entry(repo, entry, name),
            Self::StatusCheckRollup(repo, sha) => commits::rollup(repo, sha, name, args),
            Self::CreateCommitOnBranchPayload {
                repo,
                commit,
                reference,
            } => match name {
                "commit" => commits::by_oid(repo, commit),
                _ => Ok(object(Self::Ref(repo.clone(), reference.clone()))),
            },
            Self::Connection {
                nodes,
                page_info,
                total,
                ..
            } => Ok(match name {
                "nodes" => ResolvedValue::list(nodes.clone().into_iter().map(object)),
                "pageInfo" => data(page_info),
                _ => leaf(*total),
            }),
            Self::Data(fields) => Ok(data(&fields[name])),
        }
    }
}

/// A scalar, an enum's value, or null.
pub(super) fn leaf<'v>(value: impl Into<Value>) -> ResolvedValue<'v> {
    ResolvedValue::leaf(value.into())
}

pub(super) fn object<'v>(object: Object) -> ResolvedValue<'v> {
    ResolvedValue::object(object)
}

/// Whatever the JSON is: a leaf, a list, or an [`Object::Data`].
pub(super) fn data<'v>(value: &Value) -> ResolvedValue<'v> {
    match value {
        Value::Object(_) => object(Object::Data(value.clone())),
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
pub(super) fn connection<'v, T>(
    type_name: &'static str,
    items: Vec<T>,
    args: &Args<'_>,
    node: impl Fn(T) -> Result<Object, ApiError>,
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
    Ok(object(Object::Connection {
        type_name,
        nodes: page.map(node).collect::<Result<_, _>>()?,
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
        self.0.get(name).and_then(|value| value.as_bool()) == Some(true)
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
