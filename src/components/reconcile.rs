//! Having Flux look at an environment now, and what else does the same where Weft may not.

use gloo_timers::future::TimeoutFuture;
use leptos::prelude::*;
use model::api::object::{OrderState, Reconcile};
use stylers_macro::style_sheet;

use super::lane::Place;
use crate::api::{self, Failure};
use crate::held::{Held, spawn, watch};
use crate::seam::{flag, part, tap};
use crate::state::{Clock, Live, SessionState};
use crate::words::ago;

/// How often an order that is under way is looked at.
const LOOK_MS: u32 = 700;

/// The offer, and how the last order goes.
#[derive(Clone, Copy)]
struct Offer {
    path: Held<String>,
    held: Held<Option<Reconcile>>,
    busy: Held<bool>,
    trouble: Held<String>,
}

fn is_running(now: &Reconcile) -> bool {
    let order = now.order.as_ref();
    order.is_some_and(|order| order.state == OrderState::Running)
}

impl Offer {
    /// Whether the answer says that an order is under way.
    fn show(self, answer: Result<Reconcile, Failure>) -> bool {
        match answer {
            Ok(now) => {
                let running = is_running(&now);
                self.trouble.set(String::new());
                self.held.set(Some(now));
                running
            }
            Err(failure) => {
                self.trouble.set(failure.sentence());
                false
            }
        }
    }

    /// Reads how it stands, again and again while an order is under way; gives it first, where `order` has
    /// the token for that.
    fn follow(self, order: Option<Option<String>>) {
        let path = self.path.value();
        self.busy.set(order.is_some());
        spawn(async move {
            let mut first = order;
            loop {
                let answer = match first.take() {
                    Some(csrf) => api::send("POST", &path, csrf.as_deref(), &()).await,
                    None => api::get(&path).await,
                };
                if self.busy.gone() {
                    return;
                }
                self.busy.set(false);
                if !self.show(answer) {
                    return;
                }
                TimeoutFuture::new(LOOK_MS).await;
            }
        });
    }
}

/// The offer at the foot of an environment's evidence.
#[component]
pub fn ReconcileNow(place: Place, of: String) -> impl IntoView {
    let class = style_sheet!("style/reconcile.css");
    let session = expect_context::<SessionState>();
    let live = expect_context::<Live>();
    let clock = expect_context::<Clock>();
    let path = place.api(&of).map(|path| format!("{path}/reconcile"));
    let offer = Offer {
        path: Held::new(path.unwrap_or_default()),
        held: Held::new(None),
        busy: Held::new(false),
        trouble: Held::new(String::new()),
    };
    // Who is signed in decides whether it may be ordered.
    watch(move || {
        session.login();
        untrack(|| offer.follow(None));
    });
    let off = flag(move || {
        *offer.busy.get() || !live.fresh() || offer.held.map(is_running) == Some(true)
    });
    let offered = move || {
        let held = offer.held.get();
        let now = held.as_ref().as_ref()?;
        let (why, command) = (now.permit.why.clone(), now.command.clone());
        Some(match why.filter(|_| !is_running(now)) {
            None => view! { class=class,
                <button type="button" class="now" data-testid="reconcile" disabled=off
                    on:click=tap(move || offer.follow(Some(session.csrf())))>"Reconcile now"</button>
            }.into_any(),
            Some(why) => view! { class=class,
                <p class="why">{why}</p>
                <details>
                    <summary class="tap">"From a terminal"</summary>
                    <code class="command" data-testid="command">{command}</code>
                </details>
            }.into_any(),
        })
    };
    let said = move || {
        let trouble = offer.trouble.value();
        let order = offer
            .held
            .map(|now| now.order.as_ref().map(|order| order.sentence.clone()));
        if trouble.is_empty() {
            order.flatten().unwrap_or_default()
        } else {
            trouble
        }
    };
    // Beside what is said aloud, since it changes each second.
    let when = move || {
        let order = offer.held.map(|now| now.order.clone()).flatten();
        order.map(|order| format!("@{}, {}", order.who, ago(Some(order.at), clock.now())))
    };
    view! { class=class,
        <div class="reconcile">
            {part(offered)}
            <p class="said" role="status" data-testid="reconcile-status">{part(said)}</p>
            <p class="why">{part(when)}</p>
        </div>
    }
}
