//! One side of a change: a release in its colour, with readable ink.

use leptos::prelude::*;
use model::Release;
use stylers_macro::style_sheet;

use crate::words::about;

/// One side of a change.
#[component]
pub fn Side(
    /// What the release is here, such as `uat serves`.
    label: String,
    /// It.
    release: Release,
) -> impl IntoView {
    let class = style_sheet!("style/side.css");
    let background = release
        .colour
        .map_or_else(|| "var(--none)".to_owned(), |colour| colour.to_string());
    let ink = release
        .colour
        .map_or_else(|| "#ffffff".to_owned(), |colour| colour.ink().to_string());
    view! { class=class,
        <div class="side" style:background-color=background style:color=ink>
            <small class="small">{label}</small><b class="version">{release.label()}</b><small class="small">{about(&release)}</small>
        </div>
    }
}
