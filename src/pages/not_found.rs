//! Nothing is here; the way back is.

use leptos::prelude::*;
use stylers_macro::style_sheet;

use crate::components::Header;

/// The page for addresses that lead nowhere.
#[component]
pub fn NotFoundPage() -> impl IntoView {
    let class = style_sheet!("style/plain.css");
    view! { class=class,
        <Header crumbs=vec!["nothing here".to_owned()]/>
        <main class="page"><h1 class="title">"Nothing is here"</h1><p>"The address leads nowhere. "<a href="./">"All pipelines"</a></p></main>
    }
}
