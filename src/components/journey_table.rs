//! The journeys as a table, with the same content as the chart.

use leptos::prelude::*;
use model::api::Journeys;
use stylers_macro::style_sheet;

use crate::format::visit_summary;
use crate::state::Clock;
use crate::view_ext::CollectErased;

/// Renders the histories of releases, newest first.
pub fn render_table(answer: &Journeys) -> AnyView {
    let class = style_sheet!("style/journey_table.css");
    let now = expect_context::<Clock>().now_untracked();
    let heads = answer
        .environments
        .iter()
        .map(|name| view! { class=class, <th scope="col">{name.to_string()}</th> })
        .collect_erased();
    let rows = answer.journeys.iter().rev().map(|history| {
        let cells = answer.environments.iter().map(|name| {
            let visit = history
                .stops
                .iter()
                .find(|named| named.environment == *name);
            let text = visit.map_or_else(
                || "–".to_owned(),
                |named| visit_summary(history, name.as_str(), &named.stop, now),
            );
            view! { class=class, <td>{text}</td> }
        });
        view! { class=class,
            <tr>
                <th scope="row">{history.release.to_string()}</th>
                {cells.collect_erased()}
            </tr>
        }
    });
    let rows = rows.collect_erased();
    view! { class=class,
        <div class="scroll" tabindex="0" role="group" aria-label="Journeys as a table">
            <table class="table">
                <thead>
                    <tr>
                        <th scope="col">"release"</th>
                        {heads}
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}
