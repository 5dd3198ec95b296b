//! The record: who did what, when, and where Weft knows it from.

use leptos::prelude::*;
use leptos::task::spawn_local;
use model::Timestamp;
use model::pipeline::PipelineName;
use serde::Deserialize;
use stylers_macro::style_sheet;

use super::notice::Notice;
use crate::api;
use crate::seam::{part, tap};
use crate::state::Clock;
use crate::words::ago;

/// What is shown of `model::wire::Record`; the rest would be code to load.
#[derive(Deserialize)]
struct Record {
    entries: Vec<Entry>,
    next_cursor: Option<String>,
}

/// What is shown of `model::journal::Entry`.
#[derive(Clone, Deserialize)]
struct Entry {
    id: u64,
    at: Timestamp,
    who: Option<String>,
    source: String,
    sentence: String,
}

/// How many entries are shown at first.
const SHOWN: usize = 12;

/// The list, newest first; read again whenever `changed` says something new.
#[component]
pub fn RecordList(pipeline: PipelineName, changed: Signal<String>) -> impl IntoView {
    let class = style_sheet!("style/record.css");
    let clock = expect_context::<Clock>();
    let entries = RwSignal::new(Vec::<Entry>::new());
    let next = RwSignal::new(None::<String>);
    let trouble = RwSignal::new(None::<String>);
    let filter = RwSignal::new(String::new());
    let room = RwSignal::new(SHOWN);
    let base = format!(
        "api/v1/pipelines/{}/{}/journal",
        pipeline.namespace, pipeline.name
    );
    let csv = format!("{base}.csv");
    let read = move |cursor: Option<String>| {
        let path = cursor
            .as_ref()
            .map_or_else(|| base.clone(), |cursor| format!("{base}?cursor={cursor}"));
        spawn_local(async move {
            match api::get::<Record>(&path).await {
                Ok(record) => {
                    trouble.try_set(None);
                    next.try_set(record.next_cursor);
                    entries.try_update(|entries| {
                        if cursor.is_none() {
                            entries.clear();
                        }
                        entries.extend(record.entries);
                    });
                }
                Err(failure) => {
                    trouble.try_set(Some(failure.sentence()));
                }
            }
        });
    };
    let more = read.clone();
    Effect::new(move |_| {
        changed.track();
        read(None);
    });
    let shown = move || {
        // The browser knows letters already; Rust would bring its own tables of them.
        let lower = |text: &str| js_sys::JsString::from(text).to_lower_case();
        let wanted = String::from(lower(&filter.get()));
        let holds = |entry: &Entry| {
            let text = format!(
                "{} {} {}",
                entry.sentence,
                entry.who.as_deref().unwrap_or_default(),
                entry.source
            );
            lower(&text).includes(&wanted, 0)
        };
        let entries = entries.get().into_iter().filter(holds);
        entries.take(room.get()).collect::<Vec<_>>()
    };
    view! { class=class,
        <section class="panel" data-testid="record" aria-label="Record">
            <div class="head">
                <h2 class="title">"Record"</h2>
                <input class="filter" type="search" aria-label="Filter the record" placeholder="filter…" on:input=move |event| filter.set(event_target_value(&event))/>
                <a class="csv" href=csv rel="external" download="">"CSV"</a>
            </div>
            {part(move || trouble.get().map(|sentence| view! { <Notice sentence=sentence/> }))}
            <ul class="list">
                <For each=shown key=|entry| entry.id let:entry>
                    <li class=format!("entry {class}")>
                        <time class=format!("at {class}") datetime=entry.at.to_string() title=entry.at.to_string()>{part(move || ago(Some(entry.at), clock.now()))}</time>
                        <span class=format!("what {class}")>{entry.sentence.clone()}</span>
                        <span class=format!("source {class}")>{format!("{} · {}", entry.who.clone().unwrap_or_else(|| "–".into()), entry.source)}</span>
                    </li>
                </For>
            </ul>
            {part(move || {
                let more = more.clone();
                let cursor = next.get();
                let hidden = entries.with(Vec::len) > room.get();
                (hidden || cursor.is_some()).then(|| view! { class=class,
                    <button type="button" class="more" on:click=tap(move || {
                        room.update(|room| *room += 4 * SHOWN);
                        if !hidden {
                            more(cursor.clone());
                        }
                    })>"Older"</button>
                })
            })}
        </section>
    }
}
