//! The lane without chrome, for a frame.

use leptos::prelude::*;
use model::pipeline::PipelineName;
use model::wire::Board;
use stylers_macro::style_sheet;

use crate::components::{Lane, Notice, Says};
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
    let there = Memo::new(move |_| held.board.with(Option::is_some));
    let first = move || held.board.get_untracked();
    view! { class=class,
            <main class="frame">
                <h1 class="hidden">{name.to_string()}</h1>
                {part(move || if there.get() {
                    first().map(|first: Board| {
                        let board = Signal::derive(move || held.board.get().unwrap_or_else(|| first.clone()));
                        view! { <Says board=board/><Lane board=board/> }
                    }).into_any()
                } else {
                    held.failure.get().map(|failure| view! { <Notice sentence=failure.sentence()/> }).into_any()
                })}
            </main>
    }
}
