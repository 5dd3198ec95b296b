//! What the API says about itself: its version, groups and resources, as far as clients ask before
//! their first list.

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::clusters::kinds::{KINDS, Kind};

/// The document at a path, if it is one of discovery's.
pub(super) fn document(segments: &[&str]) -> Option<Response> {
    let value = match segments {
        ["version"] => version(),
        ["healthz" | "livez" | "readyz"] => return Some(super::ok()),
        ["api"] => json!({
            "kind": "APIVersions", "versions": ["v1"],
            "serverAddressByClientCIDRs": [],
        }),
        ["apis"] => json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups()}),
        ["api", version] => resources("", version)?,
        ["apis", name] => groups()
            .into_iter()
            .find(|group| group["name"] == json!(name))?,
        ["apis", group, version] => resources(group, version)?,
        _ => return None,
    };
    Some(Json(value).into_response())
}

fn version() -> Value {
    json!({
        "major": "1", "minor": "34", "gitVersion": "v1.34.1", "gitCommit": "", "gitTreeState": "clean",
        "buildDate": "2025-09-09T00:00:00Z", "goVersion": "go1.24.6", "compiler": "gc",
        "platform": "linux/amd64",
    })
}

fn groups() -> Vec<Value> {
    let mut found: Vec<Value> = Vec::new();
    for kind in KINDS.iter().filter(|kind| !kind.group.is_empty()) {
        let version = json!({"groupVersion": kind.api_version(), "version": kind.version});
        if found.iter().all(|group| group["name"] != json!(kind.group)) {
            found.push(json!({
                "kind": "APIGroup", "apiVersion": "v1", "name": kind.group,
                "versions": [version], "preferredVersion": version,
            }));
        }
    }
    found
}

fn resources(group: &str, version: &str) -> Option<Value> {
    let served: Vec<&Kind> = KINDS
        .into_iter()
        .filter(|kind| kind.group == group && kind.version == version)
        .collect();
    let group_version = served.first()?.api_version();
    let resources: Vec<Value> = served
        .iter()
        .map(|kind| {
            json!({
                "name": kind.plural, "singularName": kind.kind.to_lowercase(), "kind": kind.kind,
                "namespaced": kind.namespaced, "shortNames": kind.short,
                "verbs": ["get", "list", "patch", "watch"],
            })
        })
        .collect();
    Some(json!({
        "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version,
        "resources": resources,
    }))
}
