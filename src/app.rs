//! The root component: provides the contexts and renders the page of the route.

use leptos::prelude::*;

use crate::pages::{BoardPage, EmbedPage, NotFoundPage, PipelinePage, PromotionPage, ReleasePage};
use crate::router::{Route, provide_router};
use crate::state::{provide_clock, provide_live, provide_session, provide_theme};
use crate::view_ext::dynamic;

/// Mounts the app in place of the static shell of `index.html`.
pub fn start() {
    if let Some(shell) = document().get_element_by_id("shell") {
        shell.remove();
    }
    mount_to_body(App);
}

#[component]
fn App() -> impl IntoView {
    let clock = provide_clock();
    provide_live(clock);
    provide_session();
    provide_theme();
    let router = provide_router();
    dynamic(move || match router.route() {
        Route::Board => view! { <BoardPage /> }.into_any(),
        Route::Pipeline(name) => view! { <PipelinePage name=name /> }.into_any(),
        Route::Release(name) => view! { <ReleasePage name=name /> }.into_any(),
        Route::Promotion(at) => view! { <PromotionPage at=at /> }.into_any(),
        Route::Embed(name) => view! { <EmbedPage name=name /> }.into_any(),
        Route::NotFound => view! { <NotFoundPage /> }.into_any(),
    })
}
