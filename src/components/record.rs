//! The record: who did what, when, and where Weft knows it from.

use leptos::prelude::*;
use leptos::task::spawn_local;
use model::journal::Entry;
use model::pipeline::PipelineName;
use model::wire::Record;
use stylers_macro::style_sheet;

use super::notice::Notice;
use crate::api;
use crate::state::Clock;
use crate::words::ago;

/// The list, newest first; read again whenever `changed` says something new.
#[component]
pub fn RecordList(pipeline: PipelineName, changed: Signal<String>) -> impl IntoView {
    let class = style_sheet!("style/record.css");
    let clock = expect_context::<Clock>();
    let entries = RwSignal::new(Vec::<Entry>::new());
    let next = RwSignal::new(None::<String>);
    let trouble = RwSignal::new(None::<String>);
    let filter = RwSignal::new(String::new());
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
        let wanted = filter.get().to_lowercase();
        let holds = |entry: &Entry| {
            let text = format!(
                "{} {} {}",
                entry.sentence,
                entry.who.as_deref().unwrap_or_default(),
                entry.source
            );
            text.to_lowercase().contains(&wanted)
        };
        entries.get().into_iter().filter(holds).collect::<Vec<_>>()
    };
    view! { class=class,
        <section class="panel" data-testid="record" aria-label="Record">
            <div class="head">
                <h2 class="title">"Record"</h2>
                <input class="filter" type="search" aria-label="Filter the record" placeholder="filter…" on:input=move |event| filter.set(event_target_value(&event))/>
                <a class="csv" href=csv rel="external" download="">"CSV"</a>
            </div>
            {move || trouble.get().map(|sentence| view! { <Notice sentence=sentence/> })}
            <ul class="list">
                <For each=shown key=|entry| entry.id let:entry>
                    <li class=format!("entry {class}")>
                        <time class=format!("at {class}") datetime=entry.at.to_string() title=entry.at.to_string()>{move || ago(Some(entry.at), clock.now())}</time>
                        <span class=format!("what {class}")>{entry.sentence.clone()}</span>
                        <span class=format!("source {class}")>{format!("{} · {}", entry.who.clone().unwrap_or_else(|| "–".into()), entry.source)}</span>
                    </li>
                </For>
            </ul>
            {move || next.get().map(|cursor| {
                let more = more.clone();
                view! { class=class, <button type="button" class="more" on:click=move |_| more(Some(cursor.clone()))>"Older"</button> }
            })}
        </section>
    }
}
