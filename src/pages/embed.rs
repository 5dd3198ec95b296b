//! The lane without chrome, for a frame.

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use model::pipeline::PipelineName;
use model::wire::Board;
use stylers_macro::style_sheet;

use crate::components::{Lane, Notice, Says};
use crate::state::use_board;

/// The embed page.
#[component]
pub fn EmbedPage() -> impl IntoView {
    let class = style_sheet!("style/embed.css");
    let params = use_params_map();
    let name = Memo::new(move |_| {
        params.with(|params| PipelineName {
            namespace: params.get("namespace").unwrap_or_default(),
            name: params.get("name").unwrap_or_default(),
        })
    });
    move || {
        let held = use_board(&name.get());
        let there = Memo::new(move |_| held.board.with(Option::is_some));
        let first = move || held.board.get_untracked();
        view! { class=class,
            <main class="frame">
                {move || if there.get() {
                    first().map(|first: Board| {
                        let board = Signal::derive(move || held.board.get().unwrap_or_else(|| first.clone()));
                        view! { <Says board=board/><Lane board=board/> }
                    }).into_any()
                } else {
                    held.failure.get().map(|failure| view! { <Notice sentence=failure.sentence()/> }).into_any()
                }}
            </main>
        }
    }
}
