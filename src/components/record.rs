//! The record: the journal of a pipeline, with who did what, when, and the source.

use leptos::prelude::*;
use model::pipeline::PipelineName;
use stylers_macro::style_sheet;

use super::alert::Alert;
use crate::api;
use crate::data::{Entry, Record};
use crate::erased::{ErasedSignal, effect, spawn_local, track};
use crate::format::ago;
use crate::state::Clock;
use crate::view_ext::{CollectErased, dynamic, on_click};

/// The number of entries that are shown at first.
const PAGE_SIZE: usize = 12;

/// The entries, newest first; read again whenever `changed` changes.
#[component]
pub fn RecordList(pipeline: PipelineName, changed: Memo<String>) -> impl IntoView {
    let class = style_sheet!("style/record.css");
    let clock = expect_context::<Clock>();
    let entries = ErasedSignal::new(Vec::<Entry>::new());
    let next = ErasedSignal::new(None::<String>);
    let error = ErasedSignal::new(None::<String>);
    let filter = ErasedSignal::new(String::new());
    let limit = ErasedSignal::new(PAGE_SIZE);
    let base = format!("api/v1/pipelines/{pipeline}/journal");
    let csv = format!("{base}.csv");
    let read = move |cursor: Option<String>| {
        let path = cursor
            .as_ref()
            .map_or_else(|| base.clone(), |cursor| format!("{base}?cursor={cursor}"));
        spawn_local(async move {
            match api::get::<Record>(&path).await {
                Ok(record) => {
                    if entries.is_disposed() {
                        return;
                    }
                    error.set(None);
                    next.set(record.next_cursor);
                    let mut all = match cursor {
                        Some(_) => entries.get_untracked(),
                        None => Vec::new(),
                    };
                    all.extend(record.entries);
                    entries.set(all);
                }
                Err(failed) => error.set(Some(failed.sentence())),
            }
        });
    };
    let more = read.clone();
    effect(move || {
        track(changed);
        read(None);
    });
    let shown = move || {
        // The browser folds case: Rust's tables for it would add to the first load.
        let lower = |text: &str| js_sys::JsString::from(text).to_lower_case();
        let needle = String::from(lower(&filter.read()));
        let matches = |entry: &Entry| {
            let text = format!(
                "{} {} {}",
                entry.sentence,
                entry.who.as_deref().unwrap_or_default(),
                entry.source
            );
            lower(&text).includes(&needle, 0)
        };
        let entries = entries.read();
        let shown = entries
            .iter()
            .filter(|entry| matches(entry))
            .take(limit.get());
        let lines = shown.map(|entry| {
            let at = entry.at;
            view! { class=class,
                <li class="entry">
                    <time class="at" datetime=at.to_string() title=at.to_string()>
                        {dynamic(move || ago(Some(at), clock.now()))}
                    </time>
                    <span class="sentence">{entry.sentence.clone()}</span>
                    <span class="source">
                        {format!("{} · {}", entry.who.as_deref().unwrap_or("–"), entry.source)}
                    </span>
                </li>
            }
        });
        lines.collect_erased()
    };
    view! { class=class,
        <section class="panel" data-testid="record" aria-label="Record">
            <div class="head">
                <h2 class="title">"Record"</h2>
                <input
                    class="filter"
                    type="search"
                    aria-label="Filter the record"
                    placeholder="filter…"
                    on:input=move |event| filter.set(event_target_value(&event))
                />
                <a class="csv" href=csv rel="external" download="">
                    "CSV"
                </a>
            </div>
            {dynamic(move || error.get().map(|sentence| view! { <Alert sentence=sentence /> }))}
            <ul class="list">{dynamic(shown)}</ul>
            {dynamic(move || {
                let more = more.clone();
                let cursor = next.get();
                let hidden = entries.read().len() > limit.get();
                (hidden || cursor.is_some())
                    .then(|| {
                        view! { class=class,
                            <button
                                type="button"
                                class="more"
                                on:click=on_click(move || {
                                    limit.set(limit.get_untracked() + 4 * PAGE_SIZE);
                                    if !hidden {
                                        more(cursor.clone());
                                    }
                                })
                            >
                                "Older"
                            </button>
                        }
                    })
            })}
        </section>
    }
}
