//! The web pages: repositories, pull requests, commits, runs and avatars, as plain HTML that says that it
//! is the lab's.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use serde::Deserialize;

use super::accounts;
use super::error::ApiError;
use super::json::stamp;
use super::operations;
use super::repository::{Pull, RepositoryState};
use super::rules;
use super::state::{GitHubState, Repo};
use crate::html::escape;

const STYLE: &str = "\
:root{color-scheme:light dark;--back:#f6f7f9;--card:#fff;--text:#1c2128;--soft:#5f6672;\
--line:#d8dce2;--good:#1a7f37;--bad:#c62828;--busy:#9a6700;--act:#0b57d0}\
@media(prefers-color-scheme:dark){:root{--back:#14171c;--card:#1d2229;--text:#e6e9ee;\
--soft:#9aa3b0;--line:#333a44;--good:#57c26e;--bad:#ff7b72;--busy:#d9a521;--act:#8ab4f8}}\
*{box-sizing:border-box}body{margin:0;background:var(--back);color:var(--text);\
font:14px/1.5 system-ui,sans-serif}main{max-width:34rem;margin:0 auto;padding:32px 16px}\
h1{font-size:20px;line-height:1.3;margin:0 0 8px}h2{font-size:14px;margin:24px 0 8px}\
p{color:var(--soft);margin:0 0 24px}a{color:var(--act)}\
form{display:grid;gap:12px}button{display:flex;align-items:center;gap:16px;width:100%;\
min-height:64px;padding:12px 16px;font:inherit;color:inherit;text-align:start;cursor:pointer;\
background:var(--card);border:1px solid var(--line);border-radius:8px}\
button:hover,button:focus-visible,button.hinted{border-color:var(--act);outline:2px solid \
var(--act);outline-offset:-1px}button span{flex:1;color:var(--soft)}\
button strong{display:block;font-size:16px;color:var(--text)}\
em{font-style:normal;color:var(--soft);font-size:12px}img{border-radius:50%}\
ul{list-style:none;margin:0;padding:0;background:var(--card);border:1px solid var(--line);\
border-radius:8px}li{padding:8px 16px;border-top:1px solid var(--line);overflow-wrap:anywhere}\
li:first-child{border-top:0}.good{color:var(--good)}.bad{color:var(--bad)}.busy{color:var(--busy)}\
pre{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:12px;\
overflow-x:auto;font:12px/1.5 ui-monospace,monospace}\
footer{margin-top:32px;color:var(--soft);font-size:12px}";

/// A page of the forge.
pub(crate) fn layout(title: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <title>{} · lab forge</title><style>{STYLE}</style></head><body><main>{body}\
         <footer>The lab's GitHub-shaped forge, built into the demo.</footer></main></body></html>",
        escape(title)
    )
}

/// The routes of pages.
pub(crate) fn routes() -> Router<Arc<GitHubState>> {
    Router::new()
        .route("/", get(home))
        .route("/{owner}/{repo}", get(repository))
        .route("/{owner}/{repo}/pulls", get(repository))
        .route("/{owner}/{repo}/pull/{number}", get(pull))
        .route("/{owner}/{repo}/pull/{number}/files", get(pull))
        .route("/{owner}/{repo}/commit/{sha}", get(commit))
        .route("/{owner}/{repo}/actions/runs/{id}", get(run))
        .route("/avatars/{file}", get(avatar))
}

async fn home(State(github): State<Arc<GitHubState>>) -> Html<String> {
    let items: String = github
        .repositories()
        .map(|repository| {
            let name = escape(&repository.full_name());
            format!("<li><a href=\"/{name}\">{name}</a></li>")
        })
        .collect();
    Html(layout(
        "Repositories",
        &format!("<h1>Repositories</h1><ul>{items}</ul>"),
    ))
}

async fn repository(repo: Repo) -> Html<String> {
    let state = repo.state.lock();
    let full_name = escape(&repo.full_name());
    let items: String = state
        .pulls
        .values()
        .rev()
        .take(50)
        .map(|pull| {
            format!(
                "<li><a href=\"/{full_name}/pull/{number}\">#{number}</a> {title} · {word}</li>",
                number = pull.number,
                title = escape(&pull.title),
                word = word(pull),
            )
        })
        .collect();
    let body = format!("<h1>{full_name}</h1><h2>Pull requests</h2><ul>{items}</ul>");
    Html(layout(&repo.full_name(), &body))
}

#[derive(Deserialize)]
struct Number {
    number: u64,
}

async fn pull(repo: Repo, Path(Number { number }): Path<Number>) -> Result<Html<String>, ApiError> {
    repo.blocking(move |repo| {
        let state = repo.state.lock();
        let pull = operations::pull(&state, number)?;
        Ok(Html(pull_page(repo, &state, pull)?))
    })
    .await
}

fn pull_page(repo: &Repo, state: &RepositoryState, pull: &Pull) -> anyhow::Result<String> {
    let reviews: String = pull
        .reviews
        .iter()
        .map(|review| {
            format!(
                "<li>{} {} · {}</li>",
                escape(review.author.login),
                review.state.as_str().to_lowercase().replace('_', " "),
                stamp(review.submitted_at)
            )
        })
        .collect();
    let unmet: String = if pull.is_open() {
        let judgement = rules::judge(repo, state, pull)?;
        let item = |line: &String| format!("<li class=\"busy\">{}</li>", escape(line));
        judgement.unmet.iter().map(item).collect()
    } else {
        String::new()
    };
    let patches: String = rules::files(repo, pull)?
        .iter()
        .map(|file| {
            let patch = file.patch.as_deref().unwrap_or("(binary)");
            format!(
                "<h2>{}</h2><pre>{}</pre>",
                escape(&file.path),
                escape(patch)
            )
        })
        .collect();
    let section = |title: &str, items: &str| {
        if items.is_empty() {
            String::new()
        } else {
            format!("<h2>{title}</h2><ul>{items}</ul>")
        }
    };
    let shown = pull
        .merged
        .as_ref()
        .map_or(&pull.head, |merged| &merged.commit);
    let body = format!(
        "<h1>{title} <em>#{number}</em></h1><p>{word} · {author} wants to merge <b>{head}</b> into \
         <b>{base}</b></p><pre>{text}</pre>{reviews}{unmet}{head_checks}{commit_checks}{patches}",
        title = escape(&pull.title),
        number = pull.number,
        word = word(pull),
        author = escape(pull.author.login),
        head = escape(&pull.head_ref),
        base = escape(&pull.base_ref),
        text = escape(&pull.body),
        reviews = section("Reviews", &reviews),
        unmet = section("Still needed", &unmet),
        head_checks = section("Checks of the head", &checks(state, &pull.head)),
        commit_checks = if pull.merged.is_some() {
            section("Statuses of the merge", &checks(state, shown))
        } else {
            String::new()
        },
    );
    Ok(layout(&pull.title, &body))
}

#[derive(Deserialize)]
struct Sha {
    sha: String,
}

async fn commit(repo: Repo, Path(Sha { sha }): Path<Sha>) -> Result<Html<String>, ApiError> {
    repo.blocking(move |repo| {
        let commit = repo.git.resolve(&sha)?.ok_or_else(ApiError::not_found)?;
        let state = repo.state.lock();
        let body = format!(
            "<h1>{}</h1><p>{} · {} · {}</p><ul>{}</ul>",
            escape(commit.headline()),
            escape(&commit.oid),
            escape(&commit.author.name),
            stamp(commit.committer.at),
            checks(&state, &commit.oid),
        );
        Ok(Html(layout(commit.headline(), &body)))
    })
    .await
}

#[derive(Deserialize)]
struct RunId {
    id: u64,
}

async fn run(repo: Repo, Path(RunId { id }): Path<RunId>) -> Result<Html<String>, ApiError> {
    let state = repo.state.lock();
    let run = state
        .runs
        .iter()
        .find(|run| run.id == id)
        .ok_or_else(ApiError::not_found)?;
    let checks: String = state
        .checks
        .get(&run.head)
        .into_iter()
        .flatten()
        .filter(|check| check.run == id)
        .map(|check| {
            let word = check.phase.conclusion().unwrap_or(check.phase.status());
            let title = check.title.as_deref().unwrap_or_default();
            format!(
                "<li>{} · {word} {}</li>",
                escape(&check.name),
                escape(title)
            )
        })
        .collect();
    let body = format!(
        "<h1>{} #{}</h1><p>{} on {}</p><ul>{checks}</ul>",
        escape(run.workflow.name),
        run.number,
        run.workflow.event,
        escape(&run.head_branch),
    );
    Ok(Html(layout(run.workflow.name, &body)))
}

/// The state of a pull request in one word.
fn word(pull: &Pull) -> &'static str {
    match (&pull.merged, pull.is_open()) {
        (Some(_), _) => "Merged",
        (None, true) => "Open",
        (None, false) => "Closed",
    }
}

fn checks(state: &RepositoryState, sha: &str) -> String {
    let item = |good: Option<bool>, name: &str, text: &str| {
        let (class, tick) = match good {
            Some(true) => ("good", "✓"),
            Some(false) => ("bad", "✗"),
            None => ("busy", "…"),
        };
        format!(
            "<li><span class=\"{class}\">{tick}</span> {} {}</li>",
            escape(name),
            escape(text)
        )
    };
    let checks = state.latest_checks(sha).into_iter().map(|check| {
        let good = check.phase.conclusion().map(|_| check.phase.passes());
        item(
            good,
            &check.name,
            check.title.as_deref().unwrap_or_default(),
        )
    });
    let statuses = state.latest_statuses(sha).into_iter().map(|status| {
        let good = (status.state != "pending").then_some(status.state == "success");
        item(
            good,
            &status.context,
            status.description.as_deref().unwrap_or_default(),
        )
    });
    checks.chain(statuses).collect()
}

async fn avatar(Path(file): Path<String>) -> Result<Response, ApiError> {
    let login = file.strip_suffix(".svg").unwrap_or(&file);
    let account = accounts::account(login).ok_or_else(ApiError::not_found)?;
    let initials: String = account
        .name
        .split(' ')
        .filter_map(|word| word.chars().next())
        .take(2)
        .collect();
    let svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 40 40\" role=\"img\">\
         <rect width=\"40\" height=\"40\" fill=\"{}\"/><text x=\"20\" y=\"26\" fill=\"#fff\" \
         font-family=\"system-ui,sans-serif\" font-size=\"16\" text-anchor=\"middle\">{}</text></svg>",
        account.color,
        escape(&initials.to_uppercase()),
    );
    let headers = [
        (header::CONTENT_TYPE, "image/svg+xml"),
        (header::CACHE_CONTROL, "public, max-age=3600"),
    ];
    Ok((headers, svg).into_response())
}
