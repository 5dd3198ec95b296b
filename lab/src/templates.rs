//! The pages of the lab, as templates: GitHub's, the applications' and the dashboard's.

use std::sync::LazyLock;

use axum::response::Html;
use minijinja::Environment;
use serde::Serialize;

macro_rules! templates {
    ($($name:literal)*) => {
        [$(($name, include_str!(concat!("../templates/", $name)))),*]
    };
}

static TEMPLATES: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    let templates = templates!(
        "app.html" "avatar.html" "choose.html" "commit.html" "dashboard.css" "dashboard.html"
        "dashboard.js" "dashboard_details.html" "dashboard_list.html" "dashboard_sign_in.html"
        "github.css" "github.html" "marks.html" "pull.html" "repositories.html" "repository.html"
        "run.html" "sign_in_refused.html"
    );
    for (name, source) in templates {
        let added = environment.add_template(name, source);
        added.unwrap_or_else(|error| panic!("{name}: {error:#}"));
    }
    environment
});

/// Renders a page; what is put into it is escaped. Panics when there is no such template, or it asks
/// for what the context cannot give.
pub(crate) fn render(name: &str, context: impl Serialize) -> Html<String> {
    let page = TEMPLATES.get_template(name);
    let page = page.and_then(|template| template.render(context));
    Html(page.unwrap_or_else(|error| panic!("{name}: {error:#}")))
}
