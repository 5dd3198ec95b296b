//! The dashboard's one page: the navigation as the original builds it, plain lists, and single objects. It has neither
//! `<head>` nor `<body>` tags, which HTML does not need, so that whoever rewrites it needs a parser.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::Clusters;
use super::objects::Asked;
use crate::clusters::{Key, Kind, Object};

/// The entries of the navigation: address, label, the kinds that the view lists.
const VIEWS: [(&str, &str, &[&str]); 5] = [
    (
        "applications",
        "Applications",
        &["Kustomization", "HelmRelease"],
    ),
    (
        "sources",
        "Sources",
        &["GitRepository", "HelmRepository", "HelmChart"],
    ),
    (
        "image_automation",
        "Image Automation",
        &["ImageRepository", "ImagePolicy", "ImageUpdateAutomation"],
    ),
    ("flux_runtime", "Flux Runtime", &["Deployment"]),
    ("notifications", "Notifications", &["Provider", "Alert"]),
];

const STYLE: &str = "
:root { color-scheme: light; --primary: #00b3ec; --panel: #ffffff; --border: #d8d8d8; --quiet: #737373;
  --text: #1a1a1a; --back: #eef0f4; --table: #f6f7f9; --good: #27ae60; --bad: #bc3b1d }
:root.dark { color-scheme: dark; --primary: #009ccc; --panel: #1a1a1a; --border: #737373; --quiet: #d8d8d8;
  --text: #ffffff; --back: #32324b; --table: #32324b; --good: #78cc9c; --bad: #d58572 }
* { box-sizing: border-box }
body { margin: 0; font: 14px/1.5 system-ui, sans-serif; color: var(--text); background: var(--back); min-width: 900px }
.css-9bar { height: 60px; display: flex; align-items: center; padding: 0 24px; gap: 16px }
.css-9bar strong { font-size: 20px }
.css-4row { display: flex; min-height: calc(100vh - 60px) }
.css-2nav { width: 200px; flex: none }
.css-2nav a { display: flex; align-items: center; height: 36px; padding: 0 24px; color: var(--quiet);
  text-decoration: none; text-transform: uppercase; font-size: 12px; font-weight: 600; letter-spacing: 1px }
.css-2nav a.selected, .css-2nav a:hover { color: var(--primary); background: rgba(0,179,236,.1) }
.css-7main { flex: 1; background: var(--panel); border-radius: 10px 0 0 0; padding: 24px; overflow: auto }
table { border-collapse: collapse; width: 100% }
th { text-align: left; background: var(--table); font-size: 12px; padding: 8px 12px }
td { border-bottom: 1px solid var(--border); padding: 8px 12px; vertical-align: top }
.ready { color: var(--good) } .not-ready { color: var(--bad) }
";

const SCRIPT: &str = "
const dark = () => localStorage.mode === 'dark' || (localStorage.mode !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
const paint = () => document.documentElement.classList.toggle('dark', dark());
addEventListener('storage', paint); matchMedia('(prefers-color-scheme: dark)').addEventListener('change', paint); paint();
";

const SYNC: &str = "
document.getElementById('sync').addEventListener('click', async ({ target }) => {
  const said = document.getElementById('said');
  said.textContent = 'Syncing…';
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch('/v1/sync', { method: 'POST', headers, body: target.dataset.body });
  said.textContent = answer.ok ? 'Sync request successful' : 'Sync failed';
});
";

/// What comes before everything that the page shows.
fn opening() -> String {
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Weave GitOps</title>\
         <style>{STYLE}</style><script>{SCRIPT}</script>"
    )
}

/// The page for someone who is not signed in.
pub(super) fn sign_in() -> String {
    let form = "<div id=\"app\"><header class=\"css-9bar\"><strong>Weave GitOps</strong></header>\
        <main class=\"css-7main\"><form id=\"sign-in\"><p>This is the lab's dashboard: any user and password will do.</p>\
        <p><label>Username <input name=\"username\" value=\"admin\" autocomplete=\"username\" required></label></p>\
        <p><label>Password <input name=\"password\" type=\"password\" autocomplete=\"current-password\" required></label></p>\
        <p><button>Continue</button></p></form></main></div>";
    let script =
        "<script>document.getElementById('sign-in').addEventListener('submit', async (event) => {
        event.preventDefault();
        const body = JSON.stringify(Object.fromEntries(new FormData(event.target)));
        const headers = { 'content-type': 'application/json' };
        const answer = await fetch('/oauth2/sign_in', { method: 'POST', headers, body });
        if (answer.ok) location.reload();
      })</script></html>";
    format!("{}{form}{script}", opening())
}

/// The kinds with pages of their own, by their route.
const PAGES: [(&str, &str); 9] = [
    ("kustomization", "Kustomization"),
    ("helm_release", "HelmRelease"),
    ("git_repo", "GitRepository"),
    ("helm_repo", "HelmRepository"),
    ("helm_chart", "HelmChart"),
    ("oci", "OCIRepository"),
    ("image_repo", "ImageRepository"),
    ("image_policy", "ImagePolicy"),
    ("image_update", "ImageUpdateAutomation"),
];

/// The kind whose pages a route leads to.
pub(super) fn kind_of(route: &str) -> Option<String> {
    let found = PAGES.iter().find(|(page, _)| *page == route);
    found.map(|(_, kind)| (*kind).to_owned())
}

/// What comes before the content: the bar and the navigation.
fn frame(view: &str, label: &str) -> String {
    let mut page = opening();
    push(
        &mut page,
        format_args!(
            "<div id=\"app\"><header class=\"css-9bar\"><strong>Weave GitOps</strong><span>{}</span></header>\
             <div class=\"css-4row\"><nav class=\"css-2nav\"><div role=\"tablist\" aria-orientation=\"vertical\" class=\"css-3tabs\">",
            escape(label)
        ),
    );
    for (path, name, _) in VIEWS {
        let selected = if path == view { " selected" } else { "" };
        push(
            &mut page,
            format_args!(
                "<a class=\"css-5item link-flex{selected}\" role=\"tab\" href=\"/{path}\"><span>{name}</span></a>"
            ),
        );
    }
    page.push_str("</div></nav><main class=\"css-7main\">");
    page
}

/// The page of one object, with its Sync button.
pub(super) fn details(view: &str, asked: &Asked, found: Option<&(Object, Key)>) -> String {
    let mut page = frame(view, &asked.kind);
    push(&mut page, format_args!("<h1>{}</h1>", escape(&asked.name)));
    let Some((object, _)) = found else {
        page.push_str("<p>There is no such object.</p></main></div></div></html>");
        return page;
    };
    let (class, word, message) = status(object);
    let sync = json!({"withSource": true, "objects": [{
        "kind": asked.kind, "name": asked.name, "namespace": asked.namespace,
        "clusterName": asked.cluster,
    }]});
    push(
        &mut page,
        format_args!(
            "<p class=\"{class}\">{word}</p><p>{}</p><p><button id=\"sync\" data-body=\"{}\">Sync</button> <span id=\"said\"></span></p>\
             <table><tr><th>Kind</th><td>{}</td></tr><tr><th>Namespace</th><td>{}</td></tr><tr><th>Cluster</th><td>{}</td></tr></table>\
             <script>{SYNC}</script></main></div></div></html>",
            escape(message),
            escape(&sync.to_string()),
            escape(&asked.kind),
            escape(&asked.namespace),
            escape(&asked.cluster)
        ),
    );
    page
}

/// The page, showing one view.
pub(super) fn render(view: &str, clusters: &Clusters) -> String {
    let chosen = VIEWS.iter().find(|(address, ..)| *address == view);
    let (address, label, kinds) = *chosen.unwrap_or(&VIEWS[0]);
    let mut page = frame(address, label);
    page.push_str("<table><tr><th>Name</th><th>Kind</th><th>Namespace</th><th>Cluster</th><th>Status</th><th>Message</th></tr>");
    for kind in kinds.iter().filter_map(|kind| Kind::named(kind)) {
        for (cluster, store) in clusters {
            for (key, object) in store.list(kind, None).1 {
                let (class, word, message) = status(&object);
                push(
                    &mut page,
                    format_args!(
                        "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td class=\"{class}\">{word}</td><td>{}</td></tr>",
                        escape(&key.name),
                        kind.kind,
                        escape(&key.namespace),
                        escape(cluster),
                        escape(message)
                    ),
                );
            }
        }
    }
    page.push_str("</table></main></div></div></html>");
    page
}

fn push(page: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = page.write_fmt(text);
}

/// As the original says it: without regard to `observedGeneration` or `Stalled`.
fn status(object: &Value) -> (&'static str, &'static str, &str) {
    let conditions = object["status"]["conditions"].as_array();
    let told = ["Ready", "Available"].into_iter().find_map(|name| {
        let mut found = conditions.into_iter().flatten();
        found.find(|condition| condition["type"] == name)
    });
    let Some(told) = told else {
        return ("", "", "");
    };
    let message = told["message"].as_str().unwrap_or_default();
    match told["status"].as_str() {
        Some("True") => ("ready", "Ready", message),
        _ if told["reason"] == "Progressing" => ("", "Reconciling", message),
        _ => ("not-ready", "Not Ready", message),
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_navigation_is_where_weave_gitops_has_it() {
        let page = render("sources", &Vec::new());
        assert!(page.contains("<div role=\"tablist\" aria-orientation=\"vertical\""));
        assert!(page.contains("link-flex selected\" role=\"tab\" href=\"/sources\""));
        assert!(!page.contains("<head>") && !page.contains("</body>"));
    }
}
