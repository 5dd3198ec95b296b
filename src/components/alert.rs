//! An error message, and announcements for screen readers.

use leptos::prelude::*;
use stylers_macro::style_sheet;

/// An error message.
#[component]
pub fn Alert(
    /// What went wrong and what to do next.
    sentence: String,
) -> impl IntoView {
    let class = style_sheet!("style/alert.css");
    view! { class=class,
        <p class="alert" role="alert">
            {sentence}
        </p>
    }
}

/// A polite live region.
#[component]
pub fn Announcer(
    /// The text; screen readers announce it whenever it changes.
    text: Signal<String>,
) -> impl IntoView {
    let class = style_sheet!("style/announcer.css");
    view! { class=class,
        <p class="voice" aria-live="polite">
            {text}
        </p>
    }
}
