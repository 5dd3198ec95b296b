//! The drawer of the demo: the process as numbered steps, and the faults that can be ordered.

use gloo_timers::future::TimeoutFuture;
use leptos::prelude::*;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use stylers_macro::style_sheet;

use super::alert::Alert;
use crate::api;
use crate::erased::{ErasedSignal, spawn_local};
use crate::state::SessionState;
use crate::view_ext::{CollectErased, dynamic, on_click, text_signal};

/// The answer of `GET lab/v1/state`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
struct LabState {
    steps: Vec<ScenarioStep>,
    faults: Vec<Fault>,
}

/// One step of the process.
#[derive(Clone, Debug, PartialEq, Deserialize)]
struct ScenarioStep {
    id: String,
    number: u32,
    title: String,
    watch_for: String,
    button: String,
    state: String,
    #[serde(default)]
    note: Option<String>,
    #[serde(default)]
    href: Option<String>,
}

/// A fault that the lab can play.
#[derive(Clone, Debug, PartialEq, Deserialize)]
struct Fault {
    id: String,
    title: String,
    explains: String,
    #[serde(default)]
    environments: Vec<String>,
    ordered: bool,
    #[serde(default)]
    ordered_in: Vec<String>,
}

/// The body of a request for a step or a fault.
#[derive(Serialize)]
struct LabRequest {
    environment: Option<String>,
}

/// The button that opens the drawer, and the drawer; nothing outside of the demo.
#[component]
pub fn DemoDrawer() -> impl IntoView {
    let class = style_sheet!("style/demo.css");
    let session = expect_context::<SessionState>();
    let open = ErasedSignal::new(false);
    view! { class=class,
        {dynamic(move || {
            session
                .demo()
                .then(|| {
                    view! { class=class,
                        <button
                            type="button"
                            class="toggle"
                            data-testid="demo-toggle"
                            aria-expanded=text_signal(move || open.get().to_string())
                            on:click=on_click(move || open.set(!open.get_untracked()))
                        >
                            "Demo"
                        </button>
                        {dynamic(move || open.get().then(|| view! { <Drawer open=open /> }))}
                    }
                })
        })}
    }
}

#[component]
fn Drawer(open: ErasedSignal<bool>) -> impl IntoView {
    let class = style_sheet!("style/drawer.css");
    let session = expect_context::<SessionState>();
    let state = ErasedSignal::new(None::<LabState>);
    let error = ErasedSignal::new(None::<String>);
    // The lab has no event stream: it is polled once a second while the drawer is open.
    spawn_local(async move {
        while !state.is_disposed() {
            let read = api::get::<LabState>("lab/v1/state").await;
            if state.is_disposed() {
                return;
            }
            match read {
                Ok(read) => state.set_if_changed(Some(read)),
                Err(failed) => error.set(Some(failed.sentence())),
            }
            TimeoutFuture::new(1_000).await;
        }
    });
    let send = move |method: &'static str, path: String, environment: Option<String>| {
        let csrf = session.csrf();
        spawn_local(async move {
            let body = LabRequest { environment };
            let answer = api::send::<IgnoredAny>(method, &path, csrf.as_deref(), &body).await;
            error.set(answer.err().map(|failed| failed.sentence()));
        });
    };
    let steps = move || {
        let steps = state.get().map(|state| state.steps).unwrap_or_default();
        steps.into_iter().map(|step| {
            let path = format!("lab/v1/steps/{}", step.id);
            let ready = step.state == "ready";
            let word = match step.state.as_str() {
                "done" => "✓ done",
                "running" => "… running",
                "blocked" => "not yet",
                _ => "",
            };
            let button = match step.href {
                Some(href) if ready => view! { class=class,
                    <a class="button" href=href>
                        {step.button}
                    </a>
                }.into_any(),
                _ => view! { class=class,
                    <button
                        type="button"
                        class="button"
                        disabled=!ready
                        on:click=on_click(move || send("POST", path.clone(), None))
                    >
                        {step.button}
                    </button>
                }.into_any(),
            };
            view! { class=class,
                <li
                    class=format!("step {}", step.state)
                    data-testid=format!("step-{}", step.id)
                    data-state=step.state.clone()
                >
                    <span class="number" aria-hidden="true">
                        {step.number}
                    </span>
                    <div class="text">
                        <b>{step.title}</b>
                        <p class="watch">{step.watch_for}</p>
                        {step.note.map(|note| view! { class=class, <p class="note">{note}</p> })}
                    </div>
                    <div class="actions">
                        <span class="word">{word}</span>
                        {button}
                    </div>
                </li>
            }
        }).collect_erased()
    };
    let faults = move || {
        let faults = state.get().map(|state| state.faults).unwrap_or_default();
        faults
            .into_iter()
            .map(|fault| {
                let path = format!("lab/v1/faults/{}", fault.id);
                let ordered = fault.ordered;
                let choice = ErasedSignal::new(fault.environments.last().cloned());
                let options = fault
                    .environments
                    .iter()
                    .map(|name| {
                        let chosen = choice.read_untracked().as_deref() == Some(name);
                        view! { class=class,
                            <option value=name.clone() selected=chosen>
                                {name.clone()}
                            </option>
                        }
                    })
                    .collect_erased();
                let select = (!fault.environments.is_empty()).then(|| {
                    view! { class=class,
                        <select
                            class="choice"
                            aria-label=format!("Environment for: {}", fault.title)
                            on:input=move |event| choice.set(Some(event_target_value(&event)))
                        >
                            {options}
                        </select>
                    }
                });
                let (label, method) = if ordered {
                    ("Cancel", "DELETE")
                } else {
                    ("Order", "PUT")
                };
                let ordered_in = fault.ordered_in.join(", ");
                view! { class=class,
                    <li class="step" data-testid=format!("fault-{}", fault.id)>
                        <div class="text">
                            <b>{fault.title}</b>
                            <p class="watch">{fault.explains}</p>
                            {ordered
                                .then(|| {
                                    view! { class=class,
                                        <p class="note">{format!("Ordered: {ordered_in}")}</p>
                                    }
                                })}
                        </div>
                        <div class="actions">
                            {select}
                            <button
                                type="button"
                                class="button"
                                on:click=on_click(move || send(
                                    method,
                                    path.clone(),
                                    choice.get_untracked(),
                                ))
                            >
                                {label}
                            </button>
                        </div>
                    </li>
                }
            })
            .collect_erased()
    };
    view! { class=class,
        <aside class="drawer" data-testid="demo-drawer" aria-label="Demo">
            <div class="head">
                <h2 class="title">"Demo"</h2>
                <button
                    type="button"
                    class="close"
                    aria-label="Close the demo drawer"
                    on:click=on_click(move || open.set(false))
                >
                    "✕"
                </button>
            </div>
            <p class="about">
                "This is Weft's built-in lab: real git, a GitHub-shaped forge, Kubernetes-shaped clusters and podinfo-shaped apps on this machine. The board is the real product, reading it over the real protocols."
            </p>
            {dynamic(move || error.get().map(|sentence| view! { <Alert sentence=sentence /> }))}
            <h3 class="sub">"The process"</h3>
            <ol class="steps">{dynamic(steps)}</ol>
            <h3 class="sub">"Faults"</h3>
            <ul class="steps">{dynamic(faults)}</ul>
        </aside>
    }
}
