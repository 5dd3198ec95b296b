//! The page of one pipeline: the headline, its environments, the journeys, the record.

use crate::data::Board;
use leptos::prelude::*;
use model::pipeline::PipelineName;
use stylers_macro::style_sheet;

use crate::components::{
    Alert, Announcer, DemoDrawer, Header, HeadlineBar, JourneysPanel, PipelineRow, RecordList,
    card_href,
};
use crate::erased::memo;
use crate::keys::on_key;
use crate::router::Router;
use crate::state::use_board;
use crate::view_ext::{dynamic, text_signal};

/// The pipeline page.
#[component]
pub fn PipelinePage(name: PipelineName) -> impl IntoView {
    view! {
        <Header crumbs=vec![name.namespace.clone(), name.name.clone()] />
        <Pipeline name=name />
        <DemoDrawer />
    }
}

/// What the journeys and the record depend on, as one text: they are read again when it changes.
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
    let live = use_board(&name);
    let loaded = memo(move || live.board.map(|_| "loaded").unwrap_or_default().to_owned());
    let changed = memo(move || live.board.map(fingerprint).unwrap_or_default());
    let router = expect_context::<Router>();
    let release = format!("p/{name}/release");
    let start = release.clone();
    on_key(move |key| {
        if key == "r" {
            router.navigate(&start);
            return true;
        }
        if key != "a" {
            return false;
        }
        let board = live.board.read_untracked();
        let mut gates = board.iter().flat_map(|board| &board.gates).rev();
        let waiting = gates.find(|gate| gate.state.waits_for_people());
        if let Some(path) = waiting.and_then(card_href) {
            router.navigate(&path);
        }
        true
    });
    let subtitle = move || live.board.map(|board| board.subtitle.clone());
    let announcement = text_signal(move || {
        live.board
            .map(|board| board.headline.sentence.clone())
            .unwrap_or_default()
    });
    view! { class=class,
        <main class="page">
            <Announcer text=announcement />
            {dynamic(move || live.error.map(|error| view! { <Alert sentence=error.sentence() /> }))}
            {dynamic(move || {
                if loaded.get().is_empty() {
                    view! { class=class,
                        <div class="heading">
                            <div class="names">
                                <h1 class="title">{name.name.clone()}</h1>
                                <p class="subtitle">"Reading what every environment serves…"</p>
                            </div>
                        </div>
                        <div class="skeleton" aria-hidden="true"></div>
                    }
                        .into_any()
                } else {
                    view! { class=class,
                        <div class="heading">
                            <div class="names">
                                <h1 class="title">{name.name.clone()}</h1>
                                <p class="subtitle">{dynamic(subtitle)}</p>
                            </div>
                            <a class="start" data-testid="start-release" href=release.clone()>
                                "Start a release"
                            </a>
                        </div>
                        <HeadlineBar board=live.board />
                        <PipelineRow board=live.board />
                        <JourneysPanel pipeline=name.clone() changed=changed />
                        <RecordList pipeline=name.clone() changed=changed />
                    }
                        .into_any()
                }
            })}
        </main>
    }
}
