//! The journey chart: time across, environments down, every release a line in its own colour.

use leptos::prelude::*;
use model::api::Journeys;
use model::{Colour, EnvironmentName, Timestamp};
use stylers_macro::style_sheet;

use crate::chart::{self, TimeRange, TimeScale, svg};
use crate::erased::ErasedSignal;
use crate::format::visit_summary;
use crate::state::Clock;
use crate::view_ext::{CollectErased, dynamic};

/// The colour of a release whose own is not known.
const UNKNOWN: Colour = Colour::new(0x8a, 0x8f, 0x99);

/// Renders the histories of releases over a range up to now.
pub fn render_chart(answer: &Journeys, range: TimeRange) -> AnyView {
    let class = style_sheet!("style/journey_chart.css");
    let now = expect_context::<Clock>().now_untracked();
    let scale = TimeScale::new(range, now);
    let detail = ErasedSignal::new(String::new());
    let height = chart::height(answer.environments.len());
    let bottom = height - 38.0;
    let ticks = scale.ticks(range).into_iter().map(|(x, at)| {
        view! { class=class,
            <line class="grid" x1=svg(x) x2=svg(x) y1="10" y2=svg(bottom) />
            <text class="word" x=svg(x + 6.0) y=svg(bottom + 20.0)>
                {tick_label(range, at)}
            </text>
        }
    });
    let rows = answer.environments.iter().enumerate().map(|(index, name)| {
        let y = chart::y(index);
        view! { class=class,
            <text class="envname" x="0" y=svg(y + 4.0)>
                {name.to_string()}
            </text>
            <line class="rail" x1=svg(chart::LEFT) x2=svg(chart::RIGHT) y1=svg(y) y2=svg(y) />
        }
    });
    let journeys = answer.journeys.iter().filter(|history| chart::visible(scale, history)).map(|history| {
        let colour = history.colour.unwrap_or(UNKNOWN);
        let (fill, ink) = (colour.to_string(), colour.ink().to_string());
        let visit = |name: &EnvironmentName| {
            let mut stops = history.stops.iter();
            stops
                .find(|named| named.environment == *name)
                .map(|named| &named.stop)
        };
        let parts = answer.environments.iter().enumerate().filter_map(|(index, name)| {
            let here = visit(name)?;
            let before = index.checked_sub(1).and_then(|above| visit(answer.environments.get(above)?));
            let description = visit_summary(history, name.as_str(), here, now);
            let connector = chart::connector(scale, index, before, here, now).map(|connector| {
                let dot = |at: Option<(f64, f64)>, fill: String| at.map(|(x, y)| view! { class=class,
                    <circle
                        class="dot"
                        cx=svg(x)
                        cy=svg(y)
                        r="4"
                        fill=fill
                        stroke=colour.to_string()
                    />
                });
                view! { class=class,
                    <path
                        class=if connector.waits { "step waits" } else { "step" }
                        d=connector.path
                        stroke=colour.to_string()
                    />
                    {dot(connector.opened, "var(--panel)".into())}
                    {dot(connector.merged, colour.to_string())}
                    {connector
                        .failed
                        .map(|(x, y)| {
                            view! { class=class,
                                <g
                                    class="failed"
                                    transform=format!("translate({},{})", svg(x), svg(y))
                                >
                                    <circle r="8" />
                                    <path d="M-3 -3 L3 3 M3 -3 L-3 3" />
                                </g>
                            }
                        })}
                }
            });
            let bar = chart::bar(scale, index, here, now).map(|bar| {
                let text = (bar.width > 46.0).then(|| view! { class=class,
                    <text class="release" x=svg(bar.x + 8.0) y=svg(bar.y + 4.0) fill=ink.clone()>
                        {history.release.to_string()}
                    </text>
                });
                let (over, focus) = (description.clone(), description.clone());
                view! { class=class,
                    <g
                        class="bar"
                        tabindex="0"
                        role="img"
                        aria-label=description
                        on:pointerenter=move |_| detail.set(over.clone())
                        on:focus=move |_| detail.set(focus.clone())
                    >
                        <rect
                            class="block"
                            x=svg(bar.x)
                            y=svg(bar.y - chart::HALF)
                            width=svg(bar.width)
                            height=svg(chart::HALF * 2.0)
                            rx="3"
                            fill=fill.clone()
                        />
                        {text}
                    </g>
                }
            });
            Some(view! {
                {connector}
                {bar}
            })
        });
        view! { <g>{parts.collect_erased()}</g> }
    });
    let at = scale.x(now);
    // On a phone the chart starts at now, where the names at the left are out of sight.
    let ends = answer.environments.iter().enumerate().map(|(index, name)| {
        view! { class=class,
            <text class="envname end" x=svg(at - 6.0) y=svg(chart::y(index) - 14.0)>
                {name.to_string()}
            </text>
        }
    });
    let (ticks, rows, journeys, ends) = (
        ticks.collect_erased(),
        rows.collect_erased(),
        journeys.collect_erased(),
        ends.collect_erased(),
    );
    view! { class=class,
        <div
            class="scroll"
            tabindex="0"
            role="group"
            aria-label="Journey chart; the same data as a table by the button above"
        >
            <svg class="chart" viewBox=format!("0 0 {} {}", svg(chart::WIDTH), svg(height))>
                {ticks}
                {rows}
                {journeys}
                {ends}
                <line class="now" x1=svg(at) x2=svg(at) y1="6" y2=svg(bottom) />
                <text class="nowword" x=svg(at + 4.0) y="14">
                    "now"
                </text>
            </svg>
        </div>
        <p class="detail" role="status">
            {dynamic(move || {
                let text = detail.get();
                if text.is_empty() {
                    "○ pull request opened · ● merged · ✕ failed. Point at a release for more."
                        .to_owned()
                } else {
                    text
                }
            })}
        </p>
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
