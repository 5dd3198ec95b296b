//! An error with a way on, and the voice for those who listen.

use leptos::prelude::*;
use stylers_macro::style_sheet;

/// A sentence about trouble.
#[component]
pub fn Notice(
    /// What went wrong and what to do.
    sentence: String,
) -> impl IntoView {
    let class = style_sheet!("style/notice.css");
    view! { class=class, <p class="notice" role="alert">{sentence}</p> }
}

/// Says changes aloud, politely.
#[component]
pub fn Announcer(
    /// What to say; each new text is said once.
    says: Signal<String>,
) -> impl IntoView {
    let class = style_sheet!("style/announcer.css");
    view! { class=class, <p class="voice" aria-live="polite">{says}</p> }
}
