//! The four links of an environment, each a button that opens its evidence.

use leptos::prelude::*;
use model::chain::{LinkName, LinkState};
use stylers_macro::style_sheet;

use super::evidence::EvidenceView;
use crate::format::link_icon;
use crate::state::{EnvironmentSignal, OpenEvidence};
use crate::view_ext::{CollectErased, class_signal, dynamic, on_click, text_signal};

/// The chain of one environment.
#[component]
pub fn ChainView(
    environment: EnvironmentSignal,
    /// The name of the environment, for screen readers.
    name: String,
) -> impl IntoView {
    let class = style_sheet!("style/chain.css");
    let open_evidence = expect_context::<OpenEvidence>();
    let links = LinkName::ALL.map(|link_name| {
        let link = move || environment.with(|view| view.link(link_name).cloned());
        let state = move || link().map_or(LinkState::Unknown, |link| link.state);
        let label = move || link().map_or_else(|| link_name.label().to_owned(), |link| link.label);
        let (spoken, at, of) = (name.clone(), name.clone(), name.clone());
        let description = move || {
            let sentence = link().map_or_else(|| "not known yet".to_owned(), |link| link.sentence);
            format!("{spoken}, {}: {sentence}", label())
        };
        view! { class=class,
            <li>
                <button
                    type="button"
                    class=class_signal(class, move || format!("link {}", link_icon(state()).1))
                    aria-label=text_signal(description)
                    aria-expanded=text_signal(move || {
                        (open_evidence.link_of(&at) == Some(link_name)).to_string()
                    })
                    on:click=on_click(move || open_evidence.toggle(&of, link_name))
                >
                    <span class="dot" aria-hidden="true">
                        {dynamic(move || link_icon(state()).0)}
                    </span>
                    <span class="label">{dynamic(label)}</span>
                </button>
            </li>
        }
    });
    view! { class=class,
        <div class="chain">
            <ol class="links">{links.collect_erased()}</ol>
            {dynamic(move || {
                open_evidence
                    .link_of(&name)
                    .map(|link_name| {
                        view! {
                            <EvidenceView
                                environment=environment
                                link_name=link_name
                                name=name.clone()
                            />
                        }
                    })
            })}
        </div>
    }
}
