//! The diff of one file.

use leptos::prelude::*;
use stylers_macro::style_sheet;

use crate::view_ext::CollectErased;

/// The diff of one file.
#[component]
pub fn Diff(
    /// The path of the file.
    path: String,
    /// The unified diff, without the lines that name the file.
    patch: String,
) -> impl IntoView {
    let class = style_sheet!("style/diff.css");
    let lines = patch.lines().map(|text| {
        let kind = match text.as_bytes().first() {
            Some(b'+') => "a",
            Some(b'-') => "d",
            Some(b'@') => "h",
            _ => "c",
        };
        view! { class=class, <div class=kind>{text.to_owned()}</div> }
    });
    let lines = lines.collect_erased();
    view! { class=class,
        <div class="diff" tabindex="0" role="group" aria-label=path.clone()>
            <div class="h">{path.clone()}</div>
            {lines}
        </div>
    }
}
