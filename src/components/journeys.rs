//! The journey chart: time across, environments down, every release a line in its own colour.

use leptos::prelude::*;
use model::api::Journeys as Answer;
use model::pipeline::PipelineName;
use model::release_history::{EnvironmentVisit, ReleaseHistory};
use model::time::in_words;
use model::{Colour, Timestamp};
use stylers_macro::style_sheet;

use super::figures::FiguresView;
use super::notice::Notice;
use crate::api::{self, Failure};
use crate::chart::{self, Scale, Span, svg};
use crate::held::{Held, heed, spawn, watch};
use crate::router::use_query;
use crate::seam::{Listed, looks, part, tap, text};
use crate::state::Clock;

/// A release whose colour nobody has seen.
const UNSEEN: Colour = Colour::new(0x8a, 0x8f, 0x99);

/// The chart with its figures; read again whenever `changed` says something new.
#[component]
pub fn Journeys(pipeline: PipelineName, changed: Memo<String>) -> impl IntoView {
    let class = style_sheet!("style/journeys.css");
    let asked = use_query("span");
    let table = use_query("table");
    let span = move || Span::named(&asked.get());
    let clock = expect_context::<Clock>();
    let answer = Held::new(None::<Result<Answer, Failure>>);
    let base = format!(
        "api/v1/pipelines/{}/{}/journeys",
        pipeline.namespace, pipeline.name
    );
    watch(move || {
        heed(changed);
        let since = clock.now_untracked() - span().duration();
        let path = format!("{base}?since={since}");
        spawn(async move {
            let read = api::get::<Answer>(&path).await;
            answer.set(Some(read));
        });
    });
    let buttons = Span::ALL.map(|one| {
        view! { class=class,
            <button
                type="button"
                class=looks(class, move || if span() == one { "on" } else { "off" })
                aria-pressed=text(move || (span() == one).to_string())
                on:click=tap(move || asked.set(Some(one.name())))
            >{crate::words::capital(one.name())}</button>
        }
    });
    let is_table = move || !table.get().is_empty();
    let drawing = move || match &*answer.get() {
        None => view! { class=class, <div class="skeleton" aria-hidden="true"></div> }.into_any(),
        Some(Err(failure)) => view! { <Notice sentence=failure.sentence()/> }.into_any(),
        Some(Ok(answer)) if is_table() => drawn_table(answer),
        Some(Ok(answer)) => drawn_chart(answer, span()),
    };
    view! { class=class,
        <section class="panel" data-testid="journeys" aria-label="Journeys">
            <div class="head">
                <h2 class="title">"Journeys"</h2>
                <span class="hint">"every release on its way; flat is waiting, steep is fast"</span>
                <div class="segment" role="group" aria-label="Time shown">{buttons.listed()}</div>
                <button type="button" class="toggle" aria-pressed=text(move || is_table().to_string())
                    on:click=tap(move || table.set((!is_table()).then_some("true")))>"Table"</button>
            </div>
            {part(drawing)}
        </section>
        {part(move || match &*answer.get() {
            Some(Ok(answer)) => Some(view! { <FiguresView figures=answer.figures.clone()/> }),
            _ => None,
        })}
    }
}

fn told(
    journey: &ReleaseHistory,
    environment: &str,
    stop: &EnvironmentVisit,
    now: Timestamp,
) -> String {
    let mut parts = vec![format!("{} in {environment}", journey.release)];
    if let Some(at) = stop.arrived_at {
        let held = in_words(stop.left_at.unwrap_or(now).since(at));
        parts.push(format!(
            "deployed {} ago, there for {held}",
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

fn drawn_chart(answer: &Answer, span: Span) -> AnyView {
    let class = style_sheet!("style/chart.css");
    let now = expect_context::<Clock>().now_untracked();
    let scale = Scale::new(span, now);
    let detail = Held::new(String::new());
    let high = chart::height(answer.environments.len());
    let foot = high - 38.0;
    let ticks = scale.ticks(span).into_iter().map(|(x, at)| {
        view! { class=class,
            <line class="grid" x1=svg(x) x2=svg(x) y1="10" y2=svg(foot)/>
            <text class="word" x=svg(x + 6.0) y=svg(foot + 20.0)>{label(span, at)}</text>
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
        let colour = journey.colour.unwrap_or(UNSEEN);
        let (fill, ink) = (colour.to_string(), colour.ink().to_string());
        let stop = |name: &model::EnvironmentName| journey.stops.iter().find(|named| named.environment == *name).map(|named| &named.stop);
        let parts = answer.environments.iter().enumerate().filter_map(|(index, name)| {
            let here = stop(name)?;
            let before = index.checked_sub(1).and_then(|above| stop(answer.environments.get(above)?));
            let says = told(journey, name.as_str(), here, now);
            let step = chart::step(scale, index, before, here, now).map(|step| {
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
                let (over, focus) = (says.clone(), says.clone());
                view! { class=class,
                    <g class="bar" tabindex="0" role="img" aria-label=says
                        on:pointerenter=move |_| detail.set(over.clone()) on:focus=move |_| detail.set(focus.clone())>
                        <rect class="block" x=svg(bar.x) y=svg(bar.y - chart::HALF) width=svg(bar.width) height=svg(chart::HALF * 2.0) rx="3" fill=fill.clone()/>
                        {text}
                    </g>
                }
            });
            Some(view! { {step} {bar} })
        });
        view! { <g>{parts.listed()}</g> }
    });
    let at = scale.x(now);
    // On a phone the names at the other end are out of sight.
    let ends = answer.environments.iter().enumerate().map(|(index, name)| {
        view! { class=class, <text class="envname end" x=svg(at - 6.0) y=svg(chart::y(index) - 14.0)>{name.to_string()}</text> }
    });
    let (ticks, rows, journeys, ends) = (
        ticks.listed(),
        rows.listed(),
        journeys.listed(),
        ends.listed(),
    );
    view! { class=class,
        <div class="scroll" tabindex="0" role="group" aria-label="ReleaseHistory chart; the same data as a table by the button above">
            <svg class="chart" viewBox=format!("0 0 {} {}", svg(chart::WIDTH), svg(high))>
                {ticks}
                {rows}
                {journeys}
                {ends}
                <line class="now" x1=svg(at) x2=svg(at) y1="6" y2=svg(foot)/>
                <text class="nowword" x=svg(at + 4.0) y="14">"now"</text>
            </svg>
        </div>
        <p class="detail" role="status">{part(move || { let said = detail.value(); if said.is_empty() { "○ pull request opened · ● merged · ✕ failed. Point at a release for more.".to_owned() } else { said } })}</p>
    }
    .into_any()
}

fn label(span: Span, at: Timestamp) -> String {
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
    match span {
        Span::Day => format!("{day} {:02}:{:02}", date.get_hours(), date.get_minutes()),
        _ => format!("{day} {}", date.get_date()),
    }
}

fn drawn_table(answer: &Answer) -> AnyView {
    let class = style_sheet!("style/table.css");
    let now = expect_context::<Clock>().now_untracked();
    let heads = answer
        .environments
        .iter()
        .map(|name| view! { class=class, <th scope="col">{name.to_string()}</th> })
        .listed();
    let rows = answer.journeys.iter().rev().map(|journey| {
        let cells = answer.environments.iter().map(|name| {
            let stop = journey.stops.iter().find(|named| named.environment == *name);
            let text = stop.map_or_else(|| "–".to_owned(), |named| told(journey, name.as_str(), &named.stop, now));
            view! { class=class, <td>{text}</td> }
        });
        view! { class=class, <tr><th scope="row">{journey.release.to_string()}</th>{cells.listed()}</tr> }
    });
    let rows = rows.listed();
    view! { class=class,
        <div class="scroll" tabindex="0" role="group" aria-label="Journeys as a table">
            <table class="table"><thead><tr><th scope="col">"release"</th>{heads}</tr></thead><tbody>{rows}</tbody></table>
        </div>
    }
    .into_any()
}
