//! What is in git: commits, comparisons, files, refs.

use std::sync::Arc;

use axum::extract::{OriginalUri, Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Paging;
use crate::forge::access::Viewer;
use crate::forge::acts::commits;
use crate::forge::engine::Engine;
use crate::forge::present::{self, Links};
use crate::forge::refusal::Refusal;
use crate::forge::state::{DEFAULT_BRANCH, Repository};

type ByName = Path<(String, String, String)>;

pub(super) fn routes() -> Router<Arc<Engine>> {
    Router::new()
        .route("/repos/{owner}/{repo}/commits", get(list))
        .route("/repos/{owner}/{repo}/commits/{reference}", get(detail))
        .route("/repos/{owner}/{repo}/git/commits/{sha}", get(git_commit))
        .route("/repos/{owner}/{repo}/compare/{*basehead}", get(compare))
        .route("/repos/{owner}/{repo}/contents", get(root))
        .route("/repos/{owner}/{repo}/contents/{*path}", get(contents))
        .route("/repos/{owner}/{repo}/git/ref/{*name}", get(reference))
        .route(
            "/repos/{owner}/{repo}/git/matching-refs/{*prefix}",
            get(matching),
        )
        .route("/repos/{owner}/{repo}/git/refs", post(create_ref))
        .route("/repos/{owner}/{repo}/git/refs/{*name}", delete(delete_ref))
}

#[derive(Deserialize)]
struct LogFilter {
    sha: Option<String>,
    path: Option<String>,
    page: Option<usize>,
    per_page: Option<usize>,
}

async fn list(
    State(engine): State<Arc<Engine>>,
    Path((owner, name)): Path<(String, String)>,
    Query(filter): Query<LogFilter>,
    OriginalUri(uri): OriginalUri,
    _viewer: Viewer,
) -> Result<Response, Refusal> {
    engine
        .blocking(move |engine| {
            let repository = engine.repository(&owner, &name)?;
            let start = filter.sha.as_deref().unwrap_or(DEFAULT_BRANCH);
            let start = repository
                .git
                .resolve(start)?
                .ok_or_else(Refusal::not_found)?;
            let path = filter.path.as_deref().unwrap_or_default();
            let history = repository.git.history(&start.oid, path)?;
            let paging = Paging {
                page: filter.page,
                per_page: filter.per_page,
            };
            let link = paging.link(engine, &uri, history.len());
            let links = engine.links();
            let mut items = Vec::new();
            for oid in paging.cut(history.to_vec()) {
                let commit = repository.git.known_commit(&oid)?;
                items.push(present::commit(&links, &repository, &commit));
            }
            Ok(super::with_link(link, Json(items)))
        })
        .await
}

async fn detail(
    State(engine): State<Arc<Engine>>,
    Path((owner, name, reference)): ByName,
    _viewer: Viewer,
) -> Result<Json<Value>, Refusal> {
    engine
        .blocking(move |engine| {
            let repository = engine.repository(&owner, &name)?;
            let commit = repository.git.resolve(&reference)?.ok_or_else(|| {
                let sentence = format!("No commit found for SHA: {reference}");
                Refusal::invalid("Commit", "ref", "invalid", &sentence)
            })?;
            let links = engine.links();
            let mut body = present::commit(&links, &repository, &commit);
            if let Some(parent) = commit.parents.first() {
                let files = repository.git.diff(parent, &commit.oid)?;
                let additions: u64 = files.iter().map(|file| file.additions).sum();
                let deletions: u64 = files.iter().map(|file| file.deletions).sum();
                body["stats"] = json!({
                    "additions": additions,
                    "deletions": deletions,
                    "total": additions + deletions,
                });
                body["files"] = files
                    .iter()
                    .map(|file| present::file(&links, &repository, &commit.oid, file))
                    .collect();
            }
            Ok(Json(body))
        })
        .await
}

async fn git_commit(
    State(engine): State<Arc<Engine>>,
    Path((owner, name, sha)): ByName,
    _viewer: Viewer,
) -> Result<Json<Value>, Refusal> {
    engine
        .blocking(move |engine| {
            let repository = engine.repository(&owner, &name)?;
            let commit = repository
                .git
                .commit(&sha)?
                .ok_or_else(Refusal::not_found)?;
            Ok(Json(present::git_commit(
                &engine.links(),
                &repository,
                &commit,
            )))
        })
        .await
}

async fn compare(
    State(engine): State<Arc<Engine>>,
    Path((owner, name, basehead)): ByName,
    _viewer: Viewer,
) -> Result<Json<Value>, Refusal> {
    engine
        .blocking(move |engine| compare_now(engine, &owner, &name, &basehead))
        .await
}

fn compare_now(
    engine: &Engine,
    owner: &str,
    name: &str,
    basehead: &str,
) -> Result<Json<Value>, Refusal> {
    let repository = engine.repository(owner, name)?;
    let git = &repository.git;
    let (base, head) = basehead.split_once("...").ok_or_else(Refusal::not_found)?;
    let plain = |name: &str| {
        let prefix = format!("{}:", repository.owner);
        name.strip_prefix(&prefix).unwrap_or(name).to_owned()
    };
    let base = git.resolve(&plain(base))?.ok_or_else(Refusal::not_found)?;
    let head = git.resolve(&plain(head))?.ok_or_else(Refusal::not_found)?;
    let compared = git
        .compare(&base.oid, &head.oid)?
        .ok_or_else(|| Refusal::conflict("No common ancestor between the two commits."))?;
    let links = engine.links();
    let merge_base = git.known_commit(&compared.merge_base)?;
    let mut list = Vec::new();
    for oid in &compared.ahead {
        list.push(present::commit(
            &links,
            &repository,
            &*git.known_commit(oid)?,
        ));
    }
    let files: Vec<Value> = git
        .diff(&compared.merge_base, &head.oid)?
        .iter()
        .take(300)
        .map(|file| present::file(&links, &repository, &head.oid, file))
        .collect();
    let status = match (compared.ahead.len(), compared.behind) {
        (0, 0) => "identical",
        (_, 0) => "ahead",
        (0, _) => "behind",
        (_, _) => "diverged",
    };
    let full_name = repository.full_name();
    let page = format!("{}/{full_name}/compare/{basehead}", links.web);
    Ok(Json(json!({
        "url": format!("{}/repos/{full_name}/compare/{basehead}", links.api),
        "html_url": page,
        "permalink_url": page,
        "diff_url": format!("{page}.diff"),
        "patch_url": format!("{page}.patch"),
        "base_commit": present::commit(&links, &repository, &base),
        "merge_base_commit": present::commit(&links, &repository, &merge_base),
        "status": status,
        "ahead_by": compared.ahead.len(),
        "behind_by": compared.behind,
        "total_commits": list.len(),
        "commits": list,
        "files": files,
    })))
}

#[derive(Deserialize)]
struct At {
    #[serde(rename = "ref")]
    reference: Option<String>,
}

async fn root(
    engine: State<Arc<Engine>>,
    Path((owner, name)): Path<(String, String)>,
    at: Query<At>,
    viewer: Viewer,
) -> Result<Json<Value>, Refusal> {
    contents(engine, Path((owner, name, String::new())), at, viewer).await
}

async fn contents(
    State(engine): State<Arc<Engine>>,
    Path((owner, name, path)): ByName,
    Query(at): Query<At>,
    _viewer: Viewer,
) -> Result<Json<Value>, Refusal> {
    engine
        .blocking(move |engine| {
            let repository = engine.repository(&owner, &name)?;
            let reference = at.reference.as_deref().unwrap_or(DEFAULT_BRANCH);
            let commit = repository
                .git
                .resolve(reference)?
                .ok_or_else(Refusal::not_found)?;
            let path = path.trim_matches('/');
            let links = engine.links();
            if let Some(entries) = repository.git.tree(&commit.oid, path)? {
                let mut items = Vec::new();
                for entry in entries {
                    let inner = format!("{path}/{}", entry.name);
                    let inner = inner.trim_start_matches('/');
                    let (kind, size) = if entry.is_tree() {
                        ("dir", 0)
                    } else {
                        let object = repository.git.object(&entry.oid)?;
                        ("file", object.map_or(0, |object| object.data.len()))
                    };
                    items.push(entry_body(
                        &links,
                        &repository,
                        reference,
                        inner,
                        kind,
                        &entry.oid,
                        size,
                    ));
                }
                return Ok(Json(Value::Array(items)));
            }
            let object = repository
                .git
                .object(&format!("{}:{path}", commit.oid))?
                .filter(|object| object.kind == "blob")
                .ok_or_else(Refusal::not_found)?;
            let size = object.data.len();
            let mut body = entry_body(
                &links,
                &repository,
                reference,
                path,
                "file",
                &object.oid,
                size,
            );
            body["encoding"] = "base64".into();
            body["content"] = lines(&STANDARD.encode(&object.data)).into();
            Ok(Json(body))
        })
        .await
}

/// Base64 in lines of 60, as GitHub sends it.
fn lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 60 + 1);
    for (index, letter) in text.chars().enumerate() {
        if index > 0 && index % 60 == 0 {
            out.push('\n');
        }
        out.push(letter);
    }
    out.push('\n');
    out
}

fn entry_body(
    links: &Links,
    repository: &Repository,
    reference: &str,
    path: &str,
    kind: &str,
    oid: &str,
    size: usize,
) -> Value {
    let full_name = repository.full_name();
    let api = format!("{}/repos/{full_name}", links.api);
    let url = format!("{api}/contents/{path}?ref={reference}");
    let (git_kind, page_kind) = if kind == "dir" {
        ("trees", "tree")
    } else {
        ("blobs", "blob")
    };
    let git_url = format!("{api}/git/{git_kind}/{oid}");
    let page = format!("{}/{full_name}/{page_kind}/{reference}/{path}", links.web);
    let raw = format!("{}/{full_name}/raw/{reference}/{path}", links.web);
    json!({
        "type": kind,
        "name": path.rsplit('/').next().unwrap_or(path),
        "path": path,
        "sha": oid,
        "size": size,
        "url": url,
        "git_url": git_url,
        "html_url": page,
        "download_url": if kind == "dir" { None } else { Some(raw) },
        "_links": { "self": url, "git": git_url, "html": page },
    })
}

async fn reference(
    State(engine): State<Arc<Engine>>,
    Path((owner, name, short)): ByName,
    _viewer: Viewer,
) -> Result<Json<Value>, Refusal> {
    let repository = engine.repository(&owner, &name)?;
    let full = format!("refs/{short}");
    let oid = repository
        .git
        .reference(&full)
        .ok_or_else(Refusal::not_found)?;
    Ok(Json(present::git_ref(
        &engine.links(),
        &repository,
        &full,
        &oid,
    )))
}

async fn matching(
    State(engine): State<Arc<Engine>>,
    Path((owner, name, prefix)): ByName,
    _viewer: Viewer,
) -> Result<Json<Value>, Refusal> {
    let repository = engine.repository(&owner, &name)?;
    let links = engine.links();
    let prefix = format!("refs/{prefix}");
    let items = repository
        .git
        .references()
        .into_iter()
        .filter(|(name, _)| name.starts_with(&prefix))
        .map(|(name, oid)| present::git_ref(&links, &repository, &name, &oid))
        .collect();
    Ok(Json(Value::Array(items)))
}

#[derive(Deserialize)]
struct NewRef {
    #[serde(rename = "ref", default)]
    reference: String,
    #[serde(default)]
    sha: String,
}

async fn create_ref(
    State(engine): State<Arc<Engine>>,
    Path((owner, name)): Path<(String, String)>,
    viewer: Viewer,
    Json(asked): Json<NewRef>,
) -> Result<Response, Refusal> {
    let by = viewer.account()?;
    engine
        .blocking(move |engine| {
            let repository = engine.repository(&owner, &name)?;
            let NewRef { reference, sha } = asked;
            commits::create_ref(engine, &repository, by, &reference, &sha)?;
            let body = present::git_ref(&engine.links(), &repository, &reference, &sha);
            Ok((StatusCode::CREATED, Json(body)).into_response())
        })
        .await
}

async fn delete_ref(
    State(engine): State<Arc<Engine>>,
    Path((owner, name, short)): ByName,
    viewer: Viewer,
) -> Result<StatusCode, Refusal> {
    let by = viewer.account()?;
    engine
        .blocking(move |engine| {
            let repository = engine.repository(&owner, &name)?;
            commits::delete_ref(engine, &repository, by, &format!("refs/{short}"))?;
            Ok(StatusCode::NO_CONTENT)
        })
        .await
}
