//! The one sentence over a board, with the actions that fit.

use leptos::prelude::*;
use model::api::Board;
use stylers_macro::style_sheet;

use super::gate::card_href;
use crate::held::Held;
use crate::seam::{looks, part};
use crate::state::SessionState;
use crate::words::tone;

/// The sentence bar.
#[component]
pub fn Says(board: Held<Option<Board>>) -> impl IntoView {
    let class = style_sheet!("style/says.css");
    let session = expect_context::<SessionState>();
    let gate = move || {
        let board = board.get();
        let gates = board.as_ref().as_ref()?.gates.iter().rev();
        gates.clone().find(|gate| gate.waits_for_people()).cloned()
    };
    let mine = move || {
        let login = session.login()?;
        let gate = gate()?;
        let asked = gate
            .promotion
            .as_ref()
            .is_some_and(|promotion| promotion.requested.contains(&login));
        asked.then(|| gate.to.to_string())
    };
    let headline = move || board.map(|board| board.headline.clone());
    view! { class=class,
        <div
            class=looks(class, move || format!("bar {}", headline().map_or("", |headline| tone(headline.tone))))
            data-testid="says"
            role="status"
        >
            <p class="words"><b>{part(move || mine().map(|to| format!("{to} waits for you. ")))}</b>{part(move || headline().map(|headline| headline.sentence))}</p>
            {part(move || gate().as_ref().and_then(card_href).map(|href| view! { class=class,
                <div class="actions">{if mine().is_some() {
                    view! { class=class, <a class="button solid" href=href>"Review and approve"</a> }
                } else {
                    view! { class=class, <a class="button" href=href>"See what changes"</a> }
                }}</div>
            }))}
        </div>
    }
}
