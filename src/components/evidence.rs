//! Where a link's word comes from: its object, Flux's message whole, the object's last events, and what
//! can be done about it. A sheet at the foot of the page, so that the lane does not jump.

use gloo_timers::future::TimeoutFuture;
use leptos::prelude::*;
use model::api::object::{Events, ObjectEvent};
use model::chain::{Evidence, Link, LinkName};
use stylers_macro::style_sheet;

use super::chain::OpenTick;
use super::lane::Place;
use super::reconcile::ReconcileNow;
use crate::api;
use crate::held::{Held, heed, settled, spawn, watch};
use crate::router::escape;
use crate::seam::{Listed, part, tap};
use crate::state::Clock;
use crate::words::ago;

/// What is said where nothing is known yet.
const READING: &str = "Reading the last events…";

/// How often the events are read again while they are shown.
const AGAIN_MS: u32 = 3_000;

/// What is shown of a cluster's object beside the evidence.
#[derive(Clone, Copy)]
struct Beside {
    events: Held<Vec<ObjectEvent>>,
    /// In place of events.
    why: Held<String>,
    dashboard: Held<Option<String>>,
}

impl Beside {
    fn show(self, answer: Result<Events, api::Failure>) {
        match answer {
            Ok(answer) => {
                // What stays the same stays drawn, so that a text that somebody is marking stays marked.
                if *self.events.peek() != answer.events {
                    self.events.set(answer.events);
                }
                self.why.set(answer.why.unwrap_or_default());
                if *self.dashboard.peek() != answer.dashboard {
                    self.dashboard.set(answer.dashboard);
                }
            }
            Err(failure) => self.why.set(failure.sentence()),
        }
    }
}

/// The evidence of one link of an environment.
#[component]
pub fn EvidenceView(
    /// Where the environment stands on the lane.
    place: Place,
    /// Which link.
    name: LinkName,
    /// The environment's name.
    of: String,
) -> impl IntoView {
    let class = style_sheet!("style/evidence.css");
    let clock = expect_context::<Clock>();
    let opened = expect_context::<OpenTick>();
    let link = move || {
        place.environment(|environment| {
            environment
                .links
                .iter()
                .find(|link| link.name == name)
                .cloned()
        })
    };
    let evidence = move || link().and_then(|link| link.evidence);
    // Only what it says is drawn anew, so that a text that somebody is marking stays marked.
    let says = settled(move || link().map(said).unwrap_or_default());
    let object = settled(move || evidence().as_ref().and_then(query).unwrap_or_default());
    let beside = Beside {
        events: Held::new(Vec::new()),
        why: Held::new(READING.to_owned()),
        dashboard: Held::new(None),
    };
    let path = Held::new(place.api(&of).unwrap_or_default());
    let read = move || {
        let query = untrack(|| object.get());
        if query.is_empty() {
            return;
        }
        let path = format!("{}/events?{query}", path.peek());
        spawn(async move {
            let answer = api::get::<Events>(&path).await;
            // An answer about what spoke before is no answer.
            if !beside.why.gone() && untrack(|| object.get()) == query {
                beside.show(answer);
            }
        });
    };
    watch(move || {
        heed(object);
        read();
    });
    // Nothing tells of an event; while somebody looks, the cluster is asked again.
    spawn(async move {
        loop {
            TimeoutFuture::new(AGAIN_MS).await;
            if path.gone() {
                return;
            }
            read();
        }
    });
    let facts = move || {
        heed(says);
        let Evidence {
            object,
            revision,
            condition,
            ..
        } = untrack(evidence)?;
        let row = |name: &'static str, value: Option<String>| {
            value.filter(|value| !value.is_empty()).map(|value| view! { class=class, <div class="pair"><dt>{name}</dt><dd>{value}</dd></div> })
        };
        Some(
            view! { class=class, {row("object", Some(object))}{row("condition", condition)}{row("revision", revision)} },
        )
    };
    let message = move || {
        heed(says);
        let message = untrack(evidence)?.message.filter(|it| !it.is_empty())?;
        Some(view! { class=class, <p class="message" data-testid="message">{message}</p> })
    };
    let lines = move || {
        let events = beside.events.get();
        let lines = events.iter().map(|event| {
            let at = event.at;
            let times = if event.count > 1 { format!(" ×{}", event.count) } else { String::new() };
            view! { class=class,
                <li class=if event.warning { "event warn" } else { "event" }>
                    <b>{event.reason.clone()}</b>{times}" "<span class="age">{part(move || ago(at, clock.now()))}</span>
                    <p>{event.message.clone()}</p>
                </li>
            }
        });
        lines.listed()
    };
    let heading = of.clone();
    view! { class=class,
        <div class="evidence" role="region" aria-label="Evidence" data-testid="evidence-sheet">
            <div class="head">
                <b>{part(move || format!("{heading} · {}", link().map(|link| link.label).unwrap_or_default()))}</b>
                <button type="button" class="close" aria-label="Close the evidence" on:click=tap(move || opened.close())>"✕"</button>
            </div>
            <p class="says">{part(move || link().map(|link| link.sentence))}</p>
            <dl class="facts">
                {part(facts)}
                <div class="pair"><dt>"confirmed"</dt><dd>{part(move || evidence().map(|it| format!("{}, {}", it.source, ago(it.confirmed_at, clock.now()))))}</dd></div>
            </dl>
            {part(move || beside.dashboard.value().map(|href| view! { class=class, <a class="there" data-testid="dashboard" rel="external" target="_top" href=href>"Open in Weave GitOps"</a> }))}
            <details class="whole" data-testid="whole">
                <summary class="tap">"The whole message and the last events"</summary>
                {part(message)}
                {part(move || (!object.get().is_empty()).then(|| view! { class=class, <p class="why">{part(move || beside.why.value())}</p> }))}
                <ol data-testid="events">{part(lines)}</ol>
            </details>
            <ReconcileNow place=place of=of/>
        </div>
    }
}

/// All that a link says, as one text.
fn said(link: Link) -> String {
    let mut said = link.sentence;
    if let Some(evidence) = link.evidence {
        let parts = [
            Some(evidence.object),
            evidence.condition,
            evidence.revision,
            evidence.message,
        ];
        for part in parts.into_iter().flatten() {
            said.push('\n');
            said.push_str(&part);
        }
    }
    said
}

/// The object of a cluster that speaks, as the server is asked for its events.
fn query(evidence: &Evidence) -> Option<String> {
    let object = evidence.object_ref()?;
    let named = format!("{}/{}/{}", object.kind, object.namespace, object.name);
    Some(format!(
        "cluster={}&object={}",
        escape(object.cluster),
        escape(&named)
    ))
}
