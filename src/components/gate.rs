//! What stands between two environments, and the one action that fits.

mod lost;

use leptos::prelude::*;
use model::gate::{Gate, GateState, RolloutStep, StepState};
use model::pipeline::GateKind;
use model::time::in_words;
use stylers_macro::style_sheet;

use self::lost::{Lost, Order};
use super::lane::Place;
use crate::seam::{Listed, looks, part, text};
use crate::state::Clock;
use crate::words::waits;

/// The name of a gate's state, as in the JSON.
fn state_name(state: GateState) -> &'static str {
    match state {
        GateState::Idle => "idle",
        GateState::WaitsForProof => "waits_for_proof",
        GateState::WaitsForPromotion => "waits_for_promotion",
        GateState::Lost => "lost",
        GateState::WaitsForChecks => "waits_for_checks",
        GateState::Blocked => "blocked",
        GateState::WaitsForApproval => "waits_for_approval",
        GateState::WaitsForMerge => "waits_for_merge",
        GateState::Rolling => "rolling",
        GateState::Unknown => "unknown",
    }
}

/// Whether a gate needs a card; otherwise a small word on the line is enough.
pub fn is_card(gate: &Gate) -> bool {
    gate.promotion.is_some()
        || !matches!(gate.state, GateState::Idle) && gate.kind == GateKind::Approval
}

/// The card's page.
pub fn card_href(gate: &Gate) -> Option<String> {
    let promotion = gate.promotion.as_ref()?;
    Some(format!(
        "pr/{}/{}/{}",
        promotion.repository.owner, promotion.repository.name, promotion.number
    ))
}

/// One gate.
#[component]
pub fn GateView(place: Place) -> impl IntoView {
    let class = style_sheet!("style/gate.css");
    let to = untrack(move || place.gate(|gate| gate.to.to_string()));
    // Kept here, since the card is drawn anew with every new board.
    let order = Order::new();
    let inner = move || {
        let gate = place.gate(|gate| Some(gate.clone()))?;
        Some(if is_card(&gate) {
            view! { <GateCard place=place gate=gate order=order/> }.into_any()
        } else {
            let word = match gate.kind {
                GateKind::Automatic => "auto",
                GateKind::Approval => "✓",
            };
            let title = gate.sentence.clone();
            view! { class=class, <span class="small" title=title><span class="hidden">{gate.sentence}</span><span aria-hidden="true">{word}</span></span> }.into_any()
        })
    };
    view! { class=class,
        <div
            class=looks(class, move || if place.gate(is_card) { "gate wide" } else { "gate" })
            data-testid=format!("gate-{to}")
            data-state=text(move || place.gate(|gate| state_name(gate.state)))
        >
            {part(inner)}
        </div>
    }
}

#[component]
fn GateCard(place: Place, gate: Gate, order: Order) -> impl IntoView {
    let class = style_sheet!("style/gatecard.css");
    let clock = expect_context::<Clock>();
    let kind = match gate.state {
        GateState::Lost | GateState::Blocked | GateState::Unknown => "card warn",
        _ => "card",
    };
    let href = card_href(&gate);
    let mine = gate.waits_for_people();
    let what = gate
        .release
        .as_ref()
        .map(|release| format!("{release} → {}", gate.to));
    let pull = gate.promotion.as_ref().map(|promotion| {
        let checks = promotion.checks;
        view! { class=class,
            <a class="pull" href=promotion.url.clone() target="_blank" rel="noopener">{format!("#{}", promotion.number)}</a>
            <span class="checks">{format!(" · {}/{} checks", checks.passed, checks.total())}</span>
        }
    });
    let since = gate.since;
    let lost = (gate.state == GateState::Lost)
        .then(|| place.pipeline())
        .flatten()
        .map(|pipeline| view! { <Lost pipeline=pipeline gate=gate.clone() order=order/> });
    view! { class=class,
        <div class=kind>
            <p class="line">{pull}</p>
            {what.map(|what| view! { class=class, <strong class="what">{what}</strong> })}
            {href.map(|href| if mine {
                view! { class=class, <a class="button" data-testid="approve" href=href>"Approve"</a> }.into_any()
            } else {
                view! { class=class, <a class="more" href=href>"See what changes"</a> }.into_any()
            })}
            <p class="sentence">{gate.sentence}</p>
            {lost}
            {(!gate.steps.is_empty()).then(|| view! { <Steps steps=gate.steps/> })}
            <p class="since">{part(move || waits(since, clock.now()))}</p>
        </div>
    }
}

/// The way of a release after the merge.
#[component]
pub fn Steps(steps: Vec<RolloutStep>) -> impl IntoView {
    let class = style_sheet!("style/steps.css");
    // The lane's way in short has no times but the merge's.
    let began = steps.first().and_then(|step| step.at);
    let items = steps.into_iter().enumerate().map(|(index, step)| {
        let (icon, tint, word) = match step.state {
            StepState::Done => ("✓", "step ok", "done"),
            StepState::Now => ("…", "step run", "under way"),
            StepState::Failed => ("✕", "step bad", "failed"),
            StepState::Next => ("", "step next", "to come"),
        };
        let after = began.zip(step.at.filter(|_| index > 0));
        let after = after.map(|(began, at)| format!(" +{}", in_words(at.since(began))));
        view! { class=class,
            <li class=tint><span class="mark" aria-hidden="true">{icon}</span><span>{step.name}<small class="after">{after}</small></span><span class="hidden">{format!(", {word}")}</span></li>
        }
    });
    view! { class=class, <ol class="steps" data-testid="steps">{items.listed()}</ol> }
}
