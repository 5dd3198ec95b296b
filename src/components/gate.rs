//! The gate between two environments, and the one action that fits.

mod lost_promotion;

use crate::data::Gate;
use leptos::prelude::*;
use model::gate::GateState;
use model::pipeline::GateKind;
use stylers_macro::style_sheet;

use self::lost_promotion::{LostPromotion, PromoteRequest};
use super::rollout_steps::RolloutSteps;
use crate::format::waiting_time;
use crate::state::{Clock, EnvironmentSignal};
use crate::view_ext::{class_signal, dynamic, text_signal};

/// The name of a state, as in JSON.
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

/// Whether a gate is shown as a card; otherwise as a word on the line.
pub fn is_card(gate: &Gate) -> bool {
    gate.promotion.is_some()
        || !matches!(gate.state, GateState::Idle) && gate.kind == GateKind::Approval
}

/// The path of the promotion page; `None` without a pull request.
pub fn card_href(gate: &Gate) -> Option<String> {
    let promotion = gate.promotion.as_ref()?;
    Some(format!(
        "pr/{}/{}/{}",
        promotion.repository.owner, promotion.repository.name, promotion.number
    ))
}

/// The gate before an environment.
#[component]
pub fn GateView(environment: EnvironmentSignal) -> impl IntoView {
    let class = style_sheet!("style/gate.css");
    let to = untrack(move || environment.with_gate(|gate| gate.to.to_string()));
    // Outlives the card, which is rendered again with every new board.
    let request = PromoteRequest::default();
    let content = move || {
        let gate = environment.with_gate(|gate| Some(gate.clone()))?;
        Some(if is_card(&gate) {
            view! { <GateCard environment=environment gate=gate request=request /> }.into_any()
        } else {
            let word = match gate.kind {
                GateKind::Automatic => "auto",
                GateKind::Approval => "✓",
            };
            let title = gate.sentence.clone();
            view! { class=class,
                <span class="small" title=title>
                    <span class="hidden">{gate.sentence}</span>
                    <span aria-hidden="true">{word}</span>
                </span>
            }
            .into_any()
        })
    };
    view! { class=class,
        <div
            class=class_signal(
                class,
                move || if environment.with_gate(is_card) { "gate wide" } else { "gate" },
            )
            data-testid=format!("gate-{to}")
            data-state=text_signal(move || environment.with_gate(|gate| state_name(gate.state)))
        >
            {dynamic(content)}
        </div>
    }
}

#[component]
fn GateCard(environment: EnvironmentSignal, gate: Gate, request: PromoteRequest) -> impl IntoView {
    let class = style_sheet!("style/gate_card.css");
    let clock = expect_context::<Clock>();
    let card_class = match gate.state {
        GateState::Lost | GateState::Blocked | GateState::Unknown => "card warn",
        _ => "card",
    };
    let href = card_href(&gate);
    let approvable = gate.state.waits_for_people();
    let change = gate
        .release
        .as_ref()
        .map(|release| format!("{release} → {}", gate.to));
    let pull_request = gate.promotion.as_ref().map(|promotion| {
        let checks = promotion.checks;
        view! { class=class,
            <a class="pull" href=promotion.url.clone() target="_blank" rel="noopener">
                {format!("#{}", promotion.number)}
            </a>
            <span class="checks">{format!(" · {}/{} checks", checks.passed, checks.total())}</span>
        }
    });
    let since = gate.since;
    let lost = (gate.state == GateState::Lost)
        .then(|| environment.pipeline())
        .flatten()
        .map(|pipeline| view! { <LostPromotion pipeline=pipeline gate=gate.clone() request=request /> });
    view! { class=class,
        <div class=card_class>
            <p class="line">{pull_request}</p>
            {change.map(|change| view! { class=class, <strong class="what">{change}</strong> })}
            {href
                .map(|href| {
                    if approvable {
                        view! { class=class,
                            <a class="button" data-testid="approve" href=href>
                                "Approve"
                            </a>
                        }
                            .into_any()
                    } else {
                        view! { class=class,
                            <a class="more" href=href>
                                "See what changes"
                            </a>
                        }
                            .into_any()
                    }
                })}
            <p class="sentence">{gate.sentence}</p>
            {lost}
            {(!gate.steps.is_empty()).then(|| view! { <RolloutSteps steps=gate.steps /> })}
            <p class="since">{dynamic(move || waiting_time(since, clock.now()))}</p>
        </div>
    }
}
