//! One environment on the lane: what it really serves, and whether that is proven.

use leptos::prelude::*;
use model::Colour;
use model::api::EnvironmentView;
use model::chain::VerdictState;
use stylers_macro::style_sheet;

use super::chain::{ChainView, OpenTick};
use super::lane::Place;
use crate::held::settled;
use crate::seam::{looks, part, tap, text};
use crate::state::Clock;
use crate::words::{about, ago, capital, icon, tint};

/// The colour that stands for "no answer".
const NO_ANSWER: Colour = Colour::new(0x5c, 0x63, 0x70);

/// From how many letters on a version (a branch, that is) is written smaller.
const LONG: usize = 8;

/// The verdict in words: `Proven`, `Failed at helm`, `Rolling to 1.1.7`.
pub fn verdict_words(environment: &EnvironmentView) -> String {
    let state = environment.verdict.state;
    let at = environment
        .verdict
        .breaks_at
        .and_then(|name| environment.links.iter().find(|link| link.name == name));
    match (state, at) {
        (VerdictState::Failed, Some(link)) => format!("Failed at {}", link.label),
        (VerdictState::Rolling, _) => environment.desired.as_ref().map_or_else(
            || "Rolling".to_owned(),
            |desired| {
                let short = model::release::branch_of(desired).unwrap_or(desired);
                format!("Rolling {short}")
            },
        ),
        _ => capital(state.word()),
    }
}

/// One environment.
#[component]
pub fn StationView(place: Place) -> impl IntoView {
    let class = style_sheet!("style/environment.css");
    let clock = expect_context::<Clock>();
    let (name, link) = untrack(move || {
        place.environment(|environment| (environment.name.to_string(), environment.link.clone()))
    });
    let tinted = move || place.environment(|environment| tint(environment.verdict.state));
    let colour = move || {
        place
            .environment(|environment| environment.release.colour)
            .unwrap_or(NO_ANSWER)
    };
    let sentence = move || {
        place.environment(|environment| {
            (environment.verdict.state != VerdictState::Proven)
                .then(|| environment.verdict.sentence.clone())
        })
    };
    let opened = expect_context::<OpenTick>();
    let breaks = move || place.environment(|environment| environment.verdict.breaks_at);
    // Kept as long as something is broken, so that it keeps the focus.
    let broken = settled(move || breaks().map(|_| "broken").unwrap_or_default().to_owned());
    let (whose, spoken) = (name.clone(), name.clone());
    let show = move || {
        if let Some(link) = untrack(breaks) {
            opened.open(&whose, link);
        }
    };
    let evidence = move || {
        let show = show.clone();
        (!broken.get().is_empty()).then(|| view! { class=class,
            <button type="button" class="why" data-testid=format!("why-{spoken}") aria-label=format!("Show the evidence of {spoken}") on:click=tap(show)>"Show the evidence"</button>
        })
    };
    let tick = move || place.environment(|environment| environment.tick.clone());
    let version = move || place.environment(|environment| environment.release.label());
    let of = name.clone();
    let described = move || {
        place.environment(|environment| match environment.release.colour {
            Some(colour) => format!("{of} shows {} {colour}", colour.name()),
            None => format!("{of} shows no colour"),
        })
    };
    view! { class=class,
        <article
            class=looks(class, move || format!("environment {}", tinted()))
            data-testid=format!("environment-{name}")
            data-verdict=text(move || place.environment(|environment| environment.verdict.state.word()))
            aria-label=name.clone()
        >
            <div
                class="swatch"
                data-testid=format!("swatch-{name}")
                data-colour=text(move || colour().to_string())
                style:background-color=text(move || colour().to_string())
                style:color=text(move || colour().ink().to_string())
            >
                <div class="env">
                    <h2 class="envname">{name.clone()}</h2>
                    {link.map(|href| view! { class=class,
                        <a class="open" href=href target="_blank" rel="noopener" style:color="inherit" aria-label=format!("Open {name}")>"↗"</a>
                    })}
                </div>
                <div>
                    <div class=looks(class, move || if version().chars().count() > LONG { "version long" } else { "version" }) data-testid=format!("version-{name}")>{part(version)}</div>
                    <div class="about"><span class="hidden">{part(described)}". "</span>{part(move || place.environment(|environment| about(&environment.release)))}</div>
                </div>
            </div>
            <div class="body">
                <p class=looks(class, move || format!("verdict {}", tinted()))>
                    <span aria-hidden="true">{part(move || place.environment(|environment| icon(environment.verdict.state)))}</span>" "{part(move || place.environment(verdict_words))}
                </p>
                <ChainView place=place of=name.clone()/>
                {part(move || sentence().map(|sentence| view! { class=class, <p class="sentence">{sentence}</p> }))}
                {part(move || tick().map(|tick| view! { class=class, <p class="disagrees" data-testid="tick-disagrees"><span aria-hidden="true">"⚠ "</span>{tick}</p> }))}
                {part(evidence)}
                <p class="foot">
                    <span class="note">{part(move || place.environment(|environment| environment.note.clone()))}</span>
                    <span>{part(move || place.environment(|environment| format!("seen {}", ago(environment.seen_at, clock.now()))))}</span>
                </p>
            </div>
        </article>
    }
}
