//! The page that starts a release: its colour and versions, the edits as they would be pushed, and the button.

mod fields;
mod form;
mod start_bar;

use leptos::prelude::*;
use model::api::ReleaseValues;
use model::pipeline::PipelineName;
use model::{AppVersion, Release};
use stylers_macro::style_sheet;

use self::fields::ReleaseFields;
use self::form::ReleaseForm;
use self::start_bar::render_bar;
use crate::components::{Alert, Announcer, DemoDrawer, Diff, Header, ReleaseCard};
use crate::erased::effect;
use crate::router::Router;
use crate::state::SessionState;
use crate::view_ext::{CollectErased, bool_signal, class_signal, dynamic, text_signal};

/// The release page.
#[component]
pub fn ReleasePage(name: PipelineName) -> impl IntoView {
    view! {
        <Header crumbs=vec![name.namespace.clone(), name.name.clone(), "release".to_owned()] />
        <ReleaseEditor name=name />
        <DemoDrawer />
    }
}

#[component]
fn ReleaseEditor(name: PipelineName) -> impl IntoView {
    let class = style_sheet!("style/release.css");
    let session = expect_context::<SessionState>();
    let form = ReleaseForm::new(&name, expect_context::<Router>());
    // Whether the viewer may start it depends on who is signed in.
    effect(move || {
        session.login();
        untrack(|| form.read(0));
    });
    let subtitle = move || {
        form.plan.map(|plan| {
            let (was, next) = (&plan.was.chart_version, &plan.values.chart_version);
            format!(": chart {was} → {next}")
        })
    };
    let started = bool_signal(move || form.started.with(Option::is_some));
    let change = move || {
        let label = if started.get() {
            "in the pull request"
        } else {
            "would be released"
        };
        form.plan.map(|plan| {
            let release = |values: &ReleaseValues, colour| Release {
                chart: Some(values.chart_version.clone()),
                app: Some(AppVersion(values.version.clone())),
                image_tag: None,
                colour,
            };
            view! { class=class,
                <ReleaseCard
                    label="released last".to_owned()
                    release=release(&plan.was, Some(plan.was.colour))
                />
                <span class="arrow" aria-hidden="true">
                    "→"
                </span>
                <ReleaseCard label=label.to_owned() release=release(&plan.values, form.colour()) />
            }
        })
    };
    let edits = move || {
        let plan = form.plan.read();
        let Some(plan) = plan.as_ref() else {
            return view! { class=class, <div class="skeleton" aria-hidden="true"></div> }
                .into_any();
        };
        let edits = plan.edits.iter().map(|edit| {
            view! { class=class,
                <div class="edit">
                    <p class="why">{edit.why.clone()}</p>
                    <Diff path=edit.path.clone() patch=edit.patch.clone() />
                </div>
            }
        });
        let edits = edits.collect_erased();
        let base = plan.base.short().to_owned();
        let written = if started.get() {
            "This is what was pushed."
        } else {
            "Nothing is written before you tap."
        };
        view! { class=class,
            <p class="note">{format!("Four edits on {} at {base}. {written}", plan.base_ref)}</p>
            {edits}
        }
        .into_any()
    };
    let pipeline_href = format!("p/{name}");
    let pipeline = name.clone();
    view! { class=class,
        <main class="page">
            <Announcer text=text_signal(move || form.message.get()) />
            <div class="heading">
                <h1 class="title">
                    {dynamic(move || {
                        if started.get() { "Release started" } else { "Start a release" }
                    })}
                </h1>
                <p class="subtitle">
                    <a href=pipeline_href.clone()>{name.name.clone()}</a>
                    {dynamic(subtitle)}
                </p>
            </div>
            {dynamic(move || {
                Some(form.error.get())
                    .filter(|it| !it.is_empty())
                    .map(|it| view! { <Alert sentence=it /> })
            })}
            <div class="columns">
                <div class="left">
                    <div class="change" data-testid="preview">
                        {dynamic(change)}
                    </div>
                    {dynamic(move || {
                        (!started.get())
                            .then(|| view! { <ReleaseFields form=form name=pipeline.clone() /> })
                    })}
                </div>
                <section
                    class=class_signal(
                        class,
                        move || {
                            if form.invalid.read().is_empty() {
                                "part plan"
                            } else {
                                "part plan dim"
                            }
                        },
                    )
                    data-testid="plan"
                    aria-label="What would be pushed"
                >
                    {dynamic(edits)}
                </section>
            </div>
        </main>
        {render_bar(form, pipeline_href)}
    }
}
