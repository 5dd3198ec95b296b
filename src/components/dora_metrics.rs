//! Four DORA metrics over the time shown, each with how it was computed.

use leptos::prelude::*;
use model::release_history::{DoraMetrics, Figure};
use stylers_macro::style_sheet;

use crate::view_ext::CollectErased;

/// One tile for each metric.
#[component]
pub fn MetricTiles(metrics: DoraMetrics) -> impl IntoView {
    let class = style_sheet!("style/dora_metrics.css");
    let all = [
        metrics.lead_time,
        metrics.frequency,
        metrics.failure_rate,
        metrics.time_to_restore,
    ];
    let tiles = all.into_iter().flatten().map(
        |Figure {
             value,
             name,
             explains,
         }| {
            view! { class=class,
                <div class="metric">
                    <dt class="name">{name}</dt>
                    <dd class="value">{value}</dd>
                    <dd class="explains">{explains}</dd>
                </div>
            }
        },
    );
    view! { class=class,
        <dl class="metrics" data-testid="metrics">
            {tiles.collect_erased()}
        </dl>
    }
}
