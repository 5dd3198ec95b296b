//! Four ticks, one for each link; each opens its evidence.

use leptos::prelude::*;
use model::chain::{LinkName, LinkState};
use stylers_macro::style_sheet;

use super::evidence::EvidenceView;
use super::lane::Place;
use crate::held::Held;
use crate::keys::on_key;
use crate::seam::{Listed, looks, part, tap, text};
use crate::words::tick;

/// The tick whose evidence is open, one at a time on a lane: the environment and the link.
type Opened = Option<(String, LinkName)>;

/// What is open on a lane, shared by its chains.
#[derive(Clone, Copy)]
pub struct OpenTick(Held<Opened>);

impl OpenTick {
    /// Closes what is open.
    pub fn close(self) {
        self.0.set(None);
    }

    /// Opens the evidence of a link.
    pub fn open(self, of: &str, name: LinkName) {
        self.0.set(Some((of.to_owned(), name)));
    }
}

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
        let link = move || place.environment(|environment| environment.links.iter().find(|link| link.name == name).cloned());
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
            <ol class="ticks">{ticks.listed()}</ol>
            {part(move || open(&opened.get()).map(|name| view! { <EvidenceView place=place name=name of=of.clone()/> }))}
        </div>
    }
}
