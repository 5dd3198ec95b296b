//! One pipeline: the sentence, the lane, the journeys, the record.

use leptos::prelude::*;
use model::api::Board;
use model::pipeline::PipelineName;
use stylers_macro::style_sheet;

use crate::components::{
    Announcer, DemoDrawer, Header, Journeys, Lane, Notice, RecordList, Says, card_href,
};
use crate::held::settled;
use crate::keys::on_key;
use crate::router::Router;
use crate::seam::{part, text};
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
    let environments = board.environments.iter().map(|environment| {
        format!(
            "{}{}",
            environment.verdict.state.word(),
            environment.release.label()
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
    environments.chain(gates).collect::<Vec<_>>().join("|")
}

#[component]
fn Pipeline(name: PipelineName) -> impl IntoView {
    let class = style_sheet!("style/pipeline.css");
    let held = use_board(&name);
    let there = settled(move || held.board.map(|_| "there").unwrap_or_default().to_owned());
    let changed = settled(move || held.board.map(fingerprint).unwrap_or_default());
    let router = expect_context::<Router>();
    let release = format!("p/{}/{}/release", name.namespace, name.name);
    let start = release.clone();
    on_key(move |key| {
        if key == "r" {
            router.go(&start);
            return true;
        }
        if key != "a" {
            return false;
        }
        let board = held.board.peek();
        let mut gates = board.iter().flat_map(|board| &board.gates).rev();
        let waiting = gates.find(|gate| gate.waits_for_people());
        if let Some(path) = waiting.and_then(card_href) {
            router.go(&path);
        }
        true
    });
    let subtitle = move || held.board.map(|board| board.subtitle.clone());
    let announced = text(move || {
        held.board
            .map(|board| board.headline.sentence.clone())
            .unwrap_or_default()
    });
    view! { class=class,
        <main class="page">
            <Announcer says=announced/>
            {part(move || held.failure.map(|failure| view! { <Notice sentence=failure.sentence()/> }))}
            {part(move || if there.get().is_empty() {
                view! { class=class,
                    <div class="heading"><div class="names"><h1 class="title">{name.name.clone()}</h1><p class="subtitle">"Reading what every environment serves…"</p></div></div>
                    <div class="skeleton" aria-hidden="true"></div>
                }.into_any()
            } else {
                view! { class=class,
                    <div class="heading">
                        <div class="names">
                            <h1 class="title">{name.name.clone()}</h1>
                            <p class="subtitle">{part(subtitle)}</p>
                        </div>
                        <a class="start" data-testid="start-release" href=release.clone()>"Start a release"</a>
                    </div>
                    <Says board=held.board/>
                    <Lane board=held.board/>
                    <Journeys pipeline=name.clone() changed=changed/>
                    <RecordList pipeline=name.clone() changed=changed/>
                }.into_any()
            })}
        </main>
    }
}
