//! The pages of the dashboard. They have neither `<head>` nor `<body>` tags, which HTML does not need, so
//! that whoever rewrites them needs a parser.

use serde_json::{Value, json};

use super::state::{ObjectQuery, Stores};
use crate::clusters::Kind;
use crate::html::escape;

/// The entries of the navigation: path, label and kinds.
const VIEWS: [[&str; 3]; 5] = [
    ["applications", "Applications", "Kustomization HelmRelease"],
    [
        "sources",
        "Sources",
        "GitRepository HelmRepository HelmChart",
    ],
    [
        "image_automation",
        "Image Automation",
        "ImageRepository ImagePolicy ImageUpdateAutomation",
    ],
    ["flux_runtime", "Flux Runtime", "Deployment"],
    ["notifications", "Notifications", "Provider Alert"],
];

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

fn document(content: &str) -> String {
    let (style, script) = (include_str!("style.css"), include_str!("script.js"));
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Weave GitOps</title>\
         <style>{style}</style><script>{script}</script><div id=\"app\">{content}</div></html>"
    )
}

/// The page for someone who is not signed in.
pub(super) fn sign_in() -> String {
    document(include_str!("sign_in.html"))
}

/// A page with the bar and the navigation.
fn frame(view: &str, label: &str, content: &str) -> String {
    let entries = VIEWS.map(|[path, name, _]| {
        let selected = if path == view { " selected" } else { "" };
        format!("<a class=\"css-5item link-flex{selected}\" role=\"tab\" href=\"/{path}\"><span>{name}</span></a>")
    });
    document(&format!(
        "<header class=\"css-9bar\"><strong>Weave GitOps</strong><span>{}</span></header>\
         <div class=\"css-4row\"><nav class=\"css-2nav\"><div role=\"tablist\" aria-orientation=\"vertical\" class=\"css-3tabs\">\
         {}</div></nav><main class=\"css-7main\">{content}</main></div>",
        escape(label),
        entries.concat()
    ))
}

/// The page of one object, with its Sync button.
pub(super) fn details(view: &str, query: &ObjectQuery, object: Option<&Value>) -> String {
    let heading = format!("<h1>{}</h1>", escape(&query.name));
    let Some(object) = object else {
        let content = format!("{heading}<p>There is no such object.</p>");
        return frame(view, &query.kind, &content);
    };
    let (class, word, message) = status(object);
    let sync = json!({"objects": [query]});
    let place = format!("{} in {} of {}", query.kind, query.namespace, query.cluster);
    let content = format!(
        "{heading}<p class=\"{class}\">{word}</p><p>{}</p>\
         <p><button id=\"sync\" data-body=\"{}\">Sync</button> <span id=\"outcome\"></span></p><p>{}</p>",
        escape(message),
        escape(&sync.to_string()),
        escape(&place)
    );
    frame(view, &query.kind, &content)
}

/// The page that lists the objects of one view.
pub(super) fn list(view: &str, stores: &Stores) -> String {
    let view = VIEWS.iter().find(|[path, ..]| *path == view);
    let [path, label, kinds] = view.unwrap_or(&VIEWS[0]);
    let mut rows = Vec::new();
    for kind in kinds.split(' ').filter_map(Kind::named) {
        for (cluster, store) in stores {
            for (key, object) in store.list(kind, None).1 {
                let (class, word, message) = status(&object);
                let cells = [&key.name, kind.kind, &key.namespace, cluster];
                let cells = cells.map(|cell| format!("<td>{}</td>", escape(cell)));
                rows.push(format!(
                    "<tr>{}<td class=\"{class}\">{word}</td><td>{}</td></tr>",
                    cells.concat(),
                    escape(message)
                ));
            }
        }
    }
    let content = format!(
        "<table><tr><th>Name</th><th>Kind</th><th>Namespace</th><th>Cluster</th><th>Status</th>\
         <th>Message</th></tr>{}</table>",
        rows.concat()
    );
    frame(path, label, &content)
}

/// Class, word and message of an object, without regard to `observedGeneration` or `Stalled`, as in the
/// original.
fn status(object: &Value) -> (&'static str, &'static str, &str) {
    let conditions = object["status"]["conditions"].as_array();
    let named = |name: &&str| {
        let mut conditions = conditions.into_iter().flatten();
        conditions.find(|condition| condition["type"] == *name)
    };
    let Some(condition) = ["Ready", "Available"].iter().find_map(named) else {
        return ("", "", "");
    };
    let message = condition["message"].as_str().unwrap_or_default();
    match condition["status"].as_str() {
        Some("True") => ("ready", "Ready", message),
        _ if condition["reason"] == "Progressing" => ("", "Reconciling", message),
        _ => ("not-ready", "Not Ready", message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_navigation_is_where_weave_gitops_has_it() {
        let page = list("sources", &Vec::new());
        assert!(page.contains("<div role=\"tablist\" aria-orientation=\"vertical\""));
        assert!(page.contains("link-flex selected\" role=\"tab\" href=\"/sources\""));
        assert!(!page.contains("<head>") && !page.contains("</body>"));
    }
}
