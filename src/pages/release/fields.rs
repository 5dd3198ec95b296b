//! The inputs of the release page.

use leptos::prelude::*;
use model::Colour;
use model::pipeline::PipelineName;
use stylers_macro::style_sheet;

use super::form::{CHART_VERSION, COLOUR, DEBOUNCE, FIELDS, ReleaseForm, VERSION, field_text};
use crate::erased::{memo, on_change};
use crate::state::use_board;
use crate::view_ext::{CollectErased, dynamic, on_click, text_signal};

/// A text input for a field, by its index in `FIELDS`.
fn text_input(
    class: &'static str,
    form: ReleaseForm,
    field: usize,
    label: &'static str,
) -> AnyView {
    let name = FIELDS[field];
    let invalid = move || form.invalid_fields.read().iter().any(|field| field == name);
    view! { class=class,
        <label class="field">
            <span class="label">
                {label}
                <span class="was">
                    {dynamic(move || {
                        form.plan.map(|plan| format!("was {}", field_text(&plan.was, field)))
                    })}
                </span>
            </span>
            <input
                class="input"
                data-testid=name
                name=name
                autocomplete="off"
                autocapitalize="off"
                spellcheck="false"
                maxlength="60"
                aria-invalid=text_signal(move || invalid().to_string())
                aria-describedby=text_signal(move || if invalid() { "invalid" } else { "" })
                placeholder=text_signal(move || form.planned(field))
                prop:value=text_signal(move || form.value(field))
                on:input=move |event| form.enter(field, event_target_value(&event))
            />
        </label>
    }
    .into_any()
}

/// The colour, with those that the environments show, and the versions.
#[component]
pub fn ReleaseFields(form: ReleaseForm, name: PipelineName) -> impl IntoView {
    let class = style_sheet!("style/release_fields.css");
    let board = use_board(&name).board;
    // Environments and colours in turn: rendered again only when one of them changes.
    let colours = memo(move || {
        let mut colours = String::new();
        for environment in board.read().iter().flat_map(|board| &board.environments) {
            if let Some(colour) = environment.release.colour {
                colours.push_str(&format!("{} {colour} ", environment.name));
            }
        }
        colours
    });
    // Automation pushes to main, too: what it deploys changes the board.
    on_change(colours, move || form.read(DEBOUNCE));
    let picked = move || form.colour().map(|it| it.to_string()).unwrap_or_default();
    let swatches = move || {
        let colours = colours.get();
        let words: Vec<&str> = colours.split_whitespace().collect();
        let swatches = words.chunks_exact(2).map(|pair| {
            let (environment, colour) = (pair[0].to_owned(), pair[1].to_owned());
            let spoken = Colour::parse(&colour).map(Colour::name).unwrap_or_default();
            let (own, of, taken, from) = (
                colour.clone(),
                environment.clone(),
                colour.clone(),
                environment.clone(),
            );
            // Several environments may show one colour: only the one that it was taken from is pressed.
            let pressed = text_signal(move || {
                (picked() == own && form.taken_from.with(|taken| *taken == of)).to_string()
            });
            view! { class=class,
                <button
                    type="button"
                    class="take"
                    aria-pressed=pressed
                    data-testid=format!("take-{environment}")
                    on:click=on_click(move || {
                        form.taken_from.set(from.clone());
                        form.enter(COLOUR, taken.clone());
                    })
                >
                    <i class="dot" style:background-color=colour.clone() aria-hidden="true"></i>
                    {environment.clone()}
                    <span class="hidden">{format!(" shows {spoken} {colour}")}</span>
                </button>
            }
        });
        swatches.collect_erased()
    };
    view! { class=class,
        <section class="part" aria-label="What to release">
            <div class="colour">
                <input
                    type="color"
                    class="picker"
                    data-testid="picker"
                    aria-label="Pick a colour"
                    prop:value=text_signal(picked)
                    on:input=move |event| form.enter(COLOUR, event_target_value(&event))
                />
                {text_input(class, form, COLOUR, "Colour")}
            </div>
            <div class="shown" role="group" aria-label="Take a colour that is shown now">
                <p class="hint">"What the environments show now:"</p>
                <div class="swatches">{dynamic(swatches)}</div>
            </div>
            <div class="fields">
                {text_input(class, form, VERSION, "App version")}
                {text_input(class, form, CHART_VERSION, "Chart version")}
            </div>
            <p class="invalid" id="invalid" role="alert" data-testid="invalid">
                {dynamic(move || form.invalid.get())}
            </p>
        </section>
    }
}
