//! The lane without chrome, for a frame.

use leptos::prelude::*;
use model::pipeline::PipelineName;
use stylers_macro::style_sheet;

use crate::components::{Lane, Notice, Says};
use crate::held::settled;
use crate::seam::part;
use crate::state::use_board;

/// The embed page.
#[component]
pub fn EmbedPage(
    /// The pipeline.
    name: PipelineName,
) -> impl IntoView {
    let class = style_sheet!("style/embed.css");
    let held = use_board(&name);
    let there = settled(move || held.board.map(|_| "there").unwrap_or_default().to_owned());
    view! { class=class,
            <main class="frame">
                <h1 class="hidden">{name.to_string()}</h1>
                {part(move || if there.get().is_empty() {
                    held.failure.map(|failure| view! { <Notice sentence=failure.sentence()/> }).into_any()
                } else {
                    view! { <Says board=held.board/><Lane board=held.board/> }.into_any()
                })}
            </main>
    }
}
