//! One environment: what it serves, and whether that is proven.

use crate::data::EnvironmentView;
use leptos::prelude::*;
use model::Colour;
use model::chain::VerdictState;
use stylers_macro::style_sheet;

use super::chain::ChainView;
use crate::erased::memo;
use crate::format::{ago, capitalize, release_summary, verdict_icon};
use crate::state::{Clock, EnvironmentSignal, OpenEvidence};
use crate::view_ext::{class_signal, dynamic, on_click, text_signal};

/// The colour of an environment whose app does not answer.
const NO_ANSWER: Colour = Colour::new(0x5c, 0x63, 0x70);

/// The longest version, in letters, that is written large; tags of branches are longer.
const MAX_LARGE: usize = 8;

/// The verdict in words, such as `Proven`, `Failed at helm` or `Rolling 1.1.7`.
pub fn verdict_words(view: &EnvironmentView) -> String {
    let state = view.verdict.state;
    let broken_link = view.verdict.breaks_at.and_then(|name| view.link(name));
    match (state, broken_link) {
        (VerdictState::Failed, Some(link)) => format!("Failed at {}", link.label),
        (VerdictState::Rolling, _) => view.desired.as_ref().map_or_else(
            || "Rolling".to_owned(),
            |desired| {
                let short = model::release::branch_of(desired).unwrap_or(desired);
                format!("Rolling {short}")
            },
        ),
        _ => capitalize(state.word()),
    }
}

/// An environment of the pipeline: colour, version, verdict and chain.
#[component]
pub fn EnvironmentCard(environment: EnvironmentSignal) -> impl IntoView {
    let class = style_sheet!("style/environment.css");
    let clock = expect_context::<Clock>();
    let open_evidence = expect_context::<OpenEvidence>();
    let (name, link) =
        untrack(move || environment.with(|view| (view.name.to_string(), view.link.clone())));
    let verdict_icon = move || environment.with(|view| verdict_icon(view.verdict.state));
    let colour = move || {
        environment
            .with(|view| view.release.colour)
            .unwrap_or(NO_ANSWER)
    };
    let sentence = move || {
        environment.with(|view| {
            (view.verdict.state != VerdictState::Proven).then(|| view.verdict.sentence.clone())
        })
    };
    let broken_link = move || environment.with(|view| view.verdict.breaks_at);
    // A memo, so that the button stays, and keeps the focus, as long as any link is broken.
    let broken = memo(move || {
        broken_link()
            .map(|_| "broken")
            .unwrap_or_default()
            .to_owned()
    });
    let (of, spoken) = (name.clone(), name.clone());
    let show = move || {
        if let Some(link) = untrack(broken_link) {
            open_evidence.open(&of, link);
        }
    };
    let evidence = move || {
        let show = show.clone();
        (!broken.get().is_empty()).then(|| {
            view! { class=class,
                <button
                    type="button"
                    class="why"
                    data-testid=format!("why-{spoken}")
                    aria-label=format!("Show the evidence of {spoken}")
                    on:click=on_click(show)
                >
                    "Show the evidence"
                </button>
            }
        })
    };
    let commit_status = move || environment.with(|view| view.commit_status.clone());
    let version = move || environment.with(|view| view.release.label());
    let of = name.clone();
    let description = move || {
        environment.with(|view| match view.release.colour {
            Some(colour) => format!("{of} shows {} {colour}", colour.name()),
            None => format!("{of} shows no colour"),
        })
    };
    view! { class=class,
        <article
            class=class_signal(class, move || format!("environment {}", verdict_icon().1))
            data-testid=format!("environment-{name}")
            data-verdict=text_signal(move || environment.with(|view| view.verdict.state.word()))
            aria-label=name.clone()
        >
            <div
                class="swatch"
                data-testid=format!("swatch-{name}")
                data-colour=text_signal(move || colour().to_string())
                style:background-color=text_signal(move || colour().to_string())
                style:color=text_signal(move || colour().ink().to_string())
            >
                <div class="env">
                    <h2 class="envname">{name.clone()}</h2>
                    {link
                        .map(|href| {
                            view! { class=class,
                                <a
                                    class="open"
                                    href=href
                                    target="_blank"
                                    rel="noopener"
                                    style:color="inherit"
                                    aria-label=format!("Open {name}")
                                >
                                    "↗"
                                </a>
                            }
                        })}
                </div>
                <div>
                    <div
                        class=class_signal(
                            class,
                            move || {
                                if version().chars().count() > MAX_LARGE {
                                    "version long"
                                } else {
                                    "version"
                                }
                            },
                        )
                        data-testid=format!("version-{name}")
                    >
                        {dynamic(version)}
                    </div>
                    <div class="summary">
                        <span class="hidden">{dynamic(description)}". "</span>
                        {dynamic(move || environment.with(|view| release_summary(&view.release)))}
                    </div>
                </div>
            </div>
            <div class="body">
                <p class=class_signal(class, move || format!("verdict {}", verdict_icon().1))>
                    <span aria-hidden="true">{dynamic(move || verdict_icon().0)}</span>
                    " "
                    {dynamic(move || environment.with(verdict_words))}
                </p>
                <ChainView environment=environment name=name.clone() />
                {dynamic(move || {
                    sentence()
                        .map(|sentence| view! { class=class, <p class="sentence">{sentence}</p> })
                })}
                {dynamic(move || {
                    commit_status()
                        .map(|sentence| {
                            view! { class=class,
                                <p class="disagrees" data-testid="commit-status-disagrees">
                                    <span aria-hidden="true">"⚠ "</span>
                                    {sentence}
                                </p>
                            }
                        })
                })}
                {dynamic(evidence)}
                <p class="foot">
                    <span class="note">
                        {dynamic(move || environment.with(|view| view.note.clone()))}
                    </span>
                    <span>
                        {dynamic(move || {
                            environment
                                .with(|view| format!("seen {}", ago(view.seen_at, clock.now())))
                        })}
                    </span>
                </p>
            </div>
        </article>
    }
}
