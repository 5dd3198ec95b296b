//! The journeys: every release on its way through the environments, as a chart or a table.

use leptos::prelude::*;
use model::api::Journeys;
use model::pipeline::PipelineName;
use stylers_macro::style_sheet;

use super::alert::Alert;
use super::dora_metrics::MetricTiles;
use super::journey_chart::render_chart;
use super::journey_table::render_table;
use crate::api::{self, ApiError};
use crate::chart::TimeRange;
use crate::erased::{ErasedSignal, effect, spawn_local, track};
use crate::format::capitalize;
use crate::router::use_query;
use crate::state::Clock;
use crate::view_ext::{CollectErased, class_signal, dynamic, on_click, text_signal};

/// The chart with its metrics; read again whenever `changed` changes.
#[component]
pub fn JourneysPanel(pipeline: PipelineName, changed: Memo<String>) -> impl IntoView {
    let class = style_sheet!("style/journeys.css");
    let span_param = use_query("span");
    let table_param = use_query("table");
    let range = move || TimeRange::named(&span_param.get());
    let clock = expect_context::<Clock>();
    let answer = ErasedSignal::new(None::<Result<Journeys, ApiError>>);
    let base = format!("api/v1/pipelines/{pipeline}/journeys");
    effect(move || {
        track(changed);
        let since = clock.now_untracked() - range().duration();
        let path = format!("{base}?since={since}");
        spawn_local(async move {
            let read = api::get::<Journeys>(&path).await;
            answer.set(Some(read));
        });
    });
    let buttons = TimeRange::ALL.map(|one| {
        view! { class=class,
            <button
                type="button"
                class=class_signal(class, move || if range() == one { "on" } else { "off" })
                aria-pressed=text_signal(move || (range() == one).to_string())
                on:click=on_click(move || span_param.set(Some(one.name())))
            >
                {capitalize(one.name())}
            </button>
        }
    });
    let is_table = move || !table_param.get().is_empty();
    let content = move || match &*answer.read() {
        None => view! { class=class, <div class="skeleton" aria-hidden="true"></div> }.into_any(),
        Some(Err(error)) => view! { <Alert sentence=error.sentence() /> }.into_any(),
        Some(Ok(answer)) if is_table() => render_table(answer),
        Some(Ok(answer)) => render_chart(answer, range()),
    };
    view! { class=class,
        <section class="panel" data-testid="journeys" aria-label="Journeys">
            <div class="head">
                <h2 class="title">"Journeys"</h2>
                <span class="hint">"every release on its way; flat is waiting, steep is fast"</span>
                <div class="segment" role="group" aria-label="Time shown">
                    {buttons.collect_erased()}
                </div>
                <button
                    type="button"
                    class="toggle"
                    aria-pressed=text_signal(move || is_table().to_string())
                    on:click=on_click(move || table_param.set((!is_table()).then_some("true")))
                >
                    "Table"
                </button>
            </div>
            {dynamic(content)}
        </section>
        {dynamic(move || match &*answer.read() {
            Some(Ok(answer)) => Some(view! { <MetricTiles metrics=answer.figures.clone() /> }),
            _ => None,
        })}
    }
}
