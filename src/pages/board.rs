//! The board of all pipelines: a row for each, a column for each environment.

use crate::data::{Row, Rows};
use leptos::html::Input;
use leptos::prelude::*;
use model::api::Cell;
use stylers_macro::style_sheet;

use crate::components::{Alert, DemoDrawer, Header};
use crate::erased::memo;
use crate::format::verdict_icon;
use crate::keys::on_key;
use crate::router::{encode_query, use_query};
use crate::state::{SessionState, use_rows};
use crate::view_ext::{CollectErased, class_signal, dynamic, on_click, text_signal};

/// The filters as the query of `GET api/v1/pipelines`.
pub fn query_of(q: &str, verdict: &str, waiting: bool, cursor: &str) -> String {
    let waiting = if waiting { "me" } else { "" };
    encode_query([
        ("q", q),
        ("verdict", verdict),
        ("waiting", waiting),
        ("cursor", cursor),
    ])
}

/// The board page.
#[component]
pub fn BoardPage() -> impl IntoView {
    let class = style_sheet!("style/board.css");
    let session = expect_context::<SessionState>();
    let q = use_query("q");
    let verdict = use_query("verdict");
    let waiting = use_query("mine");
    let cursor = use_query("cursor");
    let query = memo(move || {
        query_of(
            &q.get(),
            &verdict.get(),
            !waiting.get().is_empty(),
            &cursor.get(),
        )
    });
    let live = use_rows(query);
    let field = NodeRef::<Input>::new();
    on_key(move |key| {
        match key {
            "/" => {
                if let Some(field) = field.get_untracked() {
                    field.focus().ok();
                }
            }
            "j" => move_focus(1),
            "k" => move_focus(-1),
            _ => return false,
        }
        true
    });
    let only_mine = move || !waiting.get().is_empty();
    let chip = move |name: &'static str, word: &'static str| {
        let pressed = move || verdict.get() == name;
        view! { class=class,
            <button
                type="button"
                class=class_signal(class, move || if pressed() { "chip on" } else { "chip" })
                aria-pressed=text_signal(move || pressed().to_string())
                on:click=on_click(move || {
                    cursor.set(None);
                    verdict.set((!pressed()).then_some(name));
                })
            >
                {word}
            </button>
        }
    };
    let subtitle = move || {
        live.rows.map(|rows| {
            let mine = rows.rows.iter();
            let mine = mine.filter(|row| session.is_among(&row.waits_for)).count();
            let plural = if rows.total == 1 {
                "pipeline"
            } else {
                "pipelines"
            };
            if mine > 0 {
                format!("{} {plural} · {mine} for you", rows.total)
            } else {
                format!("{} {plural}", rows.total)
            }
        })
    };
    view! { class=class,
        <Header crumbs=Vec::new() />
        <main class="page">
            <h1 class="title">"Promotions"</h1>
            <p class="subtitle">{dynamic(subtitle)}</p>
            <div class="filters" role="search">
                <button
                    type="button"
                    class=class_signal(class, move || if only_mine() { "chip on" } else { "chip" })
                    aria-pressed=text_signal(move || only_mine().to_string())
                    on:click=on_click(move || {
                        cursor.set(None);
                        waiting.set((!only_mine()).then_some("true"));
                    })
                >
                    "Waiting on me"
                </button>
                {chip("failed", "Failed")}
                {chip("rolling", "Rolling")}
                {chip("proven", "Proven")}
                <input
                    node_ref=field
                    class="search"
                    type="search"
                    placeholder="/  name, version, person…"
                    aria-label="Search"
                    prop:value=text_signal(move || q.get())
                    on:input=move |event| {
                        cursor.set(None);
                        let text = event_target_value(&event);
                        q.set((!text.is_empty()).then_some(text.as_str()));
                    }
                />
            </div>
            {dynamic(move || live.error.map(|error| view! { <Alert sentence=error.sentence() /> }))}
            {dynamic(move || match live.rows.read().as_ref() {
                None => {
                    view! { class=class, <div class="skeleton" aria-hidden="true"></div> }
                        .into_any()
                }
                Some(rows) if rows.rows.is_empty() => {
                    view! { class=class, <p class="empty">"Nothing matches these filters."</p> }
                        .into_any()
                }
                Some(rows) => view! { <Matrix rows=rows.clone() /> }.into_any(),
            })}
            {dynamic(move || {
                live.rows
                    .with(|rows| rows.as_ref()?.next_cursor.clone())
                    .map(|next| {
                        view! { class=class,
                            <button
                                type="button"
                                class="chip"
                                on:click=on_click(move || cursor.set(Some(&next)))
                            >
                                "More"
                            </button>
                        }
                    })
            })}
        </main>
        <DemoDrawer />
    }
}

/// Moves the focus to the next row, or to the one before.
fn move_focus(by: i32) {
    use wasm_bindgen::JsCast;
    let Ok(links) = document().query_selector_all("a[data-row]") else {
        return;
    };
    let active = document().active_element();
    let at: Option<u32> = (0..links.length()).find(|at| {
        let link = links
            .item(*at)
            .and_then(|node| node.dyn_into::<web_sys::Element>().ok());
        link.is_some() && link == active
    });
    let next = match (at, by) {
        (None, _) => 0,
        (Some(at), by) if by < 0 => at.saturating_sub(1),
        (Some(at), _) => at + 1,
    };
    let link = links
        .item(next)
        .and_then(|node| node.dyn_into::<web_sys::HtmlElement>().ok());
    if let Some(link) = link {
        link.focus().ok();
    }
}

#[component]
fn Matrix(rows: Rows) -> impl IntoView {
    let class = style_sheet!("style/matrix.css");
    let first = rows.rows.first().into_iter();
    let heads = first.flat_map(|row| &row.cells).map(|cell| {
        view! { class=class,
            <th class="head" scope="col">
                {cell.environment.to_string()}
            </th>
        }
    });
    let heads = heads.collect_erased();
    let lines = rows
        .rows
        .into_iter()
        .map(|row| view! { <MatrixRow row=row /> })
        .collect_erased();
    view! { class=class,
        <table class="matrix">
            <thead class="heads">
                <tr>
                    <th class="head first" scope="col">
                        "Pipeline"
                    </th>
                    {heads}
                </tr>
            </thead>
            <tbody class="lines">{lines}</tbody>
        </table>
    }
}

#[component]
fn MatrixRow(row: Row) -> impl IntoView {
    let class = style_sheet!("style/matrix_row.css");
    let session = expect_context::<SessionState>();
    let Row {
        pipeline,
        sentence,
        cells,
        waits_for,
        ..
    } = row;
    let mine = move || session.is_among(&waits_for);
    let cells = cells.into_iter().map(|cell: Cell| {
        let (icon, kind) = if cell.waits {
            ("⟶", "waits")
        } else {
            verdict_icon(cell.verdict)
        };
        let colour = cell
            .colour
            .map(|colour| colour.to_string())
            .unwrap_or_default();
        let description = cell.colour.map_or_else(
            || "no colour".to_owned(),
            |colour| format!("{} {colour}", colour.name()),
        );
        view! { class=class,
            <td class=format!("environment {kind}")>
                <span class="env">{cell.environment.to_string()}</span>
                <div class="cell">
                    <i
                        class="swatch"
                        role="img"
                        aria-label=description
                        style:background-color=colour
                    ></i>
                    <span>
                        <b class="version">{cell.label}</b>
                        <small class=format!("words {kind}")>
                            <span aria-hidden="true">{icon}</span>
                            " "
                            {cell.words}
                        </small>
                    </span>
                </div>
            </td>
        }
    });
    let cells = cells.collect_erased();
    view! { class=class,
        <tr class="line" data-testid=format!("board-row-{}", pipeline.name)>
            <th class="app" scope="row">
                <a class="name" data-row="" href=format!("p/{pipeline}")>
                    {pipeline.name.clone()}
                </a>
                <div class=class_signal(
                    class,
                    move || if mine() { "sentence me" } else { "sentence" },
                )>{sentence}</div>
            </th>
            {cells}
        </tr>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_become_a_query() {
        assert_eq!(query_of("", "", false, ""), "");
        assert_eq!(
            query_of("pod info", "failed", true, ""),
            "q=pod%20info&verdict=failed&waiting=me"
        );
    }
}
