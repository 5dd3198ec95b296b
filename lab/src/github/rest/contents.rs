//! The contents of git: commits, comparisons, files and refs.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::github::access::Viewer;
use crate::github::error::ApiError;
use crate::github::git::Commit;
use crate::github::json;
use crate::github::operations::commits;
use crate::github::repository::DEFAULT_BRANCH;
use crate::github::state::Repo;

#[derive(Deserialize)]
pub(super) struct Reference {
    pub(super) reference: String,
}

/// Returns the commit that a ref of the path stands for.
pub(super) fn resolve(repo: &Repo, reference: &str) -> Result<Arc<Commit>, ApiError> {
    repo.git.resolve(reference)?.ok_or_else(|| {
        let sentence = format!("No commit found for SHA: {reference}");
        ApiError::invalid("Commit", "ref", "invalid", &sentence)
    })
}

pub(super) async fn commit(
    repo: Repo,
    Path(Reference { reference }): Path<Reference>,
) -> Result<Json<Value>, ApiError> {
    repo.blocking(move |repo| {
        let commit = resolve(repo, &reference)?;
        let mut body = json::commit(repo, &commit);
        if let Some(parent) = commit.parents.first() {
            let files = repo.git.diff(parent, &commit.oid)?;
            let additions: u64 = files.iter().map(|file| file.additions).sum();
            let deletions: u64 = files.iter().map(|file| file.deletions).sum();
            body["stats"] = json!({
                "additions": additions,
                "deletions": deletions,
                "total": additions + deletions,
            });
            let files = files.iter();
            body["files"] = files
                .map(|file| json::file(repo, &commit.oid, file))
                .collect();
        }
        Ok(Json(body))
    })
    .await
}

#[derive(Deserialize)]
pub(super) struct BaseHead {
    basehead: String,
}

pub(super) async fn compare(
    repo: Repo,
    Path(BaseHead { basehead }): Path<BaseHead>,
) -> Result<Json<Value>, ApiError> {
    repo.blocking(move |repo| compare_now(repo, &basehead))
        .await
}

fn compare_now(repo: &Repo, basehead: &str) -> Result<Json<Value>, ApiError> {
    let git = &repo.git;
    let (base, head) = basehead.split_once("...").ok_or_else(ApiError::not_found)?;
    let base = git.resolve(base)?.ok_or_else(ApiError::not_found)?;
    let head = git.resolve(head)?.ok_or_else(ApiError::not_found)?;
    let compared = git
        .compare(&base.oid, &head.oid)?
        .ok_or_else(|| ApiError::conflict("No common ancestor between the two commits."))?;
    let merge_base = git.known_commit(&compared.merge_base)?;
    let mut list = Vec::new();
    for oid in &compared.ahead {
        list.push(json::commit(repo, &*git.known_commit(oid)?));
    }
    let files = git.diff(&compared.merge_base, &head.oid)?;
    let files = files.iter().take(300);
    let files: Vec<Value> = files
        .map(|file| json::file(repo, &head.oid, file))
        .collect();
    let status = match (compared.ahead.len(), compared.behind) {
        (0, 0) => "identical",
        (_, 0) => "ahead",
        (0, _) => "behind",
        (_, _) => "diverged",
    };
    let page = format!("{}/compare/{basehead}", repo.page());
    Ok(Json(json!({
        "url": format!("{}/compare/{basehead}", repo.api()),
        "html_url": page,
        "permalink_url": page,
        "diff_url": format!("{page}.diff"),
        "patch_url": format!("{page}.patch"),
        "base_commit": json::commit(repo, &base),
        "merge_base_commit": json::commit(repo, &merge_base),
        "status": status,
        "ahead_by": compared.ahead.len(),
        "behind_by": compared.behind,
        "total_commits": list.len(),
        "commits": list,
        "files": files,
    })))
}

#[derive(Deserialize)]
pub(super) struct FilePath {
    path: String,
}

#[derive(Deserialize)]
pub(super) struct At {
    #[serde(rename = "ref")]
    reference: Option<String>,
}

pub(super) async fn contents(
    repo: Repo,
    Path(FilePath { path }): Path<FilePath>,
    Query(at): Query<At>,
) -> Result<Json<Value>, ApiError> {
    repo.blocking(move |repo| {
        let reference = at.reference.as_deref().unwrap_or(DEFAULT_BRANCH);
        let commit = repo.git.resolve(reference)?;
        let commit = commit.ok_or_else(ApiError::not_found)?;
        let path = path.trim_matches('/');
        let object = repo
            .git
            .object(&format!("{}:{path}", commit.oid))?
            .filter(|object| object.kind == "blob")
            .ok_or_else(ApiError::not_found)?;
        let (api, page) = (repo.api(), repo.page());
        let url = format!("{api}/contents/{path}?ref={reference}");
        let git_url = format!("{api}/git/blobs/{}", object.oid);
        let html_url = format!("{page}/blob/{reference}/{path}");
        Ok(Json(json!({
            "type": "file",
            "name": path.rsplit('/').next(),
            "path": path,
            "sha": object.oid,
            "size": object.data.len(),
            "url": url,
            "git_url": git_url,
            "html_url": html_url,
            "download_url": format!("{page}/raw/{reference}/{path}"),
            "_links": { "self": url, "git": git_url, "html": html_url },
            "encoding": "base64",
            "content": lines(&STANDARD.encode(&object.data)),
        })))
    })
    .await
}

/// Breaks Base64 into lines of 60, as GitHub sends it.
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

/// `{name}` of a path: a ref without `refs/`.
#[derive(Deserialize)]
pub(super) struct RefName {
    name: String,
}

pub(super) async fn reference(
    repo: Repo,
    Path(RefName { name }): Path<RefName>,
) -> Result<Json<Value>, ApiError> {
    let full = format!("refs/{name}");
    let oid = repo.git.reference(&full).ok_or_else(ApiError::not_found)?;
    Ok(Json(json::git_ref(&repo, &full, &oid)))
}

#[derive(Deserialize)]
pub(super) struct NewRef {
    #[serde(rename = "ref", default)]
    reference: String,
    #[serde(default)]
    sha: String,
}

pub(super) async fn create_ref(
    repo: Repo,
    Viewer(by): Viewer,
    Json(new): Json<NewRef>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    repo.blocking(move |repo| {
        commits::create_ref(repo, by, &new.reference, &new.sha)?;
        let body = json::git_ref(repo, &new.reference, &new.sha);
        Ok((StatusCode::CREATED, Json(body)))
    })
    .await
}

pub(super) async fn delete_ref(
    repo: Repo,
    Path(RefName { name }): Path<RefName>,
    Viewer(by): Viewer,
) -> Result<StatusCode, ApiError> {
    repo.blocking(move |repo| {
        commits::delete_ref(repo, by, &format!("refs/{name}"))?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}
