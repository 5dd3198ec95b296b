//! The page of unknown addresses.

use leptos::prelude::*;
use stylers_macro::style_sheet;

use crate::components::Header;

/// The not-found page.
#[component]
pub fn NotFoundPage() -> impl IntoView {
    let class = style_sheet!("style/not_found.css");
    view! { class=class,
        <Header crumbs=vec!["nothing here".to_owned()] />
        <main class="page">
            <h1 class="title">"Nothing is here"</h1>
            <p>"The address leads nowhere. "<a href="./">"All pipelines"</a></p>
        </main>
    }
}
