//! Four figures over the journeys, each with how it was counted.

use leptos::prelude::*;
use model::release_history::{DoraMetrics, Figure};
use stylers_macro::style_sheet;

use crate::seam::Listed;

/// The tiles.
#[component]
pub fn FiguresView(figures: DoraMetrics) -> impl IntoView {
    let class = style_sheet!("style/figures.css");
    let all = [
        figures.lead_time,
        figures.frequency,
        figures.failure_rate,
        figures.time_to_restore,
    ];
    let tiles = all.into_iter().flatten().map(
        |Figure {
             value,
             name,
             explains,
         }| {
            view! { class=class,
                <div class="figure">
                    <dt class="name">{name}</dt>
                    <dd class="value">{value}</dd>
                    <dd class="explains">{explains}</dd>
                </div>
            }
        },
    );
    view! { class=class, <dl class="figures" data-testid="figures">{tiles.listed()}</dl> }
}
