//! The matrix: rows are pipelines, columns environments.

use leptos::html::Input;
use leptos::prelude::*;
use model::api::{Cell, Row, Rows};
use stylers_macro::style_sheet;

use crate::components::{DemoDrawer, Header, Notice};
use crate::held::settled;
use crate::keys::on_key;
use crate::router::{escape, use_query};
use crate::seam::{Listed, looks, part, tap, text};
use crate::state::{SessionState, use_rows};
use crate::words::{icon, tint};

/// The filters as the server wants them.
pub fn query_of(q: &str, verdict: &str, waiting: bool, cursor: &str) -> String {
    let mut query = String::new();
    let waiting = if waiting { "me" } else { "" };
    for (name, value) in [
        ("q", q),
        ("verdict", verdict),
        ("waiting", waiting),
        ("cursor", cursor),
    ] {
        if value.is_empty() {
            continue;
        }
        if !query.is_empty() {
            query.push('&');
        }
        query.push_str(&format!("{name}={}", escape(value)));
    }
    query
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
    let query = settled(move || {
        query_of(
            &q.get(),
            &verdict.get(),
            !waiting.get().is_empty(),
            &cursor.get(),
        )
    });
    let held = use_rows(query);
    let field = NodeRef::<Input>::new();
    on_key(move |key| {
        match key {
            "/" => {
                if let Some(field) = field.get_untracked() {
                    field.focus().ok();
                }
            }
            "j" => step(1),
            "k" => step(-1),
            _ => return false,
        }
        true
    });
    let is_waiting = move || !waiting.get().is_empty();
    let chip = move |name: &'static str, word: &'static str| {
        let on = move || verdict.get() == name;
        view! { class=class,
            <button type="button" class=looks(class, move || if on() { "chip on" } else { "chip" }) aria-pressed=text(move || on().to_string())
                on:click=tap(move || { cursor.set(None); verdict.set((!on()).then_some(name)); })>{word}</button>
        }
    };
    let subtitle = move || {
        held.rows.map(|rows| {
            let waits = rows
                .rows
                .iter()
                .filter(|row| {
                    session
                        .login()
                        .is_some_and(|login| row.waits_for.contains(&login))
                })
                .count();
            let plural = if rows.total == 1 {
                "pipeline"
            } else {
                "pipelines"
            };
            if waits > 0 {
                format!("{} {plural} · {waits} for you", rows.total)
            } else {
                format!("{} {plural}", rows.total)
            }
        })
    };
    view! { class=class,
        <Header crumbs=Vec::new()/>
        <main class="page">
            <h1 class="title">"Promotions"</h1>
            <p class="subtitle">{part(subtitle)}</p>
            <div class="filters" role="search">
                <button type="button" class=looks(class, move || if is_waiting() { "chip on" } else { "chip" }) aria-pressed=text(move || is_waiting().to_string())
                    on:click=tap(move || { cursor.set(None); waiting.set((!is_waiting()).then_some("true")); })>"Waiting on me"</button>
                {chip("failed", "Failed")}
                {chip("rolling", "Rolling")}
                {chip("proven", "Proven")}
                <input node_ref=field class="search" type="search" placeholder="/  name, version, person…" aria-label="Search" prop:value=text(move || q.get())
                    on:input=move |event| { cursor.set(None); let text = event_target_value(&event); q.set((!text.is_empty()).then_some(text.as_str())); }/>
            </div>
            {part(move || held.failure.map(|failure| view! { <Notice sentence=failure.sentence()/> }))}
            {part(move || match held.rows.get().as_ref() {
                None => view! { class=class, <div class="skeleton" aria-hidden="true"></div> }.into_any(),
                Some(rows) if rows.rows.is_empty() => view! { class=class, <p class="empty">"Nothing matches these filters."</p> }.into_any(),
                Some(rows) => view! { <Matrix rows=rows.clone()/> }.into_any(),
            })}
            {part(move || held.rows.get().as_ref().as_ref().and_then(|rows| rows.next_cursor.clone()).map(|next| view! { class=class,
                <button type="button" class="chip" on:click=tap(move || cursor.set(Some(&next)))>"More"</button>
            }))}
        </main>
        <DemoDrawer/>
    }
}

/// Moves the focus from row to row.
fn step(by: i32) {
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
    let names: Vec<String> = rows
        .rows
        .first()
        .map(|row| {
            row.cells
                .iter()
                .map(|cell| cell.environment.to_string())
                .collect()
        })
        .unwrap_or_default();
    let heads = names
        .into_iter()
        .map(|name| view! { class=class, <th class="head" scope="col">{name}</th> })
        .listed();
    let lines = rows
        .rows
        .into_iter()
        .map(|row| view! { <Line row=row/> })
        .listed();
    view! { class=class,
        <table class="matrix">
            <thead class="heads"><tr><th class="head first" scope="col">"Pipeline"</th>{heads}</tr></thead>
            <tbody class="lines">{lines}</tbody>
        </table>
    }
}

#[component]
fn Line(row: Row) -> impl IntoView {
    let class = style_sheet!("style/row.css");
    let session = expect_context::<SessionState>();
    let Row {
        pipeline,
        sentence,
        cells,
        waits_for,
        ..
    } = row;
    let mine = move || {
        session
            .login()
            .is_some_and(|login| waits_for.contains(&login))
    };
    let cells = cells.into_iter().map(|cell: Cell| {
        let kind = if cell.waits { "waits" } else { tint(cell.verdict) };
        let colour = cell.colour.map(|colour| colour.to_string()).unwrap_or_default();
        let named = cell.colour.map_or_else(|| "no colour".to_owned(), |colour| format!("{} {colour}", colour.name()));
        let icon = if cell.waits { "⟶" } else { icon(cell.verdict) };
        view! { class=class,
            <td class=format!("place {kind}")>
                <span class="env">{cell.environment.to_string()}</span>
                <div class="cell">
                    <i class="swatch" role="img" aria-label=named style:background-color=colour></i>
                    <span><b class="version">{cell.label}</b><small class=format!("words {kind}")><span aria-hidden="true">{icon}</span>" "{cell.words}</small></span>
                </div>
            </td>
        }
    });
    let cells = cells.listed();
    view! { class=class,
        <tr class="line" data-testid=format!("board-row-{}", pipeline.name)>
            <th class="app" scope="row">
                <a class="name" data-row="" href=format!("p/{}/{}", pipeline.namespace, pipeline.name)>{pipeline.name.clone()}</a>
                <div class=looks(class, move || if mine() { "says me" } else { "says" })>{sentence}</div>
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
