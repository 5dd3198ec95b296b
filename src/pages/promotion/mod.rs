//! The promotion page, phone first: what would change, whether it is safe, and the decision.

mod approval;
mod card;
mod decision_bar;

use std::cell::Cell;

use crate::data::Board;
use leptos::prelude::*;
use model::EnvironmentName;
use model::rollout::StepState;
use stylers_macro::style_sheet;

use self::approval::Approval;
use self::card::render_card;
use self::decision_bar::render_bar;
use crate::components::{Alert, Announcer, DemoDrawer, Header};
use crate::erased::{effect, every, memo, on_change};
use crate::state::{SessionState, use_board};
use crate::view_ext::{dynamic, text_signal};

/// The interval at which the card is read, in milliseconds: its intent expires after some minutes.
const REFRESH_INTERVAL: u32 = 120_000;

/// The promotion page.
#[component]
pub fn PromotionPage(
    /// Owner, repository and number, as in the address.
    at: [String; 3],
) -> impl IntoView {
    view! {
        <Header crumbs=vec![format!("#{}", at[2])] />
        <Promotion path=format!("api/v1/promotions/{}", at.join("/")) />
        <DemoDrawer />
    }
}

#[component]
fn Promotion(path: String) -> impl IntoView {
    let class = style_sheet!("style/promotion.css");
    let session = expect_context::<SessionState>();
    let approval = Approval::new(path);
    // What the card permits depends on who is signed in.
    effect(move || {
        session.login();
        approval.read();
    });
    every(REFRESH_INTERVAL, move || approval.read());
    let pipeline = memo(move || {
        approval
            .card
            .map(|card| card.pipeline.to_string())
            .unwrap_or_default()
    });
    view! { class=class,
        <main class="page">
            <Announcer text=text_signal(move || approval.message.get()) />
            {dynamic(move || {
                approval.error.map(|error| view! { <Alert sentence=error.sentence() /> })
            })}
            {dynamic(move || {
                approval
                    .head_moved
                    .get()
                    .then(|| {
                        view! {
                            <Alert sentence="It moved while you were reading. Nothing was done; this is the new state. Read it before you tap again."
                                .to_owned() />
                        }
                    })
            })}
            {dynamic(move || match approval.card.read().as_ref() {
                Some(card) => render_card(card),
                None => {
                    view! { class=class, <div class="skeleton" aria-hidden="true"></div> }
                        .into_any()
                }
            })}
        </main>
        {dynamic(move || (!pipeline.get().is_empty()).then(|| watch_board(approval)))}
        {dynamic(move || approval.card.map(|card| render_bar(card, approval)))}
    }
}

/// Reads the card again whenever the board changes in what the card shows.
fn watch_board(approval: Approval) {
    let card = approval.card.read_untracked();
    let Some(card) = card.as_ref() else {
        return;
    };
    let live = use_board(&card.pipeline);
    let environment = card.environment.clone();
    let changed = memo(move || {
        live.board
            .map(|board| fingerprint(board, &environment))
            .unwrap_or_default()
    });
    // The memo changes first when the first board arrives, and that is as old as the card.
    let loaded = Cell::new(false);
    on_change(changed, move || {
        if loaded.replace(true) && !approval.busy.get_untracked() {
            approval.read();
        }
    });
}

/// What the card of a promotion into `environment` shows of a board, as one text to compare.
fn fingerprint(board: &Board, environment: &EnvironmentName) -> String {
    let mut text = String::new();
    for environment in &board.environments {
        text.push_str(environment.verdict.state.word());
        text.push_str(&environment.verdict.sentence);
        text.push_str(&environment.release.label());
    }
    for gate in board.gates.iter().filter(|gate| gate.to == *environment) {
        text.push_str(&gate.sentence);
        if let Some(promotion) = &gate.promotion {
            text.push_str(promotion.head.as_str());
            for login in &promotion.approved_by {
                text.push_str(login);
            }
        }
        for step in &gate.steps {
            text.push(match step.state {
                StepState::Done => '✓',
                StepState::Now => '…',
                StepState::Failed => '✕',
                StepState::Next => '○',
            });
        }
    }
    text
}
