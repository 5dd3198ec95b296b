//! Light or dark, shared with the dashboard through `localStorage.mode`.

use leptos::ev;
use leptos::prelude::*;

use crate::erased::{ErasedSignal, effect};

/// The theme, as a context.
#[derive(Clone, Copy)]
pub struct Theme {
    dark: ErasedSignal<bool>,
}

impl Theme {
    /// Whether the theme is dark; subscribes the current reactive scope.
    pub fn dark(self) -> bool {
        self.dark.get()
    }

    /// Switches to the other theme and stores the choice.
    pub fn toggle(self) {
        let dark = !self.dark.get_untracked();
        self.dark.set(dark);
        if let Ok(Some(storage)) = window().local_storage() {
            // Where the browser forbids storage, the choice lasts until the page is closed.
            storage
                .set_item("mode", if dark { "dark" } else { "light" })
                .ok();
        }
    }
}

/// The stored choice, or else the preference of the browser.
fn preferred() -> bool {
    let stored = window()
        .local_storage()
        .ok()
        .flatten()
        .and_then(|storage| storage.get_item("mode").ok().flatten());
    match stored.as_deref() {
        Some("dark") => true,
        Some("light") => false,
        _ => window()
            .match_media("(prefers-color-scheme: dark)")
            .ok()
            .flatten()
            .is_some_and(|query| query.matches()),
    }
}

/// Provides the theme and mirrors it in `data-theme` of the root element.
pub fn provide_theme() {
    let theme = Theme {
        dark: ErasedSignal::new(preferred()),
    };
    provide_context(theme);
    window_event_listener(ev::storage, move |event| {
        if event.key().as_deref() == Some("mode") {
            theme.dark.set(preferred());
        }
    });
    effect(move || {
        let name = if theme.dark() { "dark" } else { "light" };
        if let Some(root) = document().document_element() {
            root.set_attribute("data-theme", name).ok();
        }
    });
}
