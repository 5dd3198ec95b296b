//! The environments of a pipeline in a row, with the gates between them.

use crate::data::Board;
use leptos::prelude::*;
use stylers_macro::style_sheet;

use super::environment::EnvironmentCard;
use super::gate::{GateView, is_card};
use crate::erased::{ErasedSignal, memo};
use crate::state::{EnvironmentSignal, provide_open_evidence};
use crate::view_ext::{CollectErased, dynamic, text_signal};

/// The environments and gates of one board.
#[component]
pub fn PipelineRow(board: ErasedSignal<Option<Board>>) -> impl IntoView {
    let class = style_sheet!("style/pipeline_row.css");
    provide_open_evidence();
    let columns = move || {
        let mut columns = "minmax(0,1fr)".to_owned();
        for gate in board.read().iter().flat_map(|board| &board.gates) {
            columns.push_str(if is_card(gate) { " 148px" } else { " 44px" });
            columns.push_str(" minmax(0,1fr)");
        }
        columns
    };
    // Only other names render the row again; each component subscribes to its own values.
    let names = memo(move || {
        let mut names = String::new();
        for environment in board.read().iter().flat_map(|board| &board.environments) {
            names.push_str(environment.name.as_str());
            names.push(' ');
        }
        names
    });
    let items = move || {
        let item = |index: usize| {
            let environment = EnvironmentSignal::new(board, index);
            let gate = (index > 0).then(|| view! { <GateView environment=environment /> });
            view! {
                {gate}
                <EnvironmentCard environment=environment />
            }
        };
        let count = names.get().split_whitespace().count();
        (0..count).map(item).collect_erased()
    };
    view! { class=class,
        <section
            class="row"
            data-testid="pipeline-row"
            aria-label="Environments"
            style:--columns=text_signal(columns)
        >
            {dynamic(items)}
        </section>
    }
}
