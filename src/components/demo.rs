//! The presenter's drawer: the process as numbered steps, and the faults one can order. Only in the demo.

use gloo_timers::future::TimeoutFuture;
use leptos::prelude::*;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use stylers_macro::style_sheet;

use super::notice::Notice;
use crate::api;
use crate::held::{Held, spawn};
use crate::seam::{Listed, part, tap, text};
use crate::state::SessionState;

/// What the lab says of itself.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
struct LabState {
    steps: Vec<Step>,
    faults: Vec<Fault>,
}

/// One step of the process.
#[derive(Clone, Debug, PartialEq, Deserialize)]
struct Step {
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

/// One fault.
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

/// Where a fault is ordered.
#[derive(Serialize)]
struct Order {
    environment: Option<String>,
}

/// The drawer and the button that opens it.
#[component]
pub fn DemoDrawer() -> impl IntoView {
    let class = style_sheet!("style/demo.css");
    let session = expect_context::<SessionState>();
    let open = Held::new(false);
    view! { class=class,
        {part(move || session.demo().then(|| view! { class=class,
            <button type="button" class="toggle" data-testid="demo-toggle" aria-expanded=text(move || open.get().to_string())
                on:click=tap(move || open.set(!*open.peek()))>"Demo"</button>
            {part(move || (*open.get()).then(|| view! { <Drawer open=open/> }))}
        }))}
    }
}

#[component]
fn Drawer(open: Held<bool>) -> impl IntoView {
    let class = style_sheet!("style/drawer.css");
    let session = expect_context::<SessionState>();
    let state = Held::new(None::<LabState>);
    let trouble = Held::new(None::<String>);
    // The lab pushes nothing; while the drawer is open it is asked once a second.
    spawn(async move {
        while !state.gone() {
            let read = api::get::<LabState>("lab/v1/state").await;
            if state.gone() {
                return;
            }
            match read {
                Ok(read) if state.peek().as_ref().as_ref() == Some(&read) => {}
                Ok(read) => state.set(Some(read)),
                Err(failure) => trouble.set(Some(failure.sentence())),
            }
            TimeoutFuture::new(1_000).await;
        }
    });
    let act = move |method: &'static str, path: String, environment: Option<String>| {
        let csrf = session.csrf();
        spawn(async move {
            let body = Order { environment };
            let done = api::send::<IgnoredAny>(method, &path, csrf.as_deref(), &body).await;
            trouble.set(done.err().map(|failure| failure.sentence()));
        });
    };
    let steps = move || {
        let steps = state.value().map(|state| state.steps).unwrap_or_default();
        steps.into_iter().map(|step| {
            let path = format!("lab/v1/steps/{}", step.id);
            let ready = step.state == "ready";
            let word = match step.state.as_str() { "done" => "✓ done", "running" => "… running", "blocked" => "not yet", _ => "" };
            let button = match step.href {
                Some(href) if ready => view! { class=class, <a class="button" href=href>{step.button}</a> }.into_any(),
                _ => view! { class=class,
                    <button type="button" class="button" disabled=!ready
                        on:click=tap(move || act("POST", path.clone(), None))>{step.button}</button>
                }.into_any(),
            };
            view! { class=class,
                <li class=format!("step {}", step.state) data-testid=format!("step-{}", step.id) data-state=step.state.clone()>
                    <span class="number" aria-hidden="true">{step.number}</span>
                    <div class="text"><b>{step.title}</b><p class="watch">{step.watch_for}</p>{step.note.map(|note| view! { class=class, <p class="note">{note}</p> })}</div>
                    <div class="side"><span class="word">{word}</span>{button}</div>
                </li>
            }
        }).listed()
    };
    let faults = move || {
        let faults = state.value().map(|state| state.faults).unwrap_or_default();
        faults.into_iter().map(|fault| {
            let path = format!("lab/v1/faults/{}", fault.id);
            let ordered = fault.ordered;
            let choice = Held::new(fault.environments.last().cloned());
            let options = fault.environments.iter().map(|name| {
                let chosen = choice.peek().as_deref() == Some(name);
                view! { class=class, <option value=name.clone() selected=chosen>{name.clone()}</option> }
            }).listed();
            let select = (!fault.environments.is_empty()).then(|| view! { class=class,
                <select class="choice" aria-label=format!("Environment for: {}", fault.title) on:input=move |event| choice.set(Some(event_target_value(&event)))>{options}</select>
            });
            let (label, method) = if ordered { ("Cancel", "DELETE") } else { ("Order", "PUT") };
            let where_to = fault.ordered_in.join(", ");
            view! { class=class,
                <li class="step" data-testid=format!("fault-{}", fault.id)>
                    <div class="text"><b>{fault.title}</b><p class="watch">{fault.explains}</p>{ordered.then(|| view! { class=class, <p class="note">{format!("Ordered: {where_to}")}</p> })}</div>
                    <div class="side">{select}<button type="button" class="button" on:click=tap(move || act(method, path.clone(), choice.peek().as_ref().clone()))>{label}</button></div>
                </li>
            }
        }).listed()
    };
    view! { class=class,
        <aside class="drawer" data-testid="demo-drawer" aria-label="Demo">
            <div class="head"><h2 class="title">"Demo"</h2><button type="button" class="close" aria-label="Close the demo drawer" on:click=tap(move || open.set(false))>"✕"</button></div>
            <p class="honest">"This is Weft's built-in lab: real git, a GitHub-shaped forge, Kubernetes-shaped clusters and podinfo-shaped apps on this machine. The board is the real product, reading it over the real protocols."</p>
            {part(move || trouble.value().map(|sentence| view! { <Notice sentence=sentence/> }))}
            <h3 class="sub">"The process"</h3>
            <ol class="steps">{part(steps)}</ol>
            <h3 class="sub">"Faults"</h3>
            <ul class="steps">{part(faults)}</ul>
        </aside>
    }
}
