//! The bar at the bottom of the release page: the button that starts the release, or why it is not possible.

use leptos::prelude::*;
use model::api::ReleaseStarted;

use super::form::ReleaseForm;
use crate::components::bar_class;
use crate::state::session::{Auth, is_framed, sign_in_href};
use crate::state::{Live, SessionState};
use crate::view_ext::{bool_signal, dynamic, on_click, text_signal};

/// Renders the bar.
pub fn render_bar(form: ReleaseForm, pipeline_href: String) -> AnyView {
    let class = bar_class();
    let session = expect_context::<SessionState>();
    let live = expect_context::<Live>();
    let why = move || {
        if let Some(why) = live.why_stale() {
            return why;
        }
        if !form.invalid.read().is_empty() {
            return "Nothing can be pushed with these values; the form says why.".to_owned();
        }
        let why = form.plan.map(|plan| plan.start.why.clone());
        why.flatten().unwrap_or_default()
    };
    // What the button does, where it can be pressed.
    let effect = move || {
        let branch = form.plan.map(|plan| plan.branch.clone());
        match branch {
            _ if !why().is_empty() => String::new(),
            Some(branch) => {
                let login = session.login().unwrap_or_default();
                format!("Pushes {branch} and opens its pull request, as @{login}.")
            }
            None => "Reading what would change…".to_owned(),
        }
    };
    let disabled = bool_signal(move || {
        let allowed = form.plan.map(|plan| plan.start.allowed);
        form.busy.get() || form.reading.get() || allowed != Some(true) || !why().is_empty()
    });
    let label = move || {
        if form.busy.get() {
            "Working…"
        } else {
            "Open the pull request"
        }
    };
    let content = move || {
        if let Some(ReleaseStarted {
            number,
            url,
            sentence,
        }) = form.started.get()
        {
            return view! { class=class,
                <p class="what" data-testid="started">
                    {sentence}
                </p>
                <div class="buttons">
                    <a class="button" href=pipeline_href.clone()>
                        "Back to the lane"
                    </a>
                    <a
                        class="button solid"
                        data-testid="pull"
                        href=url
                        target="_blank"
                        rel="noopener"
                    >
                        {format!("Open #{number} on GitHub")}
                    </a>
                </div>
            }
            .into_any();
        }
        if let Auth::User(_) = session.auth() {
            return view! { class=class,
                <p class="what" data-testid="what">
                    {dynamic(effect)}
                </p>
                {dynamic(move || {
                    Some(why())
                        .filter(|why| !why.is_empty())
                        .map(|why| {
                            view! { class=class,
                                <p class="why" data-testid="why">
                                    {why}
                                </p>
                            }
                        })
                })}
                <div class="buttons">
                    <button
                        type="button"
                        class="button solid"
                        data-testid="open-pull-request"
                        disabled=disabled
                        on:click=on_click(move || form.start(session.csrf()))
                    >
                        {dynamic(label)}
                    </button>
                </div>
            }
            .into_any();
        }
        view! { class=class,
            <p class="what">
                "Sign in with GitHub to open the pull request as yourself. What you chose stays."
            </p>
            <div class="buttons">
                <a
                    class="button solid"
                    data-testid="sign-in-to-act"
                    rel="external"
                    target=is_framed().then_some("weft-sign-in")
                    href=text_signal(move || {
                        form.reading.get();
                        sign_in_href()
                    })
                >
                    "Sign in"
                </a>
            </div>
        }
        .into_any()
    };
    view! { class=class,
        <section class="bar wide" data-testid="bar" aria-label="Your decision">
            {dynamic(content)}
        </section>
    }
    .into_any()
}
