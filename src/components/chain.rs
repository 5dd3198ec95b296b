//! Four ticks, one for each link; each opens its evidence.

use leptos::prelude::*;
use model::chain::{Evidence, Link, LinkName, LinkState};
use stylers_macro::style_sheet;

use super::lane::Place;
use crate::held::Held;
use crate::keys::on_key;
use crate::seam::{looks, part, tap, text};
use crate::state::Clock;
use crate::words::{ago, tick};

/// The tick whose evidence is open, one at a time on a lane: the environment and the link.
type Opened = Option<(String, LinkName)>;

/// What is open on a lane, shared by its chains.
#[derive(Clone, Copy)]
pub struct OpenTick(Held<Opened>);

impl OpenTick {
    /// Nothing is open at first; Escape closes what is.
    pub fn provide() {
        let open = Held::<Opened>::new(None);
        provide_context(Self(open));
        on_key(move |key| {
            let closes = key == "Escape" && open.peek().is_some();
            if closes {
                open.set(None);
            }
            closes
        });
    }
}

/// The chain of one environment.
#[component]
pub fn ChainView(
    /// Where it stands on the lane.
    place: Place,
    /// The environment's name, for those who cannot see where this stands.
    of: String,
) -> impl IntoView {
    let class = style_sheet!("style/chain.css");
    let OpenTick(opened) = expect_context();
    let here = of.clone();
    let open = move |opened: &Opened| {
        let here = opened.as_ref().filter(|(at, _)| *at == here);
        here.map(|(_, name)| *name)
    };
    let ticks = LinkName::ALL.map(|name| {
        let link = move || place.station(|station| station.links.iter().find(|link| link.name == name).cloned());
        let state = move || link().map_or(LinkState::Unknown, |link| link.state);
        let label = move || link().map_or_else(|| name.label().to_owned(), |link| link.label);
        let named = of.clone();
        let described = move || {
            let sentence = link().map_or_else(|| "not known yet".to_owned(), |link| link.sentence);
            format!("{named}, {}: {sentence}", label())
        };
        let (is_open, was_open, of) = (open.clone(), open.clone(), of.clone());
        view! { class=class,
            <li>
                <button
                    type="button"
                    class=looks(class, move || format!("tick {}", tick(state()).1))
                    aria-label=text(described)
                    aria-expanded=text(move || (is_open(&opened.get()) == Some(name)).to_string())
                    on:click=tap(move || opened.set((was_open(&opened.peek()) != Some(name)).then(|| (of.clone(), name))))
                >
                    <span class="dot" aria-hidden="true">{part(move || tick(state()).0)}</span>
                    <span class="label">{part(label)}</span>
                </button>
            </li>
        }
    });
    view! { class=class,
        <div class="chain">
            <ol class="ticks">{ticks.collect_view()}</ol>
            {part(move || {
                let name = open(&opened.get())?;
                let link = place.station(|station| station.links.iter().find(|link| link.name == name).cloned())?;
                Some(view! { <EvidenceView link=link of=of.clone() opened=opened/> })
            })}
        </div>
    }
}

/// Where a link's word comes from: a sheet at the foot of the page, so that the lane does not jump.
#[component]
fn EvidenceView(link: Link, of: String, opened: Held<Opened>) -> impl IntoView {
    let class = style_sheet!("style/evidence.css");
    let clock = expect_context::<Clock>();
    let rows = link.evidence.map(|Evidence { source, object, revision, condition, message, confirmed_at }| {
        let row = |name: &'static str, value: Option<String>| {
            value.filter(|value| !value.is_empty()).map(|value| view! { class=class, <div class="pair"><dt>{name}</dt><dd>{value}</dd></div> })
        };
        view! { class=class,
            <dl class="facts">
                {row("source", Some(source))}
                {row("object", Some(object))}
                {row("revision", revision)}
                {row("condition", condition)}
                {row("message", message)}
                <div class="pair"><dt>"confirmed"</dt><dd>{part(move || ago(confirmed_at, clock.now()))}</dd></div>
            </dl>
        }
    });
    view! { class=class,
        <div class="evidence" role="region" aria-label="Evidence" data-testid="evidence-sheet">
            <div class="head">
                <b>{format!("{of} · {}", link.label)}</b>
                <button type="button" class="close" aria-label="Close the evidence" on:click=tap(move || opened.set(None))>"✕"</button>
            </div>
            <p class="says">{link.sentence}</p>
            {rows}
        </div>
    }
}
