//! Pull requests: list, open, read, change, and merge.

use std::sync::Arc;

use axum::extract::{OriginalUri, Path, Query, State};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Paging;
use crate::forge::access::Viewer;
use crate::forge::acts::merge::{self, Asked, Order};
use crate::forge::acts::{self, pulls};
use crate::forge::engine::Engine;
use crate::forge::present;
use crate::forge::refusal::Refusal;
use crate::forge::rules;
use crate::forge::state::{AsyncMerge, AsyncOutcome, Pull};

type One = Path<(String, String, u64)>;

pub(super) fn routes() -> Router<Arc<Engine>> {
    Router::new()
        .route("/repos/{owner}/{repo}/pulls", get(list).post(open))
        .route(
            "/repos/{owner}/{repo}/pulls/{number}",
            get(detail).patch(update),
        )
        .route("/repos/{owner}/{repo}/pulls/{number}/files", get(files))
        .route("/repos/{owner}/{repo}/pulls/{number}/commits", get(commits))
        .route(
            "/repos/{owner}/{repo}/pulls/{number}/merge",
            put(merge_now).get(is_merged),
        )
        .route(
            "/repos/{owner}/{repo}/pulls/{number}/merge-async",
            put(merge_async),
        )
        .route(
            "/repos/{owner}/{repo}/pulls/{number}/merge-async/{uuid}",
            get(merge_result),
        )
        .route(
            "/repos/{owner}/{repo}/issues/{number}/comments",
            post(comment).get(comments),
        )
}

#[derive(Deserialize)]
struct Filter {
    state: Option<String>,
    head: Option<String>,
    base: Option<String>,
    sort: Option<String>,
    direction: Option<String>,
    page: Option<usize>,
    per_page: Option<usize>,
}

impl Filter {
    fn admits(&self, owner: &str, pull: &Pull) -> bool {
        let state = match self.state.as_deref() {
            Some("all") => true,
            Some("closed") => !pull.is_open(),
            _ => pull.is_open(),
        };
        let head = self.head.as_ref().is_none_or(|head| {
            let head = head.strip_prefix(&format!("{owner}:")).unwrap_or(head);
            head == pull.head_ref
        });
        let base = self.base.as_ref().is_none_or(|base| *base == pull.base_ref);
        state && head && base
    }
}

async fn list(
    State(engine): State<Arc<Engine>>,
    Path((owner, name)): Path<(String, String)>,
    Query(filter): Query<Filter>,
    OriginalUri(uri): OriginalUri,
    _viewer: Viewer,
) -> Result<Response, Refusal> {
    engine
        .blocking(move |engine| list_now(engine, &owner, &name, &filter, &uri))
        .await
}

fn list_now(
    engine: &Engine,
    owner: &str,
    name: &str,
    filter: &Filter,
    uri: &Uri,
) -> Result<Response, Refusal> {
    let repository = engine.repository(owner, name)?;
    let links = engine.links();
    let state = repository.state.lock();
    let mut pulls: Vec<&Pull> = state
        .pulls
        .values()
        .filter(|pull| filter.admits(owner, pull))
        .collect();
    match filter.sort.as_deref() {
        Some("updated") => pulls.sort_by_key(|pull| pull.updated_at),
        _ => pulls.sort_by_key(|pull| (pull.created_at, pull.number)),
    }
    if filter.direction.as_deref() != Some("asc") {
        pulls.reverse();
    }
    let paging = Paging {
        page: filter.page,
        per_page: filter.per_page,
    };
    let link = paging.link(engine, uri, pulls.len());
    let items: Vec<Value> = paging
        .cut(pulls)
        .into_iter()
        .map(|pull| present::pull(&links, &repository, pull))
        .collect();
    Ok(super::with_link(link, Json(items)))
}

#[derive(Deserialize)]
struct Opening {
    title: Option<String>,
    body: Option<String>,
    head: Option<String>,
    base: Option<String>,
    #[serde(default)]
    draft: bool,
}

async fn open(
    State(engine): State<Arc<Engine>>,
    Path((owner, name)): Path<(String, String)>,
    viewer: Viewer,
    Json(asked): Json<Opening>,
) -> Result<Response, Refusal> {
    let by = viewer.account()?;
    engine
        .blocking(move |engine| {
            let repository = engine.repository(&owner, &name)?;
            let opening = pulls::Opening {
                title: asked.title.as_deref().unwrap_or_default(),
                body: asked.body.as_deref().unwrap_or_default(),
                head: asked.head.as_deref().unwrap_or_default(),
                base: asked.base.as_deref().unwrap_or_default(),
                draft: asked.draft,
            };
            let number = pulls::open(engine, &repository, by, &opening)?;
            let body = read(engine, &owner, &name, number)?;
            Ok((StatusCode::CREATED, Json(body)).into_response())
        })
        .await
}

/// A pull request with what has to be computed.
fn read(engine: &Engine, owner: &str, name: &str, number: u64) -> Result<Value, Refusal> {
    let repository = engine.repository(owner, name)?;
    let state = repository.state.lock();
    let pull = acts::pull(&state, number)?;
    Ok(present::pull_detail(
        &engine.links(),
        &repository,
        &state,
        pull,
    )?)
}

async fn detail(
    State(engine): State<Arc<Engine>>,
    Path((owner, name, number)): One,
    _viewer: Viewer,
) -> Result<Json<Value>, Refusal> {
    engine
        .blocking(move |engine| Ok(Json(read(engine, &owner, &name, number)?)))
        .await
}

#[derive(Deserialize)]
struct Changes {
    title: Option<String>,
    body: Option<String>,
    state: Option<String>,
}

async fn update(
    State(engine): State<Arc<Engine>>,
    Path((owner, name, number)): One,
    viewer: Viewer,
    Json(asked): Json<Changes>,
) -> Result<Json<Value>, Refusal> {
    let by = viewer.account()?;
    engine
        .blocking(move |engine| {
            let repository = engine.repository(&owner, &name)?;
            let changes = pulls::Update {
                title: asked.title.as_deref(),
                body: asked.body.as_deref(),
                state: asked.state.as_deref(),
            };
            pulls::update(engine, &repository, by, number, &changes)?;
            Ok(Json(read(engine, &owner, &name, number)?))
        })
        .await
}

async fn files(
    State(engine): State<Arc<Engine>>,
    Path((owner, name, number)): One,
    Query(paging): Query<Paging>,
    OriginalUri(uri): OriginalUri,
    _viewer: Viewer,
) -> Result<Response, Refusal> {
    engine
        .blocking(move |engine| {
            let repository = engine.repository(&owner, &name)?;
            let pull = acts::pull(&repository.state.lock(), number)?.clone();
            let links = engine.links();
            let files = rules::files(&repository, &pull)?;
            let items = files
                .iter()
                .map(|file| present::file(&links, &repository, &pull.head, file))
                .collect();
            Ok(super::page(engine, &uri, &paging, items))
        })
        .await
}

async fn commits(
    State(engine): State<Arc<Engine>>,
    Path((owner, name, number)): One,
    Query(paging): Query<Paging>,
    OriginalUri(uri): OriginalUri,
    _viewer: Viewer,
) -> Result<Response, Refusal> {
    engine
        .blocking(move |engine| {
            let repository = engine.repository(&owner, &name)?;
            let pull = acts::pull(&repository.state.lock(), number)?.clone();
            let links = engine.links();
            let mut items = Vec::new();
            for oid in rules::commits(&repository, &pull)? {
                let commit = repository.git.known_commit(&oid)?;
                items.push(present::commit(&links, &repository, &commit));
            }
            Ok(super::page(engine, &uri, &paging, items))
        })
        .await
}

async fn is_merged(
    State(engine): State<Arc<Engine>>,
    Path((owner, name, number)): One,
    _viewer: Viewer,
) -> Result<StatusCode, Refusal> {
    let repository = engine.repository(&owner, &name)?;
    let merged = acts::pull(&repository.state.lock(), number)?
        .merged
        .is_some();
    if merged {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Refusal::not_found())
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Merge {
    sha: Option<String>,
    merge_method: Option<String>,
    commit_title: Option<String>,
    commit_message: Option<String>,
    merge_action: Option<String>,
}

impl Merge {
    fn order(&self) -> Order {
        Order {
            sha: self.sha.clone(),
            method: self.merge_method.clone(),
            title: self.commit_title.clone(),
            message: self.commit_message.clone(),
        }
    }
}

async fn merge_now(
    State(engine): State<Arc<Engine>>,
    Path((owner, name, number)): One,
    viewer: Viewer,
    asked: Option<Json<Merge>>,
) -> Result<Json<Value>, Refusal> {
    let by = viewer.account()?;
    let order = asked.unwrap_or_default().order();
    engine
        .blocking(move |engine| {
            let repository = engine.repository(&owner, &name)?;
            let sha = merge::merge(engine, &repository, by, number, &order)?;
            Ok(Json(json!({
                "sha": sha,
                "merged": true,
                "message": "Pull Request successfully merged",
            })))
        })
        .await
}

async fn merge_async(
    State(engine): State<Arc<Engine>>,
    Path((owner, name, number)): One,
    viewer: Viewer,
    asked: Option<Json<Merge>>,
) -> Result<Response, Refusal> {
    let by = viewer.account()?;
    let asked = asked.unwrap_or_default();
    let action = asked
        .merge_action
        .clone()
        .unwrap_or_else(|| "default".to_owned());
    if action == "merge_queue" {
        return Err(Refusal::unprocessable("The base branch has no merge queue"));
    }
    let order = asked.order();
    engine
        .blocking(move |engine| {
            let repository = engine.repository(&owner, &name)?;
            let asked = merge::merge_async(engine, &repository, by, number, &order, &action)?;
            let (status, body) = match asked {
                Asked::Pending { uuid, merge } => (StatusCode::ACCEPTED, pending(&uuid, &merge)),
                Asked::Already { uuid, merge } => (StatusCode::CONFLICT, pending(&uuid, &merge)),
                Asked::Merged(sha) => (StatusCode::OK, merged(&sha)),
                Asked::Impossible(why) => (StatusCode::BAD_REQUEST, failed(why)),
            };
            Ok((status, Json(body)).into_response())
        })
        .await
}

async fn merge_result(
    State(engine): State<Arc<Engine>>,
    Path((owner, name, number, uuid)): Path<(String, String, u64, String)>,
    _viewer: Viewer,
) -> Result<Json<Value>, Refusal> {
    let repository = engine.repository(&owner, &name)?;
    let state = repository.state.lock();
    let merge = state
        .merges
        .get(&uuid)
        .filter(|merge| merge.number == number)
        .ok_or_else(Refusal::not_found)?;
    Ok(Json(match &merge.outcome {
        AsyncOutcome::Pending => pending(&uuid, merge),
        AsyncOutcome::Merged(sha) => merged(sha),
        AsyncOutcome::Failed(why) => failed(why),
    }))
}

fn pending(uuid: &str, merge: &AsyncMerge) -> Value {
    json!({ "status": "pending", "details": {
        "message": "Merge request is being processed",
        "uuid": uuid,
        "merge_method": merge.method,
        "merge_action": merge.action,
        "expected_head_sha": merge.expected_head,
    } })
}

fn merged(sha: &str) -> Value {
    json!({ "status": "merged", "details": {
        "message": "Pull Request successfully merged",
        "sha": sha,
    } })
}

fn failed(why: &str) -> Value {
    json!({ "status": "failed", "details": { "message": why } })
}

#[derive(Deserialize)]
struct NewComment {
    #[serde(default)]
    body: String,
}

async fn comment(
    State(engine): State<Arc<Engine>>,
    Path((owner, name, number)): One,
    viewer: Viewer,
    Json(asked): Json<NewComment>,
) -> Result<Response, Refusal> {
    let by = viewer.account()?;
    let repository = engine.repository(&owner, &name)?;
    let id = pulls::comment(&engine, &repository, by, number, &asked.body)?;
    let state = repository.state.lock();
    let pull = acts::pull(&state, number)?;
    let comment = pull.comments.iter().find(|comment| comment.id == id);
    let comment = comment.ok_or_else(Refusal::not_found)?;
    let body = present::comment(&engine.links(), &repository, pull, comment);
    Ok((StatusCode::CREATED, Json(body)).into_response())
}

async fn comments(
    State(engine): State<Arc<Engine>>,
    Path((owner, name, number)): One,
    Query(paging): Query<Paging>,
    OriginalUri(uri): OriginalUri,
    _viewer: Viewer,
) -> Result<Response, Refusal> {
    let repository = engine.repository(&owner, &name)?;
    let links = engine.links();
    let state = repository.state.lock();
    let pull = acts::pull(&state, number)?;
    let items = pull
        .comments
        .iter()
        .map(|comment| present::comment(&links, &repository, pull, comment))
        .collect();
    Ok(super::page(&engine, &uri, &paging, items))
}
