//! The pages of the dashboard. They have neither `<head>` nor `<body>` tags, which HTML does not need, so
//! that whoever rewrites them needs a parser.

use axum::response::Html;
use minijinja::context;
use serde_json::{Value, json};

use super::state::{ObjectQuery, Stores};
use crate::clusters::Kind;
use crate::templates::render;

/// The entries of the navigation: path, label and kinds.
const VIEWS: [[&str; 3]; 5] = [
    ["applications", "Applications", "Kustomization HelmRelease"],
    ["sources", "Sources", SOURCES],
    ["image_automation", "Image Automation", IMAGES],
    ["flux_runtime", "Flux Runtime", "Deployment"],
    ["notifications", "Notifications", "Provider Alert"],
];

const SOURCES: &str = "GitRepository HelmRepository HelmChart";
const IMAGES: &str = "ImageRepository ImagePolicy ImageUpdateAutomation";

/// The kind whose objects have their pages below a path.
pub(super) fn kind_of(path: &str) -> Option<&'static str> {
    Some(match path {
        "kustomization" => "Kustomization",
        "helm_release" => "HelmRelease",
        "git_repo" => "GitRepository",
        "helm_repo" => "HelmRepository",
        "helm_chart" => "HelmChart",
        "image_repo" => "ImageRepository",
        "image_policy" => "ImagePolicy",
        "image_update" => "ImageUpdateAutomation",
        _ => return None,
    })
}

/// The entries of the navigation for the templates.
fn views() -> Vec<minijinja::Value> {
    let entry = |[path, label, _]: &[&str; 3]| context! { path, label };
    VIEWS.iter().map(entry).collect()
}

/// The page for someone who is not signed in.
pub(super) fn sign_in() -> Html<String> {
    render("dashboard_sign_in.html", ())
}

/// The page of one object, with its Sync button.
pub(super) fn details(view: &str, query: &ObjectQuery, object: Option<&Value>) -> Html<String> {
    let sync = json!({"objects": [query]}).to_string();
    let (label, status) = (&query.kind, object.map(status));
    let context = context! { views => views(), view, label, query, sync, status };
    render("dashboard_details.html", context)
}

/// The page that lists the objects of one view.
pub(super) fn list(view: &str, stores: &Stores) -> Html<String> {
    let view = VIEWS.iter().find(|[path, ..]| *path == view);
    let [view, label, kinds] = view.unwrap_or(&VIEWS[0]);
    let mut rows = Vec::new();
    for kind in kinds.split(' ').filter_map(Kind::named) {
        for (cluster, store) in stores {
            for (key, object) in store.list(kind, None).1 {
                rows.push(context! {
                    name => key.name, kind => kind.kind, namespace => key.namespace, cluster,
                    status => status(&object),
                });
            }
        }
    }
    let context = context! { views => views(), view, label, rows };
    render("dashboard_list.html", context)
}

/// Class, word and message of an object, without regard to `observedGeneration` or `Stalled`, as in the
/// original.
fn status(object: &Value) -> minijinja::Value {
    let conditions = object["status"]["conditions"].as_array();
    let named = |name: &&str| {
        let mut conditions = conditions.into_iter().flatten();
        conditions.find(|condition| condition["type"] == *name)
    };
    let Some(condition) = ["Ready", "Available"].iter().find_map(named) else {
        return context! { class => "", word => "", message => "" };
    };
    let message = condition["message"].as_str().unwrap_or_default();
    let (class, word) = match condition["status"].as_str() {
        Some("True") => ("ready", "Ready"),
        _ if condition["reason"] == "Progressing" => ("", "Reconciling"),
        _ => ("not-ready", "Not Ready"),
    };
    context! { class, word, message }
}
