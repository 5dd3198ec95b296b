//! The environments as stations on one line, with the gates between them.

use leptos::prelude::*;
use model::wire::Board;
use stylers_macro::style_sheet;

use super::chain::OpenTick;
use super::gate::{GateView, is_card};
use super::station::StationView;
use crate::seam::{part, text};

/// The lane of one board.
#[component]
pub fn Lane(board: Signal<Board>) -> impl IntoView {
    let class = style_sheet!("style/lane.css");
    OpenTick::provide();
    let count = Memo::new(move |_| board.with(|board| board.stations.len()));
    let columns = move || {
        board.with(|board| {
            let gates = board
                .gates
                .iter()
                .map(|gate| if is_card(gate) { "148px" } else { "44px" });
            gates.fold("minmax(0,1fr)".to_owned(), |columns, gate| {
                format!("{columns} {gate} minmax(0,1fr)")
            })
        })
    };
    let items = move || {
        (0..count.get())
            .map(|at| {
                // An index that a smaller board no longer has keeps its last word until it is taken away.
                let station = Memo::new(move |before: Option<&Option<model::wire::Station>>| {
                    board.with(|board| board.stations.get(at).cloned()).or_else(|| before.cloned().flatten())
                });
                let gate = Memo::new(move |_| at.checked_sub(1).and_then(|at| board.with(|board| board.gates.get(at).cloned())));
                let first_gate = gate.get_untracked();
                let first_station = station.get_untracked();
                view! {
                    {first_gate.map(|first| view! { <GateView gate=Signal::derive(move || gate.get().unwrap_or_else(|| first.clone()))/> })}
                    {first_station.map(|first| view! { <StationView station=Signal::derive(move || station.get().unwrap_or_else(|| first.clone()))/> })}
                }
            })
            .collect_view()
    };
    view! { class=class,
        <section class="lane" data-testid="lane" aria-label="Environments" style:--columns=text(columns)>{part(items)}</section>
    }
}
