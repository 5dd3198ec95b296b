//! A gate whose promotion never came: the workflow run that should have opened it, and a button that opens it.

use crate::data::Gate;
use leptos::prelude::*;
use model::api::{Promote, Promoted};
use model::pipeline::PipelineName;
use stylers_macro::style_sheet;

use crate::api;
use crate::erased::{ErasedSignal, spawn_local};
use crate::state::session::{is_framed, sign_in_href};
use crate::state::{Live, SessionState};
use crate::view_ext::{bool_signal, dynamic, on_click};

/// The state of the request that opens the promotion.
#[derive(Clone, Copy, Default)]
pub struct PromoteRequest {
    busy: ErasedSignal<bool>,
    /// The answer or the error, as a sentence; empty before any.
    message: ErasedSignal<String>,
}

/// Offers to open the pull request of the release that waits before a gate.
#[component]
pub fn LostPromotion(pipeline: PipelineName, gate: Gate, request: PromoteRequest) -> impl IntoView {
    let class = style_sheet!("style/lost_promotion.css");
    let session = expect_context::<SessionState>();
    let live = expect_context::<Live>();
    let PromoteRequest { busy, message } = request;
    let path = format!(
        "api/v1/pipelines/{pipeline}/environments/{}/dispatch",
        gate.to
    );
    let body = gate.release.map(|release| Promote { release });
    let open = move || {
        let (Some(body), path, csrf) = (body.clone(), path.clone(), session.csrf()) else {
            return;
        };
        busy.set(true);
        spawn_local(async move {
            let answer = api::send::<Promoted>("POST", &path, csrf.as_deref(), &body).await;
            busy.set(false);
            message.set(match answer {
                Ok(promoted) => promoted.sentence,
                Err(error) => error.sentence(),
            });
        });
    };
    view! { class=class,
        {gate
            .run
            .map(|run| {
                view! { class=class,
                    <a class="run" href=run target="_blank" rel="noopener">
                        "See the run"
                    </a>
                }
            })}
        {dynamic(move || {
            if session.login().is_some() {
                let open = open.clone();
                view! { class=class,
                    <button
                        type="button"
                        class="open"
                        data-testid="open-promotion"
                        disabled=bool_signal(move || busy.get() || !live.fresh())
                        on:click=on_click(open)
                    >
                        {dynamic(move || if busy.get() { "Working…" } else { "Open it now" })}
                    </button>
                }
                    .into_any()
            } else {
                view! { class=class,
                    <a
                        class="run"
                        href=sign_in_href()
                        rel="external"
                        target=is_framed().then_some("weft-sign-in")
                    >
                        "Sign in to open it"
                    </a>
                }
                    .into_any()
            }
        })}
        <p class="message" role="status">
            {dynamic(move || message.get())}
        </p>
    }
}
