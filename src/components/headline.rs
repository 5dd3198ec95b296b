//! The headline over a board, with the actions that fit.

use crate::data::Board;
use leptos::prelude::*;
use stylers_macro::style_sheet;

use super::gate::card_href;
use crate::erased::ErasedSignal;
use crate::format::tone_class;
use crate::state::SessionState;
use crate::view_ext::{class_signal, dynamic};

/// The headline, and a link to the promotion that waits for people.
#[component]
pub fn HeadlineBar(board: ErasedSignal<Option<Board>>) -> impl IntoView {
    let class = style_sheet!("style/headline.css");
    let session = expect_context::<SessionState>();
    // The last one waits nearest to production.
    let gate = move || {
        board.with(|board| {
            let mut gates = board.as_ref()?.gates.iter().rev();
            gates.find(|gate| gate.state.waits_for_people()).cloned()
        })
    };
    // The environment whose promotion waits for the viewer's review.
    let waits_for_me = move || {
        let gate = gate()?;
        let requested = &gate.promotion.as_ref()?.requested;
        session.is_among(requested).then(|| gate.to.to_string())
    };
    let headline = move || board.map(|board| board.headline.clone());
    view! { class=class,
        <div
            class=class_signal(
                class,
                move || {
                    format!("bar {}", headline().map_or("", |headline| tone_class(headline.tone)))
                },
            )
            data-testid="headline"
            role="status"
        >
            <p class="words">
                <b>{dynamic(move || waits_for_me().map(|to| format!("{to} waits for you. ")))}</b>
                {dynamic(move || headline().map(|headline| headline.sentence))}
            </p>
            {dynamic(move || {
                gate()
                    .as_ref()
                    .and_then(card_href)
                    .map(|href| {
                        view! { class=class,
                            <div class="actions">
                                {if waits_for_me().is_some() {
                                    view! { class=class,
                                        <a class="button solid" href=href>
                                            "Review and approve"
                                        </a>
                                    }
                                } else {
                                    view! { class=class,
                                        <a class="button" href=href>
                                            "See what changes"
                                        </a>
                                    }
                                }}
                            </div>
                        }
                    })
            })}
        </div>
    }
}
