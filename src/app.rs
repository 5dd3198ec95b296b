//! Routes and providers.

use leptos::prelude::*;
use leptos_router::components::{Route, Router, Routes};
use leptos_router::path;

use crate::pages::{BoardPage, EmbedPage, NotFoundPage, PipelinePage, PromotionPage};
use crate::state::{provide_clock, provide_live, provide_session, provide_theme};

/// Mounts the app in place of the static shell.
pub fn start() {
    if let Some(shell) = document().get_element_by_id("shell") {
        shell.remove();
    }
    mount_to_body(App);
}

/// The base path that the page was served under, without the slash at its end.
fn base() -> String {
    let uri = document().base_uri().ok().flatten().unwrap_or_default();
    let path = uri
        .split_once("://")
        .and_then(|(_, rest)| rest.find('/').map(|at| rest[at..].to_owned()));
    path.map_or_else(String::new, |path| {
        path.split(['?', '#'])
            .next()
            .unwrap_or_default()
            .trim_end_matches('/')
            .to_owned()
    })
}

#[component]
fn App() -> impl IntoView {
    let clock = provide_clock();
    provide_live(clock);
    provide_session();
    provide_theme();
    view! {
        <Router base=base()>
            <Routes fallback=NotFoundPage>
                <Route path=path!("") view=BoardPage/>
                <Route path=path!("p/:namespace/:name") view=PipelinePage/>
                <Route path=path!("pr/:owner/:repo/:number") view=PromotionPage/>
                <Route path=path!("embed/p/:namespace/:name") view=EmbedPage/>
            </Routes>
        </Router>
    }
}
