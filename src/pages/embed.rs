//! A pipeline's environments without header and record, for a frame.

use leptos::prelude::*;
use model::pipeline::PipelineName;
use stylers_macro::style_sheet;

use crate::components::{Alert, HeadlineBar, PipelineRow};
use crate::erased::memo;
use crate::state::use_board;
use crate::view_ext::dynamic;

/// The embed page.
#[component]
pub fn EmbedPage(name: PipelineName) -> impl IntoView {
    let class = style_sheet!("style/embed.css");
    let live = use_board(&name);
    let loaded = memo(move || live.board.map(|_| "loaded").unwrap_or_default().to_owned());
    view! { class=class,
        <main class="frame">
            <h1 class="hidden">{name.to_string()}</h1>
            {dynamic(move || {
                if loaded.get().is_empty() {
                    live.error.map(|error| view! { <Alert sentence=error.sentence() /> }).into_any()
                } else {
                    view! {
                        <HeadlineBar board=live.board />
                        <PipelineRow board=live.board />
                    }
                        .into_any()
                }
            })}
        </main>
    }
}
