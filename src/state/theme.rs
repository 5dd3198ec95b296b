//! Light or dark, shared with the dashboard through `localStorage.mode`.

use leptos::ev;
use leptos::prelude::*;

use crate::held::{Held, watch};

/// The theme, shared.
#[derive(Clone, Copy)]
pub struct Theme {
    dark: Held<bool>,
}

impl Theme {
    /// Whether it is dark.
    pub fn dark(self) -> bool {
        *self.dark.get()
    }

    /// Changes to the other one and remembers it.
    pub fn toggle(self) {
        let dark = !*self.dark.peek();
        self.dark.set(dark);
        if let Ok(Some(storage)) = window().local_storage() {
            // A browser that forbids storage still shows the theme, only not next time.
            storage
                .set_item("mode", if dark { "dark" } else { "light" })
                .ok();
        }
    }
}

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

/// Provides the theme and keeps the page's root in step with it.
pub fn provide_theme() {
    let theme = Theme {
        dark: Held::new(preferred()),
    };
    provide_context(theme);
    window_event_listener(ev::storage, move |event| {
        if event.key().as_deref() == Some("mode") {
            theme.dark.set(preferred());
        }
    });
    watch(move || {
        let name = if theme.dark() { "dark" } else { "light" };
        if let Some(root) = document().document_element() {
            root.set_attribute("data-theme", name).ok();
        }
    });
}
