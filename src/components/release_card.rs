//! A release on its own colour, with ink that is readable on it.

use leptos::prelude::*;
use model::Release;
use stylers_macro::style_sheet;

use crate::format::release_summary;

/// A release, as one side of a change.
#[component]
pub fn ReleaseCard(
    /// The line over the version, such as `uat serves`.
    label: String,
    release: Release,
) -> impl IntoView {
    let class = style_sheet!("style/release_card.css");
    let background = release
        .colour
        .map_or_else(|| "var(--none)".to_owned(), |colour| colour.to_string());
    let ink = release
        .colour
        .map_or_else(|| "#ffffff".to_owned(), |colour| colour.ink().to_string());
    view! { class=class,
        <div class="release" style:background-color=background style:color=ink>
            <small class="small">{label}</small>
            <b class="version">{release.label()}</b>
            <small class="small">{release_summary(&release)}</small>
        </div>
    }
}
