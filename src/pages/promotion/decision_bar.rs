//! The bar at the bottom of the promotion page: the decision, or why it is not possible.

use crate::data::PromotionCard;
use leptos::prelude::*;
use model::promotion::PromotionState;

use super::approval::Approval;
use crate::components::bar_class;
use crate::state::session::{Auth, is_framed, sign_in_href};
use crate::state::{Live, SessionState};
use crate::view_ext::{bool_signal, dynamic, on_click, text_signal};

/// Renders the bar for a card.
pub fn render_bar(card: &PromotionCard, approval: Approval) -> AnyView {
    let class = bar_class();
    let session = expect_context::<SessionState>();
    if card.state != PromotionState::Open {
        let back = format!("p/{}", card.pipeline);
        let word = if card.state == PromotionState::Merged {
            "It is merged."
        } else {
            "It was closed without a merge."
        };
        return view! { class=class,
            <section class="bar" aria-label="Your decision">
                <p class="what">{word}" "<a href=back>"Back to the lane"</a></p>
            </section>
        }
        .into_any();
    }
    let live = expect_context::<Live>();
    let permission_why = [&card.approve_and_merge, &card.approve]
        .into_iter()
        .find_map(|permission| permission.why.clone());
    let why = move || live.why_stale().or_else(|| permission_why.clone());
    let head = card.head.short().to_owned();
    let decision = Decision::new(card, approval);
    let content = move || match session.auth() {
        Auth::User(viewer) => {
            let decision = decision.clone();
            view! { class=class,
                <p class="what">
                    "You approve "<b class="mono" data-testid="head">
                        {head.clone()}
                    </b>" as "<b>{format!("@{}", viewer.login)}</b>". If it moves, nothing happens."
                </p>
                {why()
                    .map(|why| {
                        view! { class=class,
                            <p class="why" data-testid="why">
                                {why}
                            </p>
                        }
                    })}
                {dynamic(move || {
                    if approval.refusing.get() { decision.refusal() } else { decision.buttons() }
                })}
            }
            .into_any()
        }
        _ => view! { class=class,
            <p class="what">
                "Sign in with GitHub to approve or refuse "<b class="mono">{head.clone()}</b>
                ", as yourself."
            </p>
            <div class="buttons">
                <a
                    class="button solid"
                    data-testid="sign-in-to-act"
                    rel="external"
                    target=is_framed().then_some("weft-sign-in")
                    href=sign_in_href()
                >
                    "Sign in"
                </a>
            </div>
        }
        .into_any(),
    };
    view! { class=class,
        <section class="bar" data-testid="bar" aria-label="Your decision">
            {dynamic(content)}
        </section>
    }
    .into_any()
}

/// The decision on one card: its intent and what the viewer is permitted to do.
#[derive(Clone)]
struct Decision {
    approval: Approval,
    session: SessionState,
    live: Live,
    intent: Option<String>,
    approve_and_merge: bool,
    approve: bool,
    merge: bool,
    refuse: bool,
}

impl Decision {
    fn new(card: &PromotionCard, approval: Approval) -> Self {
        Self {
            approval,
            session: expect_context(),
            live: expect_context(),
            intent: card.intent.clone(),
            approve_and_merge: card.approve_and_merge.allowed,
            approve: card.approve.allowed,
            merge: card.merge.allowed,
            refuse: card.refuse.allowed,
        }
    }

    /// A button of the bar.
    fn button(
        &self,
        classes: &'static str,
        testid: &'static str,
        allowed: bool,
        press: Box<dyn Fn()>,
        label: AnyView,
    ) -> AnyView {
        let class = bar_class();
        let (approval, live) = (self.approval, self.live);
        let disabled = bool_signal(move || !allowed || approval.busy.get() || !live.fresh());
        view! { class=class,
            <button
                type="button"
                class=classes
                data-testid=testid
                disabled=disabled
                on:click=on_click(press)
            >
                {label}
            </button>
        }
        .into_any()
    }

    /// A handler that approves the head, and merges it if `merge` is set.
    fn on_approve(&self, merge: bool) -> Box<dyn Fn()> {
        let (approval, session, intent) = (self.approval, self.session, self.intent.clone());
        Box::new(move || {
            if let Some(intent) = intent.clone() {
                approval.approve(intent, merge, session.csrf());
            }
        })
    }

    /// The buttons. Where the viewer may only merge, one button does that in place of two.
    fn buttons(&self) -> AnyView {
        let class = bar_class();
        let approval = self.approval;
        let busy_or = move |label: &'static str| {
            dynamic(move || {
                if approval.busy.get() {
                    "Working…"
                } else {
                    label
                }
            })
        };
        let refuse = Box::new(move || approval.refusing.set(true));
        let refuse = self.button("button", "refuse", self.refuse, refuse, "Refuse".into_any());
        let decide = if self.merge && !self.approve {
            let (merge, label) = (self.on_approve(true), busy_or("Merge"));
            vec![self.button("button solid", "merge-only", self.merge, merge, label)]
        } else {
            let (approve, label) = (self.on_approve(false), "Approve".into_any());
            let (both, both_label) = (self.on_approve(true), busy_or("Approve and merge"));
            let allowed = self.approve_and_merge;
            vec![
                self.button("button", "approve-only", self.approve, approve, label),
                self.button(
                    "button solid",
                    "approve-and-merge",
                    allowed,
                    both,
                    both_label,
                ),
            ]
        };
        view! { class=class, <div class="buttons">{refuse} {decide}</div> }.into_any()
    }

    /// The field for the reason of a refusal, and the button that sends it.
    fn refusal(&self) -> AnyView {
        let class = bar_class();
        let (approval, session, intent) = (self.approval, self.session, self.intent.clone());
        let comment = approval.comment;
        let refuse = move || {
            if let Some(intent) = intent.clone() {
                approval.refuse(intent, session.csrf());
            }
        };
        view! { class=class,
            <label class="ask">
                "Why? It is shown on the pull request."
                <textarea
                    class="comment"
                    data-testid="refuse-comment"
                    maxlength="2000"
                    prop:value=text_signal(move || comment.get())
                    on:input=move |event| comment.set(event_target_value(&event))
                ></textarea>
            </label>
            <div class="buttons">
                <button
                    type="button"
                    class="button"
                    on:click=on_click(move || approval.refusing.set(false))
                >
                    "Back"
                </button>
                <button
                    type="button"
                    class="button solid"
                    data-testid="refuse"
                    disabled=bool_signal(move || {
                        comment.read().trim().is_empty() || approval.busy.get()
                    })
                    on:click=on_click(refuse)
                >
                    "Refuse it"
                </button>
            </div>
        }
        .into_any()
    }
}
