//! Reconciling an environment now, or the command for it where Weft may not.

use crate::data::Reconcile;
use gloo_timers::future::TimeoutFuture;
use leptos::prelude::*;
use model::api::object::ReconcileState;
use stylers_macro::style_sheet;

use crate::api::{self, ApiError};
use crate::erased::{ErasedSignal, effect, spawn_local};
use crate::format::ago;
use crate::state::{Clock, EnvironmentSignal, Live, SessionState};
use crate::view_ext::{bool_signal, dynamic, on_click};

/// The interval at which a running request is read, in milliseconds.
const POLL_INTERVAL: u32 = 700;

/// Whether the viewer may reconcile, and how the last request goes.
#[derive(Clone, Copy, Default)]
struct Reconciliation {
    path: ErasedSignal<String>,
    status: ErasedSignal<Option<Reconcile>>,
    busy: ErasedSignal<bool>,
    /// The message of the last error; empty where there is none.
    error: ErasedSignal<String>,
}

fn is_running(status: &Reconcile) -> bool {
    let order = status.order.as_ref();
    order.is_some_and(|order| order.state == ReconcileState::Running)
}

impl Reconciliation {
    /// Takes an answer; returns whether a request is running.
    fn update(self, answer: Result<Reconcile, ApiError>) -> bool {
        match answer {
            Ok(status) => {
                let running = is_running(&status);
                self.error.set(String::new());
                self.status.set(Some(status));
                running
            }
            Err(error) => {
                self.error.set(error.sentence());
                false
            }
        }
    }

    /// Reads the status, and again while a request is running. The first call is the request itself where
    /// its CSRF token is given.
    fn poll(self, mut request: Option<Option<String>>) {
        let path = self.path.get();
        self.busy.set(request.is_some());
        spawn_local(async move {
            loop {
                let answer = match request.take() {
                    Some(csrf) => api::send("POST", &path, csrf.as_deref(), &()).await,
                    None => api::get(&path).await,
                };
                if self.busy.is_disposed() {
                    return;
                }
                self.busy.set(false);
                if !self.update(answer) {
                    return;
                }
                TimeoutFuture::new(POLL_INTERVAL).await;
            }
        });
    }
}

/// The button at the foot of an environment's evidence.
#[component]
pub fn ReconcileNow(
    environment: EnvironmentSignal,
    /// The name of the environment.
    name: String,
) -> impl IntoView {
    let class = style_sheet!("style/reconcile.css");
    let session = expect_context::<SessionState>();
    let live = expect_context::<Live>();
    let clock = expect_context::<Clock>();
    let path = environment
        .api_path(&name)
        .map(|path| format!("{path}/reconcile"));
    let reconciliation = Reconciliation {
        path: ErasedSignal::new(path.unwrap_or_default()),
        ..Reconciliation::default()
    };
    // The permission depends on who is signed in.
    effect(move || {
        session.login();
        untrack(|| reconciliation.poll(None));
    });
    let disabled = bool_signal(move || {
        reconciliation.busy.get()
            || !live.fresh()
            || reconciliation.status.map(is_running) == Some(true)
    });
    let action = move || {
        let status = reconciliation.status.read();
        let status = (*status).as_ref()?;
        let (why, command) = (status.permission.why.clone(), status.command.clone());
        Some(match why.filter(|_| !is_running(status)) {
            None => view! { class=class,
                <button
                    type="button"
                    class="now"
                    data-testid="reconcile"
                    disabled=disabled
                    on:click=on_click(move || reconciliation.poll(Some(session.csrf())))
                >
                    "Reconcile now"
                </button>
            }
            .into_any(),
            Some(why) => view! { class=class,
                <p class="why">{why}</p>
                <details>
                    <summary class="summary">"From a terminal"</summary>
                    <code class="command" data-testid="command">
                        {command}
                    </code>
                </details>
            }
            .into_any(),
        })
    };
    let last_request = move || {
        reconciliation
            .status
            .map(|status| status.order.clone())
            .flatten()
    };
    let message = move || {
        let error = reconciliation.error.get();
        if error.is_empty() {
            last_request()
                .map(|request| request.sentence)
                .unwrap_or_default()
        } else {
            error
        }
    };
    // Outside of the live region, since it changes every second.
    let when = move || {
        last_request()
            .map(|request| format!("@{}, {}", request.who, ago(Some(request.at), clock.now())))
    };
    view! { class=class,
        <div class="reconcile">
            {dynamic(action)} <p class="status" role="status" data-testid="reconcile-status">
                {dynamic(message)}
            </p> <p class="why">{dynamic(when)}</p>
        </div>
    }
}
