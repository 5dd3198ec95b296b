//! The steps of a release after the merge.

use leptos::prelude::*;
use model::rollout::{RolloutStep, StepState};
use model::time::in_words;
use stylers_macro::style_sheet;

use crate::view_ext::CollectErased;

/// The steps, each with the time since the merge where it is known.
#[component]
pub fn RolloutSteps(steps: Vec<RolloutStep>) -> impl IntoView {
    let class = style_sheet!("style/rollout_steps.css");
    // A gate's steps have no time but the merge's; a card's have all.
    let merged_at = steps.first().and_then(|step| step.at);
    let items = steps.into_iter().enumerate().map(|(index, step)| {
        let (icon, step_class, word) = match step.state {
            StepState::Done => ("✓", "step ok", "done"),
            StepState::Now => ("…", "step run", "under way"),
            StepState::Failed => ("✕", "step bad", "failed"),
            StepState::Next => ("", "step next", "to come"),
        };
        let after = merged_at.zip(step.at.filter(|_| index > 0));
        let after = after.map(|(merged_at, at)| format!(" +{}", in_words(at.since(merged_at))));
        view! { class=class,
            <li class=step_class>
                <span class="mark" aria-hidden="true">
                    {icon}
                </span>
                <span>{step.name}<small class="after">{after}</small></span>
                <span class="hidden">{format!(", {word}")}</span>
            </li>
        }
    });
    view! { class=class,
        <ol class="steps" data-testid="steps">
            {items.collect_erased()}
        </ol>
    }
}
