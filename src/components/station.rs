//! One environment on the lane: what it really serves, and whether that is proven.

use leptos::prelude::*;
use model::Colour;
use model::chain::VerdictState;
use model::wire::Station;
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
pub fn verdict_words(station: &Station) -> String {
    let state = station.verdict.state;
    let at = station
        .verdict
        .breaks_at
        .and_then(|name| station.links.iter().find(|link| link.name == name));
    match (state, at) {
        (VerdictState::Failed, Some(link)) => format!("Failed at {}", link.label),
        (VerdictState::Rolling, _) => station.wanted.as_ref().map_or_else(
            || "Rolling".to_owned(),
            |wanted| {
                let short = model::release::branch_of(wanted).unwrap_or(wanted);
                format!("Rolling {short}")
            },
        ),
        _ => capital(state.word()),
    }
}

/// One station.
#[component]
pub fn StationView(place: Place) -> impl IntoView {
    let class = style_sheet!("style/station.css");
    let clock = expect_context::<Clock>();
    let (name, link) =
        untrack(move || place.station(|station| (station.name.to_string(), station.link.clone())));
    let tinted = move || place.station(|station| tint(station.verdict.state));
    let colour = move || {
        place
            .station(|station| station.release.colour)
            .unwrap_or(NO_ANSWER)
    };
    let sentence = move || {
        place.station(|station| {
            (station.verdict.state != VerdictState::Proven)
                .then(|| station.verdict.sentence.clone())
        })
    };
    let opened = expect_context::<OpenTick>();
    let breaks = move || place.station(|station| station.verdict.breaks_at);
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
    let tick = move || place.station(|station| station.tick.clone());
    let version = move || place.station(|station| station.release.label());
    let of = name.clone();
    let described = move || {
        place.station(|station| match station.release.colour {
            Some(colour) => format!("{of} shows {} {colour}", colour.name()),
            None => format!("{of} shows no colour"),
        })
    };
    view! { class=class,
        <article
            class=looks(class, move || format!("station {}", tinted()))
            data-testid=format!("station-{name}")
            data-verdict=text(move || place.station(|station| station.verdict.state.word()))
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
                    <div class="about"><span class="hidden">{part(described)}". "</span>{part(move || place.station(|station| about(&station.release)))}</div>
                </div>
            </div>
            <div class="body">
                <p class=looks(class, move || format!("verdict {}", tinted()))>
                    <span aria-hidden="true">{part(move || place.station(|station| icon(station.verdict.state)))}</span>" "{part(move || place.station(verdict_words))}
                </p>
                <ChainView place=place of=name.clone()/>
                {part(move || sentence().map(|sentence| view! { class=class, <p class="sentence">{sentence}</p> }))}
                {part(move || tick().map(|tick| view! { class=class, <p class="disagrees" data-testid="tick-disagrees"><span aria-hidden="true">"⚠ "</span>{tick}</p> }))}
                {part(evidence)}
                <p class="foot">
                    <span class="note">{part(move || place.station(|station| station.note.clone()))}</span>
                    <span>{part(move || place.station(|station| format!("seen {}", ago(station.seen_at, clock.now()))))}</span>
                </p>
            </div>
        </article>
    }
}
