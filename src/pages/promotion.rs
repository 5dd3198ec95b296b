//! The approval card, phone first: what would change, whether it is safe, and the one tap.

use std::cell::Cell;

use gloo_timers::future::TimeoutFuture;
use leptos::prelude::*;
use model::EnvironmentName;
use model::api::{ActionResult, Approve, Board, Permission, PromotionCard, Refuse};
use model::chain::VerdictState;
use model::gate::StepState;
use model::promotion::{CheckState, PromotionState};
use model::time::in_words;
use stylers_macro::style_sheet;

use crate::api::{self, Failure};
use crate::components::{Announcer, DemoDrawer, Diff, Header, Notice, Side, Steps};
use crate::held::{Held, on_change, settled, spawn, watch};
use crate::seam::{Listed, flag, part, tap, text};
use crate::state::session::{Auth, framed, sign_in_href};
use crate::state::{Clock, Live, SessionState, use_board};
use crate::words::ago;

/// The promotion page.
#[component]
pub fn PromotionPage(
    /// Owner, repository and number, as in the address.
    at: [String; 3],
) -> impl IntoView {
    view! {
        <Header crumbs=vec![format!("#{}", at[2])]/>
        <Promotion path=format!("api/v1/promotions/{}", at.join("/"))/>
        <DemoDrawer/>
    }
}

/// What the page holds besides the card.
#[derive(Clone, Copy)]
struct Act {
    card: Held<Option<PromotionCard>>,
    failure: Held<Option<Failure>>,
    said: Held<String>,
    moved: Held<bool>,
    busy: Held<bool>,
    /// Kept here, since the bar is drawn anew with every new card.
    refusing: Held<bool>,
    comment: Held<String>,
}

#[component]
fn Promotion(path: String) -> impl IntoView {
    let class = style_sheet!("style/promotion.css");
    let session = expect_context::<SessionState>();
    let act = Act {
        card: Held::new(None),
        failure: Held::new(None),
        said: Held::new(String::new()),
        moved: Held::new(false),
        busy: Held::new(false),
        refusing: Held::new(false),
        comment: Held::new(String::new()),
    };
    let asked = Held::new(path.clone());
    let read = move || {
        let path = asked.peek();
        spawn(async move {
            match api::get::<PromotionCard>(&path).await {
                Ok(card) => {
                    act.failure.set(None);
                    act.card.set(Some(card));
                }
                Err(failure) => act.failure.set(Some(failure)),
            }
        });
    };
    // Who is signed in decides what the card may offer; an intent ends after some minutes.
    watch(move || {
        session.login();
        read();
    });
    spawn(async move {
        loop {
            TimeoutFuture::new(120_000).await;
            if act.card.gone() {
                return;
            }
            read();
        }
    });
    let pipeline = settled(move || {
        let card = act.card.get();
        card.as_ref()
            .as_ref()
            .map(|card| card.pipeline.to_string())
            .unwrap_or_default()
    });
    view! { class=class,
        <main class="page">
            <Announcer says=text(move || act.said.value())/>
            {part(move || act.failure.map(|failure| view! { <Notice sentence=failure.sentence()/> }))}
            {part(move || act.moved.get().then(|| view! { <Notice sentence="It moved while you were reading. Nothing was done; this is the new state. Read it before you tap again.".to_owned()/> }))}
            {part(move || match act.card.get().as_ref() {
                Some(card) => shown(card),
                None => view! { class=class, <div class="skeleton" aria-hidden="true"></div> }.into_any(),
            })}
        </main>
        {part(move || (!pipeline.get().is_empty()).then(|| follow(act, read)))}
        {part(move || act.card.map(|card| bar(card, &path, act)))}
    }
}

/// Reads the card again whenever the board tells of something that it shows.
fn follow(act: Act, read: impl Fn() + 'static) {
    let card = act.card.peek();
    let Some(card) = card.as_ref() else {
        return;
    };
    let held = use_board(&card.pipeline);
    let environment = card.environment.clone();
    let seen = settled(move || {
        let board = held.board.get();
        board
            .as_ref()
            .as_ref()
            .map(|board| told(board, &environment))
            .unwrap_or_default()
    });
    let known = Cell::new(false);
    on_change(seen, move || {
        if known.replace(true) && !*act.busy.peek() {
            read();
        }
    });
}

/// What a card into `environment` shows of a board, as a text to compare.
fn told(board: &Board, environment: &EnvironmentName) -> String {
    let mut told = String::new();
    for environment in &board.environments {
        told.push_str(environment.verdict.state.word());
        told.push_str(&environment.verdict.sentence);
        told.push_str(&environment.release.label());
    }
    for gate in board.gates.iter().filter(|gate| gate.to == *environment) {
        told.push_str(&gate.sentence);
        if let Some(promotion) = &gate.promotion {
            told.push_str(promotion.head.as_str());
            for login in &promotion.approved_by {
                told.push_str(login);
            }
        }
        for step in &gate.steps {
            told.push(match step.state {
                StepState::Done => '✓',
                StepState::Now => '…',
                StepState::Failed => '✕',
                StepState::Next => '○',
            });
        }
    }
    told
}

/// The card; a copy of what it shows would be more code to load.
fn shown(card: &PromotionCard) -> AnyView {
    let class = style_sheet!("style/card.css");
    let clock = expect_context::<Clock>();
    let merged = card.state == PromotionState::Merged;
    let (from, to) = if merged {
        ("serves", "was promoted")
    } else {
        ("serves", "would serve")
    };
    let places = match card.targets {
        0 | 1 => String::new(),
        more => format!("{more} targets · "),
    };
    let warning = if card.user_facing {
        format!("{places}users see this")
    } else {
        places.trim_end_matches(" · ").to_owned()
    };
    let line = |icon: &'static str, tint: &'static str, text: String, aside: String| {
        view! { class=class, <li class="row"><span class=tint aria-hidden="true">{icon}</span><span class="text">{text}</span><span class="aside">{aside}</span></li> }
    };
    let evidence = card
        .evidence
        .iter()
        .map(|one| {
            let (icon, tint) = if one.ok {
                ("✓", "ok")
            } else {
                ("✕", "bad")
            };
            line(
                icon,
                tint,
                one.sentence.clone(),
                ago(one.at, clock.now_untracked()),
            )
        })
        .listed();
    let checks = card
        .checks
        .iter()
        .map(|check| {
            let (icon, tint) = match check.state {
                CheckState::Passed => ("✓", "ok"),
                CheckState::Failed => ("✕", "bad"),
                CheckState::Pending => ("○", "soft"),
            };
            line(
                icon,
                tint,
                check.name.clone(),
                if check.required {
                    "required".into()
                } else {
                    String::new()
                },
            )
        })
        .listed();
    let reviews = card
        .reviews
        .iter()
        .map(|review| {
            let (icon, tint, word) = if review.approves {
                ("✓", "ok", "approved")
            } else {
                ("✕", "bad", "asks for changes")
            };
            let counts = if review.counts {
                ""
            } else {
                " (does not count)"
            };
            line(
                icon,
                tint,
                match &review.comment {
                    Some(comment) => format!("@{} {word}{counts}: {comment}", review.login),
                    None => format!("@{} {word}{counts}", review.login),
                },
                ago(Some(review.at), clock.now_untracked()),
            )
        })
        .listed();
    let files = card
        .files
        .iter()
        .map(|file| view! { <Diff path=file.path.clone() patch=file.patch.clone()/> })
        .listed();
    let commits = (!card.commits.is_empty()).then(|| {
        let items = card.commits.iter().take(20).map(|commit| view! { class=class,
            <li class="row"><a class="mono" href=commit.url.clone() target="_blank" rel="noopener">{commit.id.short().to_owned()}</a><span class="text">{commit.headline.clone()}</span><span class="aside">{commit.author.clone()}</span></li>
        }).listed();
        view! { class=class, <details class="commits"><summary class="summary">{format!("{} commits between the releases", card.commits.len())}</summary><ul class="rows">{items}</ul></details> }
    });
    let head = format!(
        "head {}{}",
        card.head.short(),
        card.head_by
            .as_ref()
            .map(|by| format!(", pushed by {by}"))
            .unwrap_or_default()
    );
    let broken = matches!(
        card.verdict.state,
        VerdictState::Failed | VerdictState::Drifted | VerdictState::Stale
    );
    let now = card.verdict.sentence.clone();
    view! { class=class,
        <div class=if card.user_facing { "env user_facing" } else { "env" } data-testid="banner"><h1 class="name"><span class="hidden">{card.title.clone()}". "</span>{card.environment.to_string()}</h1><span>{warning}</span></div>
        <div class="go">
            <Side label=format!("{} {from}", card.environment) release=card.from.clone()/>
            <span class="arrow" aria-hidden="true">"→"</span>
            <Side label=to.to_owned() release=card.to.clone()/>
        </div>
        {(merged || broken).then(|| view! { class=class,
            <section class="part" data-testid="follow"><h2 class="heading">{format!("{} now", card.environment)}</h2><p class=if broken { "text bad" } else { "text" }>{now}</p>
                {(!card.steps.is_empty()).then(|| view! { <Steps steps=card.steps.clone()/> })}</section>
        })}
        <section class="part" data-testid="evidence"><h2 class="heading">{format!("Evidence from {}", card.evidence_from)}</h2><ul class="rows">{evidence}</ul></section>
        <section class="part"><h2 class="heading">"What changes"</h2>
            {card.compare_url.clone().map(|url| view! { class=class, <p class="text"><a href=url target="_blank" rel="noopener">"Compare the releases on GitHub"</a></p> })}
            {files}{commits}</section>
        <section class="part"><h2 class="heading"><a href=card.url.clone() target="_blank" rel="noopener">{format!("Pull request #{}", card.number)}</a></h2>
            <ul class="rows">{checks}{reviews}
                {line("○", "soft", card.missing.clone(), String::new())}
                {line("⌁", "soft", head, card.head_at.map(|at| format!("{} ago", in_words(clock.now_untracked().since(at)))).unwrap_or_default())}
            </ul></section>
    }
    .into_any()
}

/// The foot: what may be done, or why not.
fn bar(card: &PromotionCard, path: &str, act: Act) -> AnyView {
    let class = super::foot();
    let session = expect_context::<SessionState>();
    let live = expect_context::<Live>();
    let (refusing, comment) = (act.refusing, act.comment);
    if card.state != PromotionState::Open {
        let back = format!("p/{}/{}", card.pipeline.namespace, card.pipeline.name);
        let word = if card.state == PromotionState::Merged {
            "It is merged."
        } else {
            "It was closed without a merge."
        };
        return view! { class=class, <section class="bar" aria-label="Your decision"><p class="what">{word}" "<a href=back>"Back to the lane"</a></p></section> }.into_any();
    }
    let intent = card.intent.clone();
    let done = move |answer: Result<ActionResult, Failure>| {
        act.busy.set(false);
        match answer {
            Ok(result) => {
                act.moved.set(false);
                act.refusing.set(false);
                act.failure.set(None);
                act.said.set(result.sentence);
                if let Some(card) = result.card {
                    act.card.set(Some(*card));
                }
            }
            Err(Failure::Refused(problem)) if problem.card.is_some() => {
                act.moved.set(true);
                act.said.set(problem.detail.clone());
                act.card.set(problem.card.map(|card| *card));
            }
            Err(failure) => {
                act.said.set(failure.sentence());
                act.failure.set(Some(failure));
            }
        }
    };
    let send_intent = intent.clone();
    let approve_path = format!("{path}/approve");
    let approve = move |merge: bool| {
        let (Some(intent), path, csrf) =
            (send_intent.clone(), approve_path.clone(), session.csrf())
        else {
            return;
        };
        act.busy.set(true);
        spawn(async move {
            done(
                api::send(
                    "POST",
                    &path,
                    csrf.as_deref(),
                    &Approve {
                        intent,
                        comment: None,
                        merge,
                    },
                )
                .await,
            );
        });
    };
    let refuse_path = format!("{path}/refuse");
    let refuse = move |_| {
        let (Some(intent), path, csrf) = (intent.clone(), refuse_path.clone(), session.csrf())
        else {
            return;
        };
        act.busy.set(true);
        let comment = comment.peek().as_ref().clone();
        spawn(async move {
            done(api::send("POST", &path, csrf.as_deref(), &Refuse { intent, comment }).await);
        });
    };
    let off = move |permit: &Permission| !permit.allowed || *act.busy.get() || !live.fresh();
    let why = {
        let why = [&card.approve_and_merge, &card.approve]
            .into_iter()
            .find_map(|permit| permit.why.clone());
        move || {
            if !live.fresh() {
                return Some(
                    "The page has not heard from Weft for a while; actions are off until it does."
                        .to_owned(),
                );
            }
            why.clone()
        }
    };
    let head = card.head.short().to_owned();
    let (both, only, merge_only, no) = (
        card.approve_and_merge.clone(),
        card.approve.clone(),
        card.merge.clone(),
        card.refuse.clone(),
    );
    let buttons = move || {
        let (both, only, merge_only, no) =
            (both.clone(), only.clone(), merge_only.clone(), no.clone());
        let (first, second, third) = (approve.clone(), approve.clone(), approve.clone());
        let merge_instead = merge_only.allowed && !only.allowed;
        view! { class=class,
            <div class="buttons">
                <button type="button" class="button" data-testid="refuse" disabled=flag(move || off(&no)) on:click=tap(move || refusing.set(true))>"Refuse"</button>
                {(!merge_instead).then(|| view! { class=class,
                    <button type="button" class="button" data-testid="approve-only" disabled=flag(move || off(&only)) on:click=tap(move || first(false))>"Approve"</button>
                    <button type="button" class="button solid" data-testid="approve-and-merge" disabled=flag(move || off(&both)) on:click=tap(move || second(true))>{part(move || if *act.busy.get() { "Working…" } else { "Approve and merge" })}</button>
                })}
                {merge_instead.then(|| view! { class=class,
                    <button type="button" class="button solid" data-testid="merge-only" disabled=flag(move || off(&merge_only)) on:click=tap(move || third(true))>{part(move || if *act.busy.get() { "Working…" } else { "Merge" })}</button>
                })}
            </div>
        }
    };
    view! { class=class,
        <section class="bar" data-testid="bar" aria-label="Your decision">
            {part(move || match session.auth() {
                Auth::User(viewer) => {
                    let (refuse, buttons) = (refuse.clone(), buttons.clone());
                    view! { class=class,
                        <p class="what">"You approve "<b class="mono" data-testid="head">{head.clone()}</b>" as "<b>{format!("@{}", viewer.login)}</b>". If it moves, nothing happens."</p>
                        {why().map(|why| view! { class=class, <p class="why" data-testid="why">{why}</p> })}
                        {part(move || if *refusing.get() {
                            let refuse = refuse.clone();
                            view! { class=class,
                                <label class="ask">"Why? It is shown on the pull request."<textarea class="comment" data-testid="refuse-comment" maxlength="2000" prop:value=text(move || comment.value()) on:input=move |event| comment.set(event_target_value(&event))></textarea></label>
                                <div class="buttons">
                                    <button type="button" class="button" on:click=tap(move || refusing.set(false))>"Back"</button>
                                    <button type="button" class="button solid" data-testid="refuse" disabled=flag(move || comment.get().trim().is_empty() || *act.busy.get()) on:click=refuse>"Refuse it"</button>
                                </div>
                            }.into_any()
                        } else {
                            buttons().into_any()
                        })}
                    }.into_any()
                }
                _ => view! { class=class,
                    <p class="what">"Sign in with GitHub to approve or refuse "<b class="mono">{head.clone()}</b>", as yourself."</p>
                    <div class="buttons"><a class="button solid" data-testid="sign-in-to-act" rel="external" target=framed().then_some("weft-sign-in") href=sign_in_href()>"Sign in"</a></div>
                }.into_any(),
            })}
        </section>
    }
    .into_any()
}
