//! The way on where a promotion never came: the run that should have opened it, and opening it oneself.

use leptos::prelude::*;
use model::api::{Promote, Promoted};
use model::gate::Gate;
use model::pipeline::PipelineName;
use stylers_macro::style_sheet;

use crate::api;
use crate::held::{Held, spawn};
use crate::seam::{flag, part, tap};
use crate::state::session::{framed, sign_in_href};
use crate::state::{Live, SessionState};

/// How the order to open it stands.
#[derive(Clone, Copy)]
pub struct Order {
    busy: Held<bool>,
    said: Held<String>,
}

impl Order {
    /// None has been given.
    pub fn new() -> Self {
        Self {
            busy: Held::new(false),
            said: Held::new(String::new()),
        }
    }
}

/// Offers to open the pull request of the release that waits before a gate.
#[component]
pub fn Lost(pipeline: PipelineName, gate: Gate, order: Order) -> impl IntoView {
    let class = style_sheet!("style/lost.css");
    let session = expect_context::<SessionState>();
    let live = expect_context::<Live>();
    let Order { busy, said } = order;
    let path = format!(
        "api/v1/pipelines/{}/{}/environments/{}/dispatch",
        pipeline.namespace, pipeline.name, gate.to
    );
    let desired = gate.release.map(|release| Promote { release });
    let open = move || {
        let (Some(desired), path, csrf) = (desired.clone(), path.clone(), session.csrf()) else {
            return;
        };
        busy.set(true);
        spawn(async move {
            let answer = api::send::<Promoted>("POST", &path, csrf.as_deref(), &desired).await;
            busy.set(false);
            said.set(match answer {
                Ok(promoted) => promoted.sentence,
                Err(failure) => failure.sentence(),
            });
        });
    };
    view! { class=class,
        {gate.run.map(|run| view! { class=class, <a class="run" href=run target="_blank" rel="noopener">"See the run"</a> })}
        {part(move || if session.login().is_some() {
            let open = open.clone();
            view! { class=class,
                <button type="button" class="open" data-testid="open-promotion" disabled=flag(move || *busy.get() || !live.fresh()) on:click=tap(open)>
                    {part(move || if *busy.get() { "Working…" } else { "Open it now" })}
                </button>
            }.into_any()
        } else {
            view! { class=class, <a class="run" href=sign_in_href() rel="external" target=framed().then_some("weft-sign-in")>"Sign in to open it"</a> }.into_any()
        })}
        <p class="said" role="status">{part(move || said.value())}</p>
    }
}
