//! The record: who did what, when, and where Weft knows it from.

use leptos::prelude::*;
use model::Timestamp;
use model::pipeline::PipelineName;
use serde::Deserialize;
use stylers_macro::style_sheet;

use super::notice::Notice;
use crate::api;
use crate::held::{Held, heed, spawn, watch};
use crate::seam::{Listed, part, tap};
use crate::state::Clock;
use crate::words::ago;

/// What is shown of `model::api::Record`; the rest would be code to load.
#[derive(Deserialize)]
struct Record {
    entries: Vec<Entry>,
    next_cursor: Option<String>,
}

/// What is shown of `model::journal::Entry`.
#[derive(Clone, Deserialize)]
struct Entry {
    at: Timestamp,
    who: Option<String>,
    source: String,
    sentence: String,
}

/// How many entries are shown at first.
const SHOWN: usize = 12;

/// The list, newest first; read again whenever `changed` says something new.
#[component]
pub fn RecordList(pipeline: PipelineName, changed: Memo<String>) -> impl IntoView {
    let class = style_sheet!("style/record.css");
    let clock = expect_context::<Clock>();
    let entries = Held::new(Vec::<Entry>::new());
    let next = Held::new(None::<String>);
    let trouble = Held::new(None::<String>);
    let filter = Held::new(String::new());
    let room = Held::new(SHOWN);
    let base = format!(
        "api/v1/pipelines/{}/{}/journal",
        pipeline.namespace, pipeline.name
    );
    let csv = format!("{base}.csv");
    let read = move |cursor: Option<String>| {
        let path = cursor
            .as_ref()
            .map_or_else(|| base.clone(), |cursor| format!("{base}?cursor={cursor}"));
        spawn(async move {
            match api::get::<Record>(&path).await {
                Ok(record) => {
                    if entries.gone() {
                        return;
                    }
                    trouble.set(None);
                    next.set(record.next_cursor);
                    let mut all = match cursor {
                        Some(_) => entries.peek().as_ref().clone(),
                        None => Vec::new(),
                    };
                    all.extend(record.entries);
                    entries.set(all);
                }
                Err(failure) => trouble.set(Some(failure.sentence())),
            }
        });
    };
    let more = read.clone();
    watch(move || {
        heed(changed);
        read(None);
    });
    let shown = move || {
        // The browser knows letters already; Rust would bring its own tables of them.
        let lower = |text: &str| js_sys::JsString::from(text).to_lower_case();
        let desired = String::from(lower(&filter.get()));
        let holds = |entry: &Entry| {
            let text = format!(
                "{} {} {}",
                entry.sentence,
                entry.who.as_deref().unwrap_or_default(),
                entry.source
            );
            lower(&text).includes(&desired, 0)
        };
        let entries = entries.get();
        let shown = entries
            .iter()
            .filter(|entry| holds(entry))
            .take(*room.get());
        let lines = shown.map(|entry| {
            let at = entry.at;
            view! { class=class,
                <li class="entry">
                    <time class="at" datetime=at.to_string() title=at.to_string()>{part(move || ago(Some(at), clock.now()))}</time>
                    <span class="what">{entry.sentence.clone()}</span>
                    <span class="source">{format!("{} · {}", entry.who.as_deref().unwrap_or("–"), entry.source)}</span>
                </li>
            }
        });
        lines.listed()
    };
    view! { class=class,
        <section class="panel" data-testid="record" aria-label="Record">
            <div class="head">
                <h2 class="title">"Record"</h2>
                <input class="filter" type="search" aria-label="Filter the record" placeholder="filter…" on:input=move |event| filter.set(event_target_value(&event))/>
                <a class="csv" href=csv rel="external" download="">"CSV"</a>
            </div>
            {part(move || trouble.value().map(|sentence| view! { <Notice sentence=sentence/> }))}
            <ul class="list">
                {part(shown)}
            </ul>
            {part(move || {
                let more = more.clone();
                let cursor = next.value();
                let hidden = entries.get().len() > *room.get();
                (hidden || cursor.is_some()).then(|| view! { class=class,
                    <button type="button" class="more" on:click=tap(move || {
                        room.set(*room.peek() + 4 * SHOWN);
                        if !hidden {
                            more(cursor.clone());
                        }
                    })>"Older"</button>
                })
            })}
        </section>
    }
}
