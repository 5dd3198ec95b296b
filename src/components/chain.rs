//! Four ticks, one for each link; each opens its evidence.

use leptos::prelude::*;
use model::chain::{Evidence, Link, LinkName, LinkState};
use stylers_macro::style_sheet;

use crate::keys::on_key;
use crate::seam::{looks, part, tap, text};
use crate::state::Clock;
use crate::words::{ago, tick};

/// The tick whose evidence is open, one at a time on a lane: the environment and the link.
#[derive(Clone, Copy)]
pub struct OpenTick(RwSignal<Option<(String, LinkName)>>);

impl OpenTick {
    /// Nothing is open at first; Escape closes what is.
    pub fn provide() {
        let open = RwSignal::new(None);
        provide_context(Self(open));
        on_key(move |key| {
            let closes = key == "Escape" && open.with_untracked(Option::is_some);
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
    /// Its links, in order.
    links: Signal<Vec<Link>>,
    /// The environment's name, for those who cannot see where this stands.
    of: String,
) -> impl IntoView {
    let class = style_sheet!("style/chain.css");
    let OpenTick(opened) = expect_context();
    let place = of.clone();
    let open = Memo::new(move |_| {
        opened.with(|opened| {
            opened
                .as_ref()
                .filter(|(at, _)| *at == place)
                .map(|(_, name)| *name)
        })
    });
    let place = of.clone();
    let ticks = LinkName::ALL.map(|name| {
        let link = move || links.with(|links| links.iter().find(|link| link.name == name).cloned());
        let state = move || link().map_or(LinkState::Unknown, |link| link.state);
        let label = move || link().map_or_else(|| name.label().to_owned(), |link| link.label);
        let (of, place) = (of.clone(), of.clone());
        let described = move || {
            let sentence = link().map_or_else(|| "not known yet".to_owned(), |link| link.sentence);
            format!("{of}, {}: {sentence}", label())
        };
        view! { class=class,
            <li>
                <button
                    type="button"
                    class=looks(class, move || format!("tick {}", tick(state()).1))
                    aria-label=text(described)
                    aria-expanded=text(move || (open.get() == Some(name)).to_string())
                    on:click=tap(move || opened.set((open.get_untracked() != Some(name)).then(|| (place.clone(), name))))
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
                let link = open.get().and_then(|name| links.with(|links| links.iter().find(|link| link.name == name).cloned()))?;
                Some(view! { <EvidenceView link=link of=place.clone() opened=opened/> })
            })}
        </div>
    }
}

/// Where a link's word comes from: a sheet at the foot of the page, so that the lane does not jump.
#[component]
fn EvidenceView(
    link: Link,
    of: String,
    opened: RwSignal<Option<(String, LinkName)>>,
) -> impl IntoView {
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
