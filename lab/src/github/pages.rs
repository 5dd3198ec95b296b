//! The web pages: repositories, pull requests, commits, runs and avatars, as plain HTML that says that it
//! is the lab's.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use minijinja::{Value, context};
use serde::Deserialize;

use super::accounts;
use super::error::ApiError;
use super::json::stamp;
use super::operations;
use super::repository::{Pull, RepositoryState};
use super::rules;
use super::state::{GitHubState, Repo};
use crate::templates::render;

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
    let names: Vec<_> = github.repositories().map(|repo| repo.full_name()).collect();
    render(
        "repositories.html",
        context! { title => "Repositories", names },
    )
}

async fn repository(repo: Repo) -> Html<String> {
    let state = repo.state.lock();
    let pull =
        |pull: &Pull| context! { number => pull.number, title => pull.title, state => word(pull) };
    let pulls: Vec<_> = state.pulls.values().rev().take(50).map(pull).collect();
    render(
        "repository.html",
        context! { title => repo.full_name(), pulls },
    )
}

#[derive(Deserialize)]
struct Number {
    number: u64,
}

async fn pull(repo: Repo, Path(Number { number }): Path<Number>) -> Result<Html<String>, ApiError> {
    repo.blocking(move |repo| {
        let state = repo.state.lock();
        let pull = operations::pull(&state, number)?;
        Ok(pull_page(repo, &state, pull)?)
    })
    .await
}

fn pull_page(repo: &Repo, state: &RepositoryState, pull: &Pull) -> anyhow::Result<Html<String>> {
    let reviews = pull.reviews.iter().map(|review| {
        let word = review.state.as_str().to_lowercase().replace('_', " ");
        context! { by => review.author.login, state => word, at => stamp(review.submitted_at) }
    });
    let unmet = if pull.is_open() {
        rules::judge(repo, state, pull)?.unmet
    } else {
        Vec::new()
    };
    let files = rules::files(repo, pull)?;
    let files = files.iter().map(|file| {
        let patch = file.patch.as_deref().unwrap_or("(binary)");
        context! { path => file.path, patch }
    });
    let merge = pull.merged.as_ref().map(|merged| &merged.commit);
    Ok(render(
        "pull.html",
        context! {
            title => pull.title,
            number => pull.number,
            state => word(pull),
            author => pull.author.login,
            head => pull.head_ref,
            base => pull.base_ref,
            text => pull.body,
            reviews => reviews.collect::<Vec<_>>(),
            unmet,
            head_checks => checks(state, &pull.head),
            merge_checks => merge.map(|commit| checks(state, commit)),
            files => files.collect::<Vec<_>>(),
        },
    ))
}

#[derive(Deserialize)]
struct Sha {
    sha: String,
}

async fn commit(repo: Repo, Path(Sha { sha }): Path<Sha>) -> Result<Html<String>, ApiError> {
    repo.blocking(move |repo| {
        let commit = repo.git.resolve(&sha)?.ok_or_else(ApiError::not_found)?;
        let context = context! {
            title => commit.headline(),
            oid => commit.oid,
            author => commit.author.name,
            at => stamp(commit.committer.at),
            checks => checks(&repo.state.lock(), &commit.oid),
        };
        Ok(render("commit.html", context))
    })
    .await
}

#[derive(Deserialize)]
struct RunId {
    id: u64,
}

async fn run(repo: Repo, Path(RunId { id }): Path<RunId>) -> Result<Html<String>, ApiError> {
    let state = repo.state.lock();
    let mut runs = state.runs.iter();
    let run = runs
        .find(|run| run.id == id)
        .ok_or_else(ApiError::not_found)?;
    let checks = state.checks.get(&run.head).into_iter().flatten();
    let checks = checks.filter(|check| check.run == id).map(|check| {
        let state = check.phase.conclusion().unwrap_or(check.phase.status());
        context! { name => check.name, state, title => check.title.as_deref().unwrap_or_default() }
    });
    let context = context! {
        title => run.workflow.name,
        number => run.number,
        event => run.workflow.event,
        branch => run.head_branch,
        checks => checks.collect::<Vec<_>>(),
    };
    Ok(render("run.html", context))
}

/// The state of a pull request in one word.
fn word(pull: &Pull) -> &'static str {
    match (&pull.merged, pull.is_open()) {
        (Some(_), _) => "Merged",
        (None, true) => "Open",
        (None, false) => "Closed",
    }
}

/// The newest checks and statuses of a commit.
fn checks(state: &RepositoryState, sha: &str) -> Vec<Value> {
    let mark = |good: Option<bool>, name: &str, text: Option<&String>| {
        let state = good.map(|good| if good { "good" } else { "bad" });
        context! { state, name, text => text.map_or("", String::as_str) }
    };
    let checks = state.latest_checks(sha).into_iter().map(|check| {
        let good = check.phase.conclusion().map(|_| check.phase.passes());
        mark(good, &check.name, check.title.as_ref())
    });
    let statuses = state.latest_statuses(sha).into_iter().map(|status| {
        let good = (status.state != "pending").then_some(status.state == "success");
        mark(good, &status.context, status.description.as_ref())
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
    let initials = initials.to_uppercase();
    let svg = render("avatar.html", context! { color => account.color, initials });
    let headers = [
        (header::CONTENT_TYPE, "image/svg+xml"),
        (header::CACHE_CONTROL, "public, max-age=3600"),
    ];
    Ok((headers, svg.0).into_response())
}
