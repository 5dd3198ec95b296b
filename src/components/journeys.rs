//! The journeys: every release on its way through the environments, as a chart or a table.

use leptos::prelude::*;
use model::api::Journeys;
use model::pipeline::PipelineName;
use model::release_history::{EnvironmentVisit, ReleaseHistory};
use model::time::in_words;
use model::{Colour, Timestamp};
use stylers_macro::style_sheet;

use super::alert::Alert;
use super::dora_metrics::MetricTiles;
use crate::api::{self, ApiError};
use crate::chart::{self, TimeRange, TimeScale, svg};
use crate::erased::{ErasedSignal, effect, spawn_local, track};
use crate::format::capitalize;
use crate::router::use_query;
use crate::state::Clock;
use crate::view_ext::{CollectErased, class_signal, dynamic, on_click, text_signal};

/// The colour of a release whose own is not known.
const UNKNOWN: Colour = Colour::new(0x8a, 0x8f, 0x99);

/// The chart with its metrics; read again whenever `changed` changes.
#[component]
pub fn JourneysPanel(pipeline: PipelineName, changed: Memo<String>) -> impl IntoView {
    let class = style_sheet!("style/journeys.css");
    let span_param = use_query("span");
    let table_param = use_query("table");
    let range = move || TimeRange::named(&span_param.get());
    let clock = expect_context::<Clock>();
    let answer = ErasedSignal::new(None::<Result<Journeys, ApiError>>);
    let base = format!(
        "api/v1/pipelines/{}/{}/journeys",
        pipeline.namespace, pipeline.name
    );
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
            >{capitalize(one.name())}</button>
        }
    });
    let is_table = move || !table_param.get().is_empty();
    let content = move || match &*answer.read() {
        None => view! { class=class, <div class="skeleton" aria-hidden="true"></div> }.into_any(),
        Some(Err(error)) => view! { <Alert sentence=error.sentence()/> }.into_any(),
        Some(Ok(answer)) if is_table() => render_table(answer),
        Some(Ok(answer)) => render_chart(answer, range()),
    };
    view! { class=class,
        <section class="panel" data-testid="journeys" aria-label="Journeys">
            <div class="head">
                <h2 class="title">"Journeys"</h2>
                <span class="hint">"every release on its way; flat is waiting, steep is fast"</span>
                <div class="segment" role="group" aria-label="Time shown">{buttons.collect_erased()}</div>
                <button type="button" class="toggle" aria-pressed=text_signal(move || is_table().to_string())
                    on:click=on_click(move || table_param.set((!is_table()).then_some("true")))>"Table"</button>
            </div>
            {dynamic(content)}
        </section>
        {dynamic(move || match &*answer.read() {
            Some(Ok(answer)) => Some(view! { <MetricTiles metrics=answer.figures.clone()/> }),
            _ => None,
        })}
    }
}

/// The visit in a sentence.
fn describe(
    journey: &ReleaseHistory,
    environment: &str,
    stop: &EnvironmentVisit,
    now: Timestamp,
) -> String {
    let mut parts = vec![format!("{} in {environment}", journey.release)];
    if let Some(at) = stop.arrived_at {
        let stayed = in_words(stop.left_at.unwrap_or(now).since(at));
        parts.push(format!(
            "deployed {} ago, there for {stayed}",
            in_words(now.since(at))
        ));
    }
    if let Some(number) = stop.number {
        parts.push(format!("#{number}"));
    }
    if let Some(by) = &stop.approved_by {
        parts.push(format!("approved by {by}"));
    }
    if let Some(at) = stop.failed_at {
        let end = if stop.rolled_back {
            " and was rolled back"
        } else {
            ""
        };
        parts.push(format!("failed {} ago{end}", in_words(now.since(at))));
    }
    parts.join(", ")
}

fn render_chart(answer: &Journeys, range: TimeRange) -> AnyView {
    let class = style_sheet!("style/chart.css");
    let now = expect_context::<Clock>().now_untracked();
    let scale = TimeScale::new(range, now);
    let detail = ErasedSignal::new(String::new());
    let high = chart::height(answer.environments.len());
    let bottom = high - 38.0;
    let ticks = scale.ticks(range).into_iter().map(|(x, at)| {
        view! { class=class,
            <line class="grid" x1=svg(x) x2=svg(x) y1="10" y2=svg(bottom)/>
            <text class="word" x=svg(x + 6.0) y=svg(bottom + 20.0)>{tick_label(range, at)}</text>
        }
    });
    let rows = answer.environments.iter().enumerate().map(|(index, name)| {
        let y = chart::y(index);
        view! { class=class,
            <text class="envname" x="0" y=svg(y + 4.0)>{name.to_string()}</text>
            <line class="rail" x1=svg(chart::LEFT) x2=svg(chart::RIGHT) y1=svg(y) y2=svg(y)/>
        }
    });
    let journeys = answer.journeys.iter().filter(|journey| chart::visible(scale, journey)).map(|journey| {
        let colour = journey.colour.unwrap_or(UNKNOWN);
        let (fill, ink) = (colour.to_string(), colour.ink().to_string());
        let stop = |name: &model::EnvironmentName| journey.stops.iter().find(|named| named.environment == *name).map(|named| &named.stop);
        let parts = answer.environments.iter().enumerate().filter_map(|(index, name)| {
            let here = stop(name)?;
            let before = index.checked_sub(1).and_then(|above| stop(answer.environments.get(above)?));
            let description = describe(journey, name.as_str(), here, now);
            let step = chart::connector(scale, index, before, here, now).map(|step| {
                let dot = |at: Option<(f64, f64)>, fill: String| at.map(|(x, y)| view! { class=class, <circle class="dot" cx=svg(x) cy=svg(y) r="4" fill=fill stroke=colour.to_string()/> });
                view! { class=class,
                    <path class=if step.waits { "step waits" } else { "step" } d=step.path stroke=colour.to_string()/>
                    {dot(step.opened, "var(--panel)".into())}
                    {dot(step.merged, colour.to_string())}
                    {step.failed.map(|(x, y)| view! { class=class,
                        <g class="failed" transform=format!("translate({},{})", svg(x), svg(y))><circle r="8"/><path d="M-3 -3 L3 3 M3 -3 L-3 3"/></g>
                    })}
                }
            });
            let bar = chart::bar(scale, index, here, now).map(|bar| {
                let text = (bar.width > 46.0).then(|| view! { class=class, <text class="release" x=svg(bar.x + 8.0) y=svg(bar.y + 4.0) fill=ink.clone()>{journey.release.to_string()}</text> });
                let (over, focus) = (description.clone(), description.clone());
                view! { class=class,
                    <g class="bar" tabindex="0" role="img" aria-label=description
                        on:pointerenter=move |_| detail.set(over.clone()) on:focus=move |_| detail.set(focus.clone())>
                        <rect class="block" x=svg(bar.x) y=svg(bar.y - chart::HALF) width=svg(bar.width) height=svg(chart::HALF * 2.0) rx="3" fill=fill.clone()/>
                        {text}
                    </g>
                }
            });
            Some(view! { {step} {bar} })
        });
        view! { <g>{parts.collect_erased()}</g> }
    });
    let at = scale.x(now);
    // On a phone the chart starts at now, where the names at the left are out of sight.
    let ends = answer.environments.iter().enumerate().map(|(index, name)| {
        view! { class=class, <text class="envname end" x=svg(at - 6.0) y=svg(chart::y(index) - 14.0)>{name.to_string()}</text> }
    });
    let (ticks, rows, journeys, ends) = (
        ticks.collect_erased(),
        rows.collect_erased(),
        journeys.collect_erased(),
        ends.collect_erased(),
    );
    view! { class=class,
        <div class="scroll" tabindex="0" role="group" aria-label="Journey chart; the same data as a table by the button above">
            <svg class="chart" viewBox=format!("0 0 {} {}", svg(chart::WIDTH), svg(high))>
                {ticks}
                {rows}
                {journeys}
                {ends}
                <line class="now" x1=svg(at) x2=svg(at) y1="6" y2=svg(bottom)/>
                <text class="nowword" x=svg(at + 4.0) y="14">"now"</text>
            </svg>
        </div>
        <p class="detail" role="status">{dynamic(move || { let text = detail.get(); if text.is_empty() { "○ pull request opened · ● merged · ✕ failed. Point at a release for more.".to_owned() } else { text } })}</p>
    }
    .into_any()
}

/// The label of a tick of the time axis, in the browser's time zone.
fn tick_label(range: TimeRange, at: Timestamp) -> String {
    #[expect(
        clippy::cast_precision_loss,
        reason = "milliseconds since 1970 fit in 53 bits"
    )]
    let date = js_sys::Date::new(&wasm_bindgen::JsValue::from_f64(at.millis() as f64));
    const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
    let day = DAYS
        .get(date.get_day() as usize)
        .copied()
        .unwrap_or_default();
    match range {
        TimeRange::Day => format!("{day} {:02}:{:02}", date.get_hours(), date.get_minutes()),
        _ => format!("{day} {}", date.get_date()),
    }
}

fn render_table(answer: &Journeys) -> AnyView {
    let class = style_sheet!("style/table.css");
    let now = expect_context::<Clock>().now_untracked();
    let heads = answer
        .environments
        .iter()
        .map(|name| view! { class=class, <th scope="col">{name.to_string()}</th> })
        .collect_erased();
    let rows = answer.journeys.iter().rev().map(|journey| {
        let cells = answer.environments.iter().map(|name| {
            let stop = journey.stops.iter().find(|named| named.environment == *name);
            let text = stop.map_or_else(|| "–".to_owned(), |named| describe(journey, name.as_str(), &named.stop, now));
            view! { class=class, <td>{text}</td> }
        });
        view! { class=class, <tr><th scope="row">{journey.release.to_string()}</th>{cells.collect_erased()}</tr> }
    });
    let rows = rows.collect_erased();
    view! { class=class,
        <div class="scroll" tabindex="0" role="group" aria-label="Journeys as a table">
            <table class="table"><thead><tr><th scope="col">"release"</th>{heads}</tr></thead><tbody>{rows}</tbody></table>
        </div>
    }
    .into_any()
}
