//! Lists: pages with continue tokens, and the field selectors that lists and watches share.

use axum::Json;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::error::StatusError;
use super::query::{Api, RequestQuery, number};
use crate::clusters::kinds::{EVENT, Kind};
use crate::clusters::object::text;

/// One page of a list. A page that continues another keeps its resource version, so that a watch from
/// there misses nothing.
pub(super) fn page(
    api: &Api,
    kind: &'static Kind,
    namespace: Option<&str>,
    query: &RequestQuery,
) -> Result<Response, StatusError> {
    let selector = FieldSelector::of(kind, query)?;
    let asked = number(query, "resourceVersion")?;
    let limit = number(query, "limit")?.filter(|limit| *limit > 0);
    let (present, objects) = api.store.list(kind, namespace);
    if let Some(asked) = asked.filter(|asked| *asked > present) {
        return Err(StatusError::TooLargeVersion(asked, present));
    }
    let from = query.get("continue").filter(|token| !token.is_empty());
    let from = from.map(|token| Continue::read(token)).transpose()?;
    let revision = from.as_ref().map_or(present, |from| from.revision);
    if api.store.since(revision).is_none() {
        return Err(StatusError::Expired(revision));
    }
    let mut left = objects
        .into_iter()
        .filter(|(key, _)| from.as_ref().is_none_or(|from| key.path() > from.after))
        .filter(|(_, object)| selector.matches(object));
    let limit = limit.and_then(|limit| usize::try_from(limit).ok());
    let page: Vec<_> = left.by_ref().take(limit.unwrap_or(usize::MAX)).collect();
    let remaining = left.count();
    let mut metadata = json!({"resourceVersion": revision.to_string()});
    if let Some((last, _)) = page.last().filter(|_| remaining > 0) {
        let after = last.path();
        metadata["continue"] = json!(Continue { revision, after }.write());
        metadata["remainingItemCount"] = json!(remaining);
    }
    let items: Vec<&Value> = page.iter().map(|(_, object)| &**object).collect();
    let list = json!({
        "kind": format!("{}List", kind.kind), "apiVersion": kind.api_version(),
        "metadata": metadata, "items": items,
    });
    Ok(Json(list).into_response())
}

/// Where a list goes on.
struct Continue {
    revision: u64,
    /// The path of the last object before.
    after: String,
}

impl Continue {
    fn write(&self) -> String {
        URL_SAFE_NO_PAD.encode(format!("{} {}", self.revision, self.after))
    }

    fn read(token: &str) -> Result<Self, StatusError> {
        let read = || {
            let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
            let (revision, after) = text.split_once(' ')?;
            Some(Self {
                revision: revision.parse().ok()?,
                after: after.to_owned(),
            })
        };
        read().ok_or_else(|| StatusError::BadRequest("continue key is not valid".to_owned()))
    }
}

/// `fieldSelector`: the fields and the values that they must have.
#[derive(Clone, Debug, Default)]
pub(super) struct FieldSelector(Vec<(String, String)>);

/// What events can be selected by besides their names.
const EVENT_FIELDS: [&str; 7] = [
    "involvedObject.kind",
    "involvedObject.namespace",
    "involvedObject.name",
    "involvedObject.uid",
    "involvedObject.apiVersion",
    "reason",
    "type",
];

impl FieldSelector {
    pub(super) fn of(kind: &Kind, query: &RequestQuery) -> Result<Self, StatusError> {
        let selectable = |name: &str| {
            matches!(name, "metadata.name" | "metadata.namespace")
                || *kind == EVENT && EVENT_FIELDS.contains(&name)
        };
        let written = query.get("fieldSelector").map_or("", String::as_str);
        let parts = written.split(',').filter(|part| !part.is_empty());
        let read = parts.map(|part| {
            let equation = part.split_once('=').filter(|(name, _)| selectable(name));
            let (name, value) = equation.ok_or_else(|| {
                StatusError::BadRequest(format!("field label not supported: {part}"))
            })?;
            let pointer = format!("/{}", name.replace('.', "/"));
            Ok((pointer, value.trim_start_matches('=').to_owned()))
        });
        read.collect::<Result<_, _>>().map(Self)
    }

    pub(super) fn matches(&self, object: &Value) -> bool {
        let mut fields = self.0.iter();
        fields.all(|(pointer, value)| text(object, pointer) == Some(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_chosen_by_what_they_are_of_and_nothing_else_is() {
        let query = RequestQuery::from([(
            "fieldSelector".to_owned(),
            "involvedObject.kind=HelmRelease,involvedObject.name=podinfo".to_owned(),
        )]);
        let selector = FieldSelector::of(&EVENT, &query).unwrap();
        let of = |name: &str| json!({"involvedObject": {"kind": "HelmRelease", "name": name}});
        assert!(selector.matches(&of("podinfo")));
        assert!(!selector.matches(&of("another")));
        assert!(FieldSelector::of(&crate::clusters::kinds::DEPLOYMENT, &query).is_err());
    }

    #[test]
    fn a_continue_token_survives_its_way_to_the_client_and_back() {
        let token = Continue {
            revision: 7,
            after: "a/b c".to_owned(),
        };
        let read = Continue::read(&token.write()).unwrap();
        assert_eq!((read.revision, read.after.as_str()), (7, "a/b c"));
    }
}
