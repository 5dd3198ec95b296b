//! Listing: pages with continue tokens, and the selectors that lists and watches share.

use std::collections::HashMap;

use axum::Json;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::Api;
use super::failure::Failure;
use crate::clusters::kinds::{EVENT, Kind};
use crate::clusters::object;

/// One page of a list. A page that continues an earlier one keeps the earlier one's resource
/// version, so that a watch from it misses nothing.
pub(super) fn page(
    api: &Api,
    kind: &'static Kind,
    namespace: Option<&str>,
    query: &HashMap<String, String>,
) -> Result<Response, Failure> {
    let selector = Selector::of(kind, query)?;
    let asked = number(query, "resourceVersion")?;
    let limit = number(query, "limit")?.filter(|limit| *limit > 0);
    let (present, objects) = api.store.list(kind, namespace);
    if let Some(asked) = asked.filter(|asked| *asked > present) {
        return Err(Failure::too_large_version(asked, present));
    }
    let from = query
        .get("continue")
        .filter(|token| !token.is_empty())
        .map(|token| Continue::read(token))
        .transpose()?;
    let revision = from.as_ref().map_or(present, |from| from.revision);
    if !api.store.remembers(revision) {
        return Err(Failure::expired(revision));
    }
    let mut left = objects
        .into_iter()
        .filter(|(key, _)| from.as_ref().is_none_or(|from| key.path() > from.after))
        .filter(|(_, object)| selector.matches(object));
    let mut items = Vec::new();
    let mut last = String::new();
    for (key, object) in left.by_ref() {
        items.push((*object).clone());
        last = key.path();
        if limit.is_some_and(|limit| items.len() as u64 >= limit) {
            break;
        }
    }
    let remaining = left.count();
    let mut metadata = json!({"resourceVersion": revision.to_string()});
    if remaining > 0 {
        let token = Continue {
            revision,
            after: last,
        };
        metadata["continue"] = json!(token.write());
        metadata["remainingItemCount"] = json!(remaining);
    }
    let list = json!({
        "kind": format!("{}List", kind.kind), "apiVersion": kind.api_version(),
        "metadata": metadata, "items": items,
    });
    Ok(Json(list).into_response())
}

/// A number in the query; `None` when it is missing or empty.
pub(super) fn number(query: &HashMap<String, String>, name: &str) -> Result<Option<u64>, Failure> {
    match query.get(name).map(String::as_str) {
        None | Some("") => Ok(None),
        Some(text) => text
            .parse()
            .map(Some)
            .map_err(|_| Failure::bad_request(&format!("{name}: {text:?} is not a number"))),
    }
}

/// Where a list goes on.
struct Continue {
    revision: u64,
    after: String,
}

impl Continue {
    fn write(&self) -> String {
        URL_SAFE_NO_PAD.encode(format!("{} {}", self.revision, self.after))
    }

    fn read(token: &str) -> Result<Self, Failure> {
        let malformed = || Failure::bad_request("continue key is not valid");
        let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| malformed())?;
        let text = String::from_utf8(bytes).map_err(|_| malformed())?;
        let (revision, after) = text.split_once(' ').ok_or_else(malformed)?;
        Ok(Self {
            revision: revision.parse().map_err(|_| malformed())?,
            after: after.to_owned(),
        })
    }
}

/// `labelSelector` and `fieldSelector` together.
#[derive(Clone, Debug, Default)]
pub(super) struct Selector {
    requirements: Vec<Requirement>,
}

#[derive(Clone, Debug)]
struct Requirement {
    /// Whether `name` is a label, or else a path of a field.
    label: bool,
    name: String,
    /// The values of which the object's must be one; `None` asks only whether it is there.
    values: Option<Vec<String>>,
    /// Whether the requirement holds when the rest of it does not.
    negated: bool,
}

impl Selector {
    pub(super) fn of(kind: &Kind, query: &HashMap<String, String>) -> Result<Self, Failure> {
        let mut requirements = Vec::new();
        let labels = query
            .get("labelSelector")
            .map(String::as_str)
            .unwrap_or_default();
        for part in split_outside_parentheses(labels) {
            requirements.push(label_requirement(part)?);
        }
        let fields = query
            .get("fieldSelector")
            .map(String::as_str)
            .unwrap_or_default();
        for part in fields.split(',').filter(|part| !part.is_empty()) {
            requirements.push(field_requirement(kind, part)?);
        }
        Ok(Self { requirements })
    }

    pub(super) fn matches(&self, object: &Value) -> bool {
        self.requirements.iter().all(|requirement| {
            let value = if requirement.label {
                object["metadata"]["labels"]
                    .get(&requirement.name)
                    .and_then(Value::as_str)
            } else {
                object::text(object, &format!("/{}", requirement.name.replace('.', "/")))
            };
            let holds = match (&requirement.values, value) {
                (_, None) => false,
                (None, Some(_)) => true,
                (Some(values), Some(value)) => values.iter().any(|wanted| wanted == value),
            };
            holds != requirement.negated
        })
    }
}

fn split_outside_parentheses(text: &str) -> Vec<&str> {
    let mut depth = 0_u32;
    text.split(|c| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0
    })
    .map(str::trim)
    .filter(|part| !part.is_empty())
    .collect()
}

fn label_requirement(part: &str) -> Result<Requirement, Failure> {
    let requirement = |name: &str, values: Option<Vec<String>>, negated| Requirement {
        label: true,
        name: name.trim().to_owned(),
        values,
        negated,
    };
    for (word, negated) in [(" notin ", true), (" in ", false)] {
        if let Some((name, values)) = part.split_once(word) {
            let values = values
                .trim()
                .strip_prefix('(')
                .and_then(|values| values.strip_suffix(')'))
                .ok_or_else(|| {
                    Failure::bad_request(&format!("unable to parse requirement: {part}"))
                })?;
            let values = values
                .split(',')
                .map(|value| value.trim().to_owned())
                .collect();
            return Ok(requirement(name, Some(values), negated));
        }
    }
    if let Some(name) = part.strip_prefix('!') {
        return Ok(requirement(name, None, true));
    }
    Ok(match equation(part) {
        Some((name, value, negated)) => requirement(name, Some(vec![value.to_owned()]), negated),
        None => requirement(part, None, false),
    })
}

/// Whether objects of a kind can be chosen by a field: all by their names, events also by what they are of.
fn is_field(kind: &Kind, name: &str) -> bool {
    const OF_EVENTS: [&str; 10] = [
        "involvedObject.kind",
        "involvedObject.namespace",
        "involvedObject.name",
        "involvedObject.uid",
        "involvedObject.apiVersion",
        "involvedObject.resourceVersion",
        "involvedObject.fieldPath",
        "reason",
        "reportingComponent",
        "type",
    ];
    matches!(name, "metadata.name" | "metadata.namespace")
        || *kind == EVENT && OF_EVENTS.contains(&name)
}

fn field_requirement(kind: &Kind, part: &str) -> Result<Requirement, Failure> {
    let (name, value, negated) = equation(part)
        .filter(|(name, ..)| is_field(kind, name))
        .ok_or_else(|| Failure::bad_request(&format!("field label not supported: {part}")))?;
    Ok(Requirement {
        label: false,
        name: name.to_owned(),
        values: Some(vec![value.to_owned()]),
        negated,
    })
}

/// `name=value`, `name==value` or `name!=value`; the last part says whether it was the latter.
fn equation(part: &str) -> Option<(&str, &str, bool)> {
    for (sign, negated) in [("!=", true), ("==", false), ("=", false)] {
        if let Some((name, value)) = part.split_once(sign) {
            return Some((name.trim(), value.trim(), negated));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(selector: &str) -> bool {
        let query = HashMap::from([("labelSelector".to_owned(), selector.to_owned())]);
        let object =
            json!({"metadata": {"name": "podinfo", "labels": {"app": "podinfo", "tier": "web"}}});
        Selector::of(&crate::clusters::kinds::DEPLOYMENT, &query)
            .unwrap()
            .matches(&object)
    }

    #[test]
    fn label_selectors_mean_what_kubernetes_means() {
        for (selector, expected) in [
            ("", true),
            ("app=podinfo", true),
            ("app==podinfo,tier!=db", true),
            ("app in (other, podinfo),tier", true),
            ("app notin (podinfo)", false),
            ("!missing", true),
            ("missing", false),
        ] {
            assert_eq!(matches(selector), expected, "{selector:?}");
        }
    }

    #[test]
    fn events_are_chosen_by_what_they_are_of_and_nothing_else_is() {
        let query = HashMap::from([(
            "fieldSelector".to_owned(),
            "involvedObject.kind=HelmRelease,involvedObject.name=podinfo".to_owned(),
        )]);
        let selector = Selector::of(&EVENT, &query).unwrap();
        let of = |name: &str| json!({"involvedObject": {"kind": "HelmRelease", "name": name}});
        assert!(selector.matches(&of("podinfo")));
        assert!(!selector.matches(&of("another")));
        assert!(Selector::of(&crate::clusters::kinds::DEPLOYMENT, &query).is_err());
    }

    #[test]
    fn a_continue_token_survives_its_way_to_the_client_and_back() {
        let token = Continue {
            revision: 7,
            after: "a/b c".to_owned(),
        }
        .write();
        let read = Continue::read(&token).unwrap();
        assert_eq!((read.revision, read.after.as_str()), (7, "a/b c"));
    }
}
