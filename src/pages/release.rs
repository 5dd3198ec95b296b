//! Starting a release: its colour and versions, the four edits as they would be, and the one tap.

use gloo_timers::future::TimeoutFuture;
use leptos::prelude::*;
use model::api::{ReleasePlan, ReleaseStarted, ReleaseValues, StartRelease};
use model::pipeline::PipelineName;
use model::{AppVersion, Colour, Release};
use stylers_macro::style_sheet;

use crate::api::{self, Failure};
use crate::components::{Announcer, DemoDrawer, Diff, Header, Notice, Side};
use crate::held::{Held, on_change, settled, spawn, watch};
use crate::router::{Router, escape};
use crate::seam::{Listed, flag, looks, part, tap, text};
use crate::state::session::{Auth, framed, sign_in_href};
use crate::state::{Live, SessionState, use_board};
use crate::words::capital;

/// How long somebody must pause in typing before the plan is read again.
const PAUSE_MS: u32 = 250;

/// What one chooses, as the server's query names it.
const FIELDS: [&str; 3] = ["colour", "version", "chart_version"];
/// The place of the colour in `FIELDS`.
const COLOUR: usize = 0;

/// The text of one field.
fn of(values: &ReleaseValues, field: usize) -> String {
    match field {
        COLOUR => values.colour.to_string(),
        1 => values.version.clone(),
        _ => values.chart_version.to_string(),
    }
}

/// The release page.
#[component]
pub fn ReleasePage(
    /// Of which pipeline.
    name: PipelineName,
) -> impl IntoView {
    view! {
        <Header crumbs=vec![name.namespace.clone(), name.name.clone(), "release".to_owned()]/>
        <ReleaseDesk name=name/>
        <DemoDrawer/>
    }
}

/// What the page holds.
#[derive(Clone, Copy)]
struct Desk {
    router: Router,
    /// The pipeline's address in the API.
    api: Held<String>,
    /// What somebody chose; what nobody touched is the server's proposal.
    chosen: [Held<Option<String>>; FIELDS.len()],
    /// The last plan that could be.
    plan: Held<Option<ReleasePlan>>,
    /// Why what is chosen now cannot be.
    wrong: Held<String>,
    /// The fields that are at fault, as the server's query names them.
    faulty: Held<Vec<String>>,
    /// The environment whose colour was taken.
    taken: Held<String>,
    /// Counts the readings: an answer to an older one is no answer.
    asked: Held<u32>,
    reading: Held<bool>,
    busy: Held<bool>,
    trouble: Held<String>,
    said: Held<String>,
    started: Held<Option<ReleaseStarted>>,
}

impl Desk {
    /// What a field shows.
    fn value(self, field: usize) -> String {
        let chosen = self.chosen[field].value();
        chosen.unwrap_or_else(|| self.proposed(field))
    }

    /// What the plan has for a field.
    fn proposed(self, field: usize) -> String {
        let planned = self.plan.map(|plan| of(&plan.values, field));
        planned.unwrap_or_default()
    }

    /// The colour: what is chosen, as soon as it is one.
    fn colour(self) -> Option<Colour> {
        let chosen = Colour::parse(&self.value(COLOUR)).ok();
        chosen.or_else(|| self.plan.map(|plan| plan.values.colour))
    }

    /// Takes another value for a field.
    fn choose(self, field: usize, value: String) {
        self.chosen[field].set(Some(value));
        self.trouble.set(String::new());
        self.read(PAUSE_MS);
    }

    /// What is chosen, as a query.
    fn query(self) -> String {
        let mut query = String::new();
        for (name, chosen) in FIELDS.iter().zip(self.chosen) {
            if let Some(value) = chosen.peek().as_ref().as_ref().filter(|it| !it.is_empty()) {
                if !query.is_empty() {
                    query.push('&');
                }
                query.push_str(&format!("{name}={}", escape(value)));
            }
        }
        query
    }

    /// Reads what would be pushed, unless it is asked for anew within `pause` (milliseconds).
    fn read(self, pause: u32) {
        // What is being pushed, or was, stays on the page as it is.
        if *self.busy.peek() || self.started.peek().is_some() {
            return;
        }
        let question = *self.asked.peek() + 1;
        self.asked.set(question);
        self.reading.set(true);
        spawn(async move {
            let late = move || self.asked.gone() || *self.asked.peek() != question;
            TimeoutFuture::new(pause).await;
            if late() {
                return;
            }
            let query = self.query();
            let path = format!("{}/release?{query}", self.api.peek());
            let answer = api::get::<ReleasePlan>(&path).await;
            if late() {
                return;
            }
            self.reading.set(false);
            self.router.amend(&query);
            match answer {
                Ok(plan) => {
                    let first = plan.edits.first();
                    let why = first.map(|edit| edit.why.clone()).unwrap_or_default();
                    self.said.set(format!("{}: {why}", plan.branch));
                    self.wrong.set(String::new());
                    self.faulty.set(Vec::new());
                    self.plan.set(Some(plan));
                }
                // A wrong value is no trouble of the server's: there is nothing to quote.
                Err(Failure::Refused(problem)) if problem.code == "refused" => {
                    self.wrong.set(capital(&problem.detail));
                    self.faulty.set(problem.fields);
                }
                Err(failure) => self.wrong.set(failure.sentence()),
            }
        });
    }

    /// Has pushed what the plan shows.
    fn start(self, csrf: Option<String>) {
        let plan = self.plan.peek();
        let Some(ReleasePlan { base, values, .. }) = plan.as_ref() else {
            return;
        };
        let order = StartRelease {
            base: base.clone(),
            colour: values.colour.to_string(),
            version: values.version.clone(),
            chart_version: values.chart_version.to_string(),
        };
        let path = format!("{}/releases", self.api.peek());
        self.busy.set(true);
        self.trouble.set(String::new());
        spawn(async move {
            let answer = api::send::<ReleaseStarted>("POST", &path, csrf.as_deref(), &order).await;
            if self.busy.gone() {
                return;
            }
            self.busy.set(false);
            match answer {
                Ok(started) => {
                    self.said.set(started.sentence.clone());
                    self.started.set(Some(started));
                }
                Err(Failure::Refused(problem)) if problem.code == "base_moved" => {
                    self.trouble.set(
                        "main moved while you were reading. Nothing was pushed; this is the new plan."
                            .to_owned(),
                    );
                    self.read(0);
                }
                Err(failure) => self.trouble.set(failure.sentence()),
            }
        });
    }
}

#[component]
fn ReleaseDesk(name: PipelineName) -> impl IntoView {
    let class = style_sheet!("style/release.css");
    let session = expect_context::<SessionState>();
    let router = expect_context::<Router>();
    let lane = format!("p/{}/{}", name.namespace, name.name);
    let desk = Desk {
        router,
        api: Held::new(format!("api/v1/pipelines/{}/{}", name.namespace, name.name)),
        chosen: FIELDS.map(|field| Held::new(router.asked(field))),
        plan: Held::new(None),
        wrong: Held::new(String::new()),
        faulty: Held::new(Vec::new()),
        taken: Held::new(String::new()),
        asked: Held::new(0),
        reading: Held::new(false),
        busy: Held::new(false),
        trouble: Held::new(String::new()),
        said: Held::new(String::new()),
        started: Held::new(None),
    };
    // Who is signed in decides whether it may be started.
    watch(move || {
        session.login();
        untrack(|| desk.read(0));
    });
    let subtitle = move || {
        desk.plan.map(|plan| {
            let (was, next) = (&plan.was.chart_version, &plan.values.chart_version);
            format!(": chart {was} → {next}")
        })
    };
    let done = flag(move || desk.started.map(|_| ()).is_some());
    let go = move || {
        let next = if done.get() {
            "in the pull request"
        } else {
            "would be released"
        };
        desk.plan.map(|plan| {
            let side = |values: &ReleaseValues, colour| Release {
                chart: Some(values.chart_version.clone()),
                app: Some(AppVersion(values.version.clone())),
                image_tag: None,
                colour,
            };
            view! { class=class,
                <Side label="released last".to_owned() release=side(&plan.was, Some(plan.was.colour))/>
                <span class="arrow" aria-hidden="true">"→"</span>
                <Side label=next.to_owned() release=side(&plan.values, desk.colour())/>
            }
        })
    };
    let edits = move || {
        let plan = desk.plan.get();
        let Some(plan) = plan.as_ref() else {
            return view! { class=class, <div class="skeleton" aria-hidden="true"></div> }
                .into_any();
        };
        let edits = plan.edits.iter().map(|edit| {
            view! { class=class, <div class="edit"><p class="why">{edit.why.clone()}</p><Diff path=edit.path.clone() patch=edit.patch.clone()/></div> }
        });
        let edits = edits.listed();
        let base = plan.base.short().to_owned();
        let written = if done.get() {
            "This is what was pushed."
        } else {
            "Nothing is written before you tap."
        };
        view! { class=class, <p class="note">{format!("Four edits on main at {base}. {written}")}</p>{edits} }.into_any()
    };
    let pipeline = name.clone();
    view! { class=class,
        <main class="page">
            <Announcer says=text(move || desk.said.value())/>
            <div class="heading">
                <h1 class="title">{part(move || if done.get() { "Release started" } else { "Start a release" })}</h1>
                <p class="subtitle"><a href=lane.clone()>{name.name.clone()}</a>{part(subtitle)}</p>
            </div>
            {part(move || Some(desk.trouble.value()).filter(|it| !it.is_empty()).map(|it| view! { <Notice sentence=it/> }))}
            <div class="desk">
                <div class="left">
                    <div class="go" data-testid="preview">{part(go)}</div>
                    {part(move || (!done.get()).then(|| view! { <Form desk=desk name=pipeline.clone()/> }))}
                </div>
                <section
                    class=looks(class, move || if desk.wrong.get().is_empty() { "part plan" } else { "part plan dim" })
                    data-testid="plan"
                    aria-label="What would be pushed"
                >{part(edits)}</section>
            </div>
        </main>
        {bar(desk, lane)}
    }
}

/// A text field of the form, by its place in `FIELDS`.
fn field(class: &'static str, desk: Desk, field: usize, label: &'static str) -> AnyView {
    let name = FIELDS[field];
    let faulty = move || desk.faulty.get().iter().any(|faulty| faulty == name);
    view! { class=class,
        <label class="field">
            <span class="label">{label}<span class="was">{part(move || desk.plan.map(|plan| format!("was {}", of(&plan.was, field))))}</span></span>
            <input class="input" data-testid=name name=name autocomplete="off" autocapitalize="off" spellcheck="false" maxlength="60"
                aria-invalid=text(move || faulty().to_string())
                aria-describedby=text(move || if faulty() { "wrong" } else { "" })
                placeholder=text(move || desk.proposed(field))
                prop:value=text(move || desk.value(field))
                on:input=move |event| desk.choose(field, event_target_value(&event))/>
        </label>
    }
    .into_any()
}

#[component]
fn Form(desk: Desk, name: PipelineName) -> impl IntoView {
    let class = style_sheet!("style/releaseform.css");
    let board = use_board(&name).board;
    // Environments and colours in turn: drawn again only when one of them has changed.
    let shown = settled(move || {
        let mut shown = String::new();
        for environment in board.get().iter().flat_map(|board| &board.environments) {
            if let Some(colour) = environment.release.colour {
                shown.push_str(&format!("{} {colour} ", environment.name));
            }
        }
        shown
    });
    // Automation moves main, too: what it deploys shows on the board.
    on_change(shown, move || desk.read(PAUSE_MS));
    let picked = move || desk.colour().map(|it| it.to_string()).unwrap_or_default();
    let swatches = move || {
        let shown = shown.get();
        let words: Vec<&str> = shown.split_whitespace().collect();
        let swatches = words.chunks_exact(2).map(|pair| {
            let (environment, colour) = (pair[0].to_owned(), pair[1].to_owned());
            let spoken = Colour::parse(&colour).map(Colour::name).unwrap_or_default();
            let (take, mine, whose) = (colour.clone(), colour.clone(), environment.clone());
            // Several may show one colour: it was taken from one.
            let on = text(move || (picked() == mine && *desk.taken.get() == whose).to_string());
            let from = environment.clone();
            view! { class=class,
                <button type="button"
                    class="take"
                    aria-pressed=on
                    data-testid=format!("take-{environment}")
                    on:click=tap(move || {
                        desk.taken.set(from.clone());
                        desk.choose(COLOUR, take.clone());
                    })
                ><i class="dot" style:background-color=colour.clone() aria-hidden="true"></i>{environment.clone()}<span class="hidden">{format!(" shows {spoken} {colour}")}</span></button>
            }
        });
        swatches.listed()
    };
    view! { class=class,
        <section class="part" aria-label="What to release">
            <div class="colour">
                <input type="color" class="picker" data-testid="picker" aria-label="Pick a colour"
                    prop:value=text(picked)
                    on:input=move |event| desk.choose(COLOUR, event_target_value(&event))/>
                {field(class, desk, COLOUR, "Colour")}
            </div>
            <div class="shown" role="group" aria-label="Take a colour that is shown now">
                <p class="hint">"What the environments show now:"</p>
                <div class="swatches">{part(swatches)}</div>
            </div>
            <div class="fields">
                {field(class, desk, 1, "App version")}
                {field(class, desk, 2, "Chart version")}
            </div>
            <p class="wrong" id="wrong" role="alert" data-testid="wrong">{part(move || desk.wrong.value())}</p>
        </section>
    }
}

/// The foot: what the one tap does, or why it cannot be made.
fn bar(desk: Desk, lane: String) -> AnyView {
    let class = super::foot();
    let session = expect_context::<SessionState>();
    let live = expect_context::<Live>();
    let why = move || {
        if !live.fresh() {
            return "The page has not heard from Weft for a while; actions are off until it does."
                .to_owned();
        }
        if !desk.wrong.get().is_empty() {
            return "Nothing can be pushed with these values; the form says why.".to_owned();
        }
        let why = desk.plan.map(|plan| plan.start.why.clone());
        why.flatten().unwrap_or_default()
    };
    // What it does, where it can be done.
    let what = move || {
        let branch = desk.plan.map(|plan| plan.branch.clone());
        match branch {
            _ if !why().is_empty() => String::new(),
            Some(branch) => {
                let login = session.login().unwrap_or_default();
                format!("Pushes {branch} and opens its pull request, as @{login}.")
            }
            None => "Reading what would change…".to_owned(),
        }
    };
    let off = flag(move || {
        let allowed = desk.plan.map(|plan| plan.start.allowed);
        *desk.busy.get() || *desk.reading.get() || allowed != Some(true) || !why().is_empty()
    });
    let word = move || {
        if *desk.busy.get() {
            "Working…"
        } else {
            "Open the pull request"
        }
    };
    let inner = move || {
        if let Some(ReleaseStarted {
            number,
            url,
            sentence,
        }) = desk.started.value()
        {
            return view! { class=class,
                <p class="what" data-testid="started">{sentence}</p>
                <div class="buttons">
                    <a class="button" href=lane.clone()>"Back to the lane"</a>
                    <a class="button solid" data-testid="pull" href=url target="_blank" rel="noopener">{format!("Open #{number} on GitHub")}</a>
                </div>
            }
            .into_any();
        }
        if let Auth::User(_) = session.auth() {
            return view! { class=class,
                <p class="what" data-testid="what">{part(what)}</p>
                {part(move || Some(why()).filter(|why| !why.is_empty()).map(|why| view! { class=class, <p class="why" data-testid="why">{why}</p> }))}
                <div class="buttons"><button type="button" class="button solid" data-testid="open-pull-request" disabled=off on:click=tap(move || desk.start(session.csrf()))>{part(word)}</button></div>
            }
            .into_any();
        }
        view! { class=class,
            <p class="what">"Sign in with GitHub to open the pull request as yourself. What you chose stays."</p>
            <div class="buttons"><a class="button solid" data-testid="sign-in-to-act" rel="external" target=framed().then_some("weft-sign-in") href=text(move || { desk.reading.get(); sign_in_href() })>"Sign in"</a></div>
        }
        .into_any()
    };
    view! { class=class, <section class="bar wide" data-testid="bar" aria-label="Your decision">{part(inner)}</section> }
        .into_any()
}
