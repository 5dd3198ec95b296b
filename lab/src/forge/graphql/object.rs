//! Objects with fields that resolve when asked for, their arguments, and connections (GraphQL's
//! pages).

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::forge::refusal::Refusal;

/// Why a field has no answer.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The query is not valid: the whole request fails.
    Invalid(String),
    /// What the field names does not exist: the field is null and an error says so.
    NotFound(String),
    /// The act was refused: the field is null and an error says so.
    Refused(Refusal),
}

impl Failure {
    pub(crate) fn sentence(&self) -> String {
        match self {
            Self::Invalid(sentence) | Self::NotFound(sentence) => sentence.clone(),
            Self::Refused(refusal) => refusal.sentence(),
        }
    }

    /// GitHub's `type` of the error.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "INVALID",
            Self::NotFound(_) => "NOT_FOUND",
            Self::Refused(refusal) => match refusal.status() {
                403 => "FORBIDDEN",
                404 => "NOT_FOUND",
                409 => "STALE_DATA",
                500 => "INTERNAL",
                _ => "UNPROCESSABLE",
            },
        }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// The arguments of a field.
pub(crate) struct Args(pub(crate) Map<String, Value>);

impl Args {
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }

    pub(crate) fn required(&self, name: &str) -> Result<&str, Failure> {
        self.text(name)
            .ok_or_else(|| Failure::Invalid(format!("The argument '{name}' is missing")))
    }

    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        self.0.get(name).and_then(Value::as_u64)
    }

    pub(crate) fn flag(&self, name: &str) -> bool {
        self.0.get(name).and_then(Value::as_bool).unwrap_or(false)
    }

    /// The words of a list argument; `None` when it is absent. One word alone is a list of one.
    pub(crate) fn words(&self, name: &str) -> Option<Vec<&str>> {
        match self.0.get(name)? {
            Value::Array(words) => Some(words.iter().filter_map(Value::as_str).collect()),
            Value::String(word) => Some(vec![word]),
            _ => None,
        }
    }
}

/// What a field answers.
pub(crate) enum Answer {
    /// A scalar, an enum's word, or null.
    Leaf(Value),
    Object(Object),
    List(Vec<Object>),
}

impl From<Option<Object>> for Answer {
    fn from(object: Option<Object>) -> Self {
        object.map_or(Self::Leaf(Value::Null), Self::Object)
    }
}

type Resolver = Box<dyn Fn(&Args) -> Result<Answer, Failure>>;

/// One object of the graph.
pub(crate) struct Object {
    pub(crate) kind: &'static str,
    fields: BTreeMap<&'static str, Resolver>,
}

impl Object {
    pub(crate) fn new(kind: &'static str) -> Self {
        Self {
            kind,
            fields: BTreeMap::new(),
        }
    }

    /// Adds a field whose value is known.
    pub(crate) fn leaf(self, name: &'static str, value: impl Into<Value>) -> Self {
        let value = value.into();
        self.field(name, move |_| Ok(Answer::Leaf(value.clone())))
    }

    /// Adds a field that is an object, or null.
    pub(crate) fn object(
        self,
        name: &'static str,
        make: impl Fn() -> Option<Object> + 'static,
    ) -> Self {
        self.field(name, move |_| Ok(make().into()))
    }

    /// Adds a field that is worked out when it is asked for.
    pub(crate) fn field(
        mut self,
        name: &'static str,
        resolve: impl Fn(&Args) -> Result<Answer, Failure> + 'static,
    ) -> Self {
        self.fields.insert(name, Box::new(resolve));
        self
    }

    /// What the field answers.
    pub(crate) fn resolve(&self, name: &str, args: &Args) -> Result<Answer, Failure> {
        match self.fields.get(name) {
            Some(resolve) => resolve(args),
            None => Err(Failure::Invalid(format!(
                "Field '{name}' doesn't exist on type '{}'",
                self.kind
            ))),
        }
    }

    /// Whether a fragment on `condition` applies.
    pub(crate) fn is_a(&self, condition: &str) -> bool {
        let members: &[&str] = match condition {
            "Node" => return true,
            "Actor" => &["User", "Bot", "Organization"],
            "RepositoryOwner" => &["User", "Organization"],
            "GitObject" => &["Commit", "Blob", "Tree"],
            "RequestedReviewer" => &["User", "Bot", "Team"],
            "RequirableByPullRequest" | "StatusCheckRollupContext" => {
                &["CheckRun", "StatusContext"]
            }
            "RuleParameters" => &["PullRequestParameters", "RequiredStatusChecksParameters"],
            "PullRequestTimelineItems" => &[
                "HeadRefForcePushedEvent",
                "ReviewDismissedEvent",
                "BaseRefChangedEvent",
            ],
            other => return other == self.kind,
        };
        members.contains(&self.kind)
    }
}

/// The page of `items` that `first`, `last`, `after` and `before` ask for; an item becomes an object
/// only when it is on the page.
pub(crate) fn connection<T: Clone + 'static>(
    kind: &'static str,
    items: &[T],
    args: &Args,
    make: impl Fn(&T) -> Result<Object, Failure> + Clone + 'static,
) -> Object {
    let total = items.len();
    let cursor = |name: &str| {
        args.text(name)
            .and_then(|cursor| cursor.parse::<usize>().ok())
    };
    let mut start = cursor("after").map_or(0, |after| after.min(total));
    let mut end = cursor("before").map_or(total, |before| before.saturating_sub(1).min(total));
    end = end.max(start);
    if let Some(first) = args.number("first") {
        end = end.min(start.saturating_add(usize::try_from(first).unwrap_or(usize::MAX)));
    }
    if let Some(last) = args.number("last") {
        start = start.max(end.saturating_sub(usize::try_from(last).unwrap_or(usize::MAX)));
    }
    let page: Vec<T> = items[start..end].to_vec();
    let (edges, make_edge) = (page.clone(), make.clone());
    Object::new(kind)
        .leaf("totalCount", total)
        .field("nodes", move |_| {
            Ok(Answer::List(
                page.iter().map(&make).collect::<Result<_, _>>()?,
            ))
        })
        .field("edges", move |_| {
            let edges = edges.iter().enumerate().map(|(index, item)| {
                let (item, make) = (item.clone(), make_edge.clone());
                Object::new("Edge")
                    .leaf("cursor", (start + index + 1).to_string())
                    .field("node", move |_| Ok(Answer::Object(make(&item)?)))
            });
            Ok(Answer::List(edges.collect()))
        })
        .object("pageInfo", move || {
            let at = |place: usize| (start < end).then(|| place.to_string());
            let page = Object::new("PageInfo")
                .leaf("hasNextPage", end < total)
                .leaf("hasPreviousPage", start > 0)
                .leaf("startCursor", at(start + 1))
                .leaf("endCursor", at(end));
            Some(page)
        })
}
