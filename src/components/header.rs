//! The bar over every page: breadcrumbs, live status, theme and account.

use crate::data::Viewer;
use leptos::prelude::*;
use stylers_macro::style_sheet;

use super::help::Help;
use crate::format::last_seen;
use crate::state::session::{Auth, is_framed, sign_in_href};
use crate::state::{Clock, Live, LiveStatus, SessionState, Theme};
use crate::view_ext::{CollectErased, class_signal, dynamic, on_click, text_signal};

/// The bar at the top: where one is, whether the page is live, and the account.
#[component]
pub fn Header(
    /// The breadcrumbs after the first, which is always the board.
    crumbs: Vec<String>,
) -> impl IntoView {
    let class = style_sheet!("style/header.css");
    let live = expect_context::<Live>();
    let clock = expect_context::<Clock>();
    let theme = expect_context::<Theme>();
    let status = move || match live.status() {
        LiveStatus::Connecting => ("dot", "Connecting".to_owned()),
        LiveStatus::Live => ("dot on", "Live".to_owned()),
        LiveStatus::Reconnecting => ("dot off", "Reconnecting".to_owned()),
        LiveStatus::LastSeen(at) => ("dot off", last_seen(clock.now().since(at))),
    };
    let title = match crumbs.last() {
        Some(last) => format!("{last} · Promotions"),
        None => "Promotions".to_owned(),
    };
    document().set_title(&title);
    let crumbs = crumbs
        .into_iter()
        .map(|crumb| view! { class=class, <span>" / "{crumb}</span> });
    let crumbs = crumbs.collect_erased();
    view! { class=class,
        <header class="top">
            {(!is_framed())
                .then(|| {
                    view! { class=class,
                        <a class="brand" href="./">
                            "weft"
                        </a>
                    }
                })} <nav class="crumbs" aria-label="Where you are">
                <a href="./">"Promotions"</a>
                {crumbs}
            </nav> <span class="live" data-testid="live-status" role="status">
                <i class=class_signal(class, move || status().0) aria-hidden="true"></i>
                {dynamic(move || status().1)}
            </span>
            <button
                type="button"
                class="icon"
                aria-label=text_signal(move || {
                    if theme.dark() {
                        "Change to the light theme"
                    } else {
                        "Change to the dark theme"
                    }
                })
                on:click=on_click(move || theme.toggle())
            >
                {dynamic(move || if theme.dark() { "☀" } else { "☾" })}
            </button> <Account /> <Help />
        </header>
    }
}

#[component]
fn Account() -> impl IntoView {
    let class = style_sheet!("style/account.css");
    let session = expect_context::<SessionState>();
    dynamic(move || match session.auth() {
        Auth::Loading => view! { class=class, <span class="account"></span> }.into_any(),
        Auth::Anonymous => view! { class=class,
            <a
                class="button"
                data-testid="sign-in"
                rel="external"
                target=is_framed().then_some("weft-sign-in")
                href=sign_in_href()
            >
                "Sign in"
            </a>
        }
        .into_any(),
        Auth::User(Viewer {
            login, avatar_url, ..
        }) => view! { class=class,
            <span class="account" data-testid="viewer">
                {avatar_url
                    .map(|url| {
                        view! { class=class,
                            <img class="avatar" src=url alt="" width="28" height="28" />
                        }
                    })}
                <span class="login">{format!("@{login}")}</span>
                <button
                    type="button"
                    class="quiet"
                    data-testid="sign-out"
                    on:click=on_click(move || session.sign_out())
                >
                    "Sign out"
                </button>
            </span>
        }
        .into_any(),
    })
}
