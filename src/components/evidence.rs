//! The evidence of a link: its object, Flux's message in full, the object's last events, and the offer to
//! reconcile. A sheet at the foot of the page, so that the row does not jump.

use leptos::prelude::*;
use model::api::object::{Events, ObjectEvent};
use model::chain::{Evidence, Link, LinkName};
use model::flux::ClusterObject;
use stylers_macro::style_sheet;

use super::reconcile::ReconcileNow;
use crate::api::{self, ApiError};
use crate::erased::{ErasedSignal, effect, every, memo, spawn_local, track};
use crate::format::ago;
use crate::router::encode_query;
use crate::state::{Clock, EnvironmentSignal, OpenEvidence};
use crate::view_ext::{CollectErased, dynamic, on_click};

/// The note in place of events before the first answer.
const READING: &str = "Reading the last events…";

/// The interval at which the events are read while the evidence is open, in milliseconds: no event of the stream
/// announces them.
const POLL_INTERVAL: u32 = 3_000;

/// What the cluster says about the object: its last events, and its page.
#[derive(Clone, Copy, Default)]
struct ObjectDetails {
    events: ErasedSignal<Vec<ObjectEvent>>,
    /// Why there are no events to show.
    why: ErasedSignal<String>,
    dashboard: ErasedSignal<Option<String>>,
}

impl ObjectDetails {
    /// Takes an answer. Signals whose value is the same are not set, so that a selection of text survives.
    fn update(self, answer: Result<Events, ApiError>) {
        match answer {
            Ok(answer) => {
                self.events.set_if_changed(answer.events);
                self.why.set(answer.why.unwrap_or_default());
                self.dashboard.set_if_changed(answer.dashboard);
            }
            Err(error) => self.why.set(error.sentence()),
        }
    }
}

/// The evidence of one link of an environment.
#[component]
pub fn EvidenceView(
    environment: EnvironmentSignal,
    link_name: LinkName,
    /// The name of the environment.
    name: String,
) -> impl IntoView {
    let class = style_sheet!("style/evidence.css");
    let clock = expect_context::<Clock>();
    let open_evidence = expect_context::<OpenEvidence>();
    let link = move || environment.with(|view| view.link(link_name).cloned());
    let evidence = move || link().and_then(|link| link.evidence);
    // Memos, so that a new board with the same evidence renders nothing again and a selection of text survives.
    let content = memo(move || link().map(content_of).unwrap_or_default());
    let query = memo(move || {
        evidence()
            .as_ref()
            .and_then(object_query)
            .unwrap_or_default()
    });
    let details = ObjectDetails {
        why: ErasedSignal::new(READING.to_owned()),
        ..ObjectDetails::default()
    };
    let path = ErasedSignal::new(environment.api_path(&name).unwrap_or_default());
    let read = move || {
        let requested = query.get_untracked();
        if requested.is_empty() {
            return;
        }
        let path = format!("{}/events?{requested}", path.read_untracked());
        spawn_local(async move {
            let answer = api::get::<Events>(&path).await;
            // An answer about another object is dropped.
            if !details.why.is_disposed() && query.get_untracked() == requested {
                details.update(answer);
            }
        });
    };
    effect(move || {
        track(query);
        read();
    });
    every(POLL_INTERVAL, read);
    let facts = move || {
        track(content);
        let evidence = untrack(evidence)?;
        let object = evidence.subject();
        let Evidence {
            revision,
            condition,
            ..
        } = evidence;
        let row = |name: &'static str, value: Option<String>| {
            value.filter(|value| !value.is_empty()).map(|value| {
                view! { class=class,
                    <div class="pair">
                        <dt>{name}</dt>
                        <dd>{value}</dd>
                    </div>
                }
            })
        };
        Some(view! { class=class,
            {row("object", Some(object))}
            {row("condition", condition)}
            {row("revision", revision)}
        })
    };
    let message = move || {
        track(content);
        let message = untrack(evidence)?.message.filter(|it| !it.is_empty())?;
        Some(view! { class=class,
            <p class="message" data-testid="message">
                {message}
            </p>
        })
    };
    let events = move || {
        let events = details.events.read();
        let items = events.iter().map(|event| {
            let at = event.at;
            let times = if event.count > 1 {
                format!(" ×{}", event.count)
            } else {
                String::new()
            };
            view! { class=class,
                <li class=if event.warning { "event warn" } else { "event" }>
                    <b>{event.reason.clone()}</b>
                    {times}
                    " "
                    <span class="age">{dynamic(move || ago(at, clock.now()))}</span>
                    <p>{event.message.clone()}</p>
                </li>
            }
        });
        items.collect_erased()
    };
    let heading = name.clone();
    view! { class=class,
        <div class="evidence" role="region" aria-label="Evidence" data-testid="evidence-sheet">
            <div class="head">
                <b>
                    {dynamic(move || {
                        format!(
                            "{heading} · {}",
                            link().map(|link| link.label).unwrap_or_default(),
                        )
                    })}
                </b>
                <button
                    type="button"
                    class="close"
                    aria-label="Close the evidence"
                    on:click=on_click(move || open_evidence.close())
                >
                    "✕"
                </button>
            </div>
            <p class="sentence">{dynamic(move || link().map(|link| link.sentence))}</p>
            <dl class="facts">
                {dynamic(facts)} <div class="pair">
                    <dt>"confirmed"</dt>
                    <dd>
                        {dynamic(move || {
                            evidence()
                                .map(|it| {
                                    format!("{}, {}", it.source, ago(it.confirmed_at, clock.now()))
                                })
                        })}
                    </dd>
                </div>
            </dl>
            {dynamic(move || {
                details
                    .dashboard
                    .get()
                    .map(|href| {
                        view! { class=class,
                            <a
                                class="dashboard"
                                data-testid="dashboard"
                                rel="external"
                                target="_top"
                                href=href
                            >
                                "Open in Weave GitOps"
                            </a>
                        }
                    })
            })}
            <details class="details" data-testid="details">
                <summary class="summary">"The whole message and the last events"</summary>
                {dynamic(message)}
                {dynamic(move || {
                    (!query.get().is_empty())
                        .then(|| {
                            view! { class=class,
                                <p class="why">{dynamic(move || details.why.get())}</p>
                            }
                        })
                })}
                <ol data-testid="events">{dynamic(events)}</ol>
            </details>
            <ReconcileNow environment=environment name=name />
        </div>
    }
}

/// Everything that a link says, as one text to compare.
fn content_of(link: Link) -> String {
    let mut parts = vec![link.sentence];
    if let Some(evidence) = link.evidence {
        parts.push(evidence.subject());
        let others = [evidence.condition, evidence.revision, evidence.message];
        parts.extend(others.into_iter().flatten());
    }
    parts.join("\n")
}

/// The query for the events of the evidence's object; `None` where it is no object of a cluster.
fn object_query(evidence: &Evidence) -> Option<String> {
    let ClusterObject { cluster, object } = evidence.object.as_ref()?;
    let object = format!("{}/{}", object.kind.as_str(), object.name);
    Some(encode_query([
        ("cluster", cluster.as_str()),
        ("object", &object),
    ]))
}
