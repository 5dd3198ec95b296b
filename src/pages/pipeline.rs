//! One pipeline: the sentence, the lane, the journeys, the record.

use leptos::prelude::*;
use model::pipeline::PipelineName;
use model::wire::Board;
use stylers_macro::style_sheet;

use crate::components::{Announcer, DemoDrawer, Header, Journeys, Lane, Notice, RecordList, Says};
use crate::keys::on_key;
use crate::router::Router;
use crate::seam::part;
use crate::state::use_board;

/// The pipeline page.
#[component]
pub fn PipelinePage(
    /// Which.
    name: PipelineName,
) -> impl IntoView {
    view! {
        <Header crumbs=vec![name.namespace.clone(), name.name.clone()]/>
        <Pipeline name=name/>
        <DemoDrawer/>
    }
}

/// What a change of the board must change for the journeys and the record to be read again.
fn fingerprint(board: &Board) -> String {
    let stations = board.stations.iter().map(|station| {
        format!(
            "{}{}",
            station.verdict.state.word(),
            station.release.label()
        )
    });
    let gates = board.gates.iter().map(|gate| {
        let promotion = gate.promotion.as_ref();
        format!(
            "{}{}",
            promotion.map_or(0, |promotion| promotion.number),
            promotion.map_or(0, |promotion| promotion.approved_by.len())
        )
    });
    stations.chain(gates).collect::<Vec<_>>().join("|")
}

#[component]
fn Pipeline(name: PipelineName) -> impl IntoView {
    let class = style_sheet!("style/pipeline.css");
    let held = use_board(&name);
    let there = Memo::new(move |_| held.board.with(Option::is_some));
    let changed = Memo::new(move |_| {
        held.board
            .with(|board| board.as_ref().map(fingerprint).unwrap_or_default())
    });
    let router = expect_context::<Router>();
    on_key(move |key| {
        if key != "a" {
            return false;
        }
        let waiting = held.board.with_untracked(|board| {
            let promotion = board
                .as_ref()?
                .gates
                .iter()
                .rev()
                .find(|gate| gate.waits_for_people())?
                .promotion
                .clone()?;
            Some(format!(
                "pr/{}/{}/{}",
                promotion.repository.owner, promotion.repository.name, promotion.number
            ))
        });
        if let Some(path) = waiting {
            router.go(&path);
        }
        true
    });
    let announced = Signal::derive(move || {
        held.board.with(|board| {
            board
                .as_ref()
                .map(|board| board.headline.sentence.clone())
                .unwrap_or_default()
        })
    });
    view! { class=class,
        <main class="page">
            <Announcer says=announced/>
            {part(move || held.failure.get().map(|failure| view! { <Notice sentence=failure.sentence()/> }))}
            {part(move || if there.get() {
                held.board.get_untracked().map(|first| {
                    let board = Signal::derive(move || held.board.get().unwrap_or_else(|| first.clone()));
                    let name = board.with_untracked(|board| board.pipeline.clone());
                    view! { class=class,
                        <div class="heading">
                            <h1 class="title">{name.name.clone()}</h1>
                            <p class="subtitle">{part(move || board.with(|board| board.subtitle.clone()))}</p>
                        </div>
                        <Says board=board/>
                        <Lane board=board/>
                        <Journeys pipeline=name.clone() changed=changed.into()/>
                        <RecordList pipeline=name changed=changed.into()/>
                    }
                }).into_any()
            } else {
                view! { class=class,
                    <div class="heading"><h1 class="title">{name.name.clone()}</h1><p class="subtitle">"Reading what every environment serves…"</p></div>
                    <div class="skeleton" aria-hidden="true"></div>
                }.into_any()
            })}
        </main>
    }
}
