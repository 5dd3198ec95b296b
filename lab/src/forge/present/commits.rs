//! Commits, refs and changed files.

use serde_json::{Value, json};

use super::people::user;
use super::{Links, node_id, stamp};
use crate::forge::accounts;
use crate::forge::git::{Commit, FileDiff, Signature};
use crate::forge::state::Repository;

/// `commit`, without files.
pub(crate) fn commit(links: &Links, repository: &Repository, commit: &Commit) -> Value {
    let full_name = repository.full_name();
    let api = format!("{}/repos/{full_name}", links.api);
    let url = |oid: &str| format!("{api}/commits/{oid}");
    let page = |oid: &str| format!("{}/{full_name}/commit/{oid}", links.web);
    let oid = &commit.oid;
    let person = |by: &Signature| accounts::by_email(&by.email).map(|account| user(links, account));
    let parents: Vec<Value> = commit
        .parents
        .iter()
        .map(|oid| json!({ "sha": oid, "url": url(oid), "html_url": page(oid) }))
        .collect();
    json!({
        "sha": oid,
        "node_id": node_id("C", oid),
        "commit": {
            "author": signature(&commit.author),
            "committer": signature(&commit.committer),
            "message": commit.message,
            "tree": { "sha": commit.tree, "url": format!("{api}/git/trees/{}", commit.tree) },
            "url": format!("{api}/git/commits/{oid}"),
            "comment_count": 0,
            "verification": unsigned(),
        },
        "url": url(oid),
        "html_url": page(oid),
        "comments_url": format!("{}/comments", url(oid)),
        "author": person(&commit.author),
        "committer": person(&commit.committer),
        "parents": parents,
    })
}

/// `git-commit`.
pub(crate) fn git_commit(links: &Links, repository: &Repository, commit: &Commit) -> Value {
    let full_name = repository.full_name();
    let api = format!("{}/repos/{full_name}/git", links.api);
    let page = |oid: &str| format!("{}/{full_name}/commit/{oid}", links.web);
    let parents: Vec<Value> = commit
        .parents
        .iter()
        .map(|oid| {
            json!({ "sha": oid, "url": format!("{api}/commits/{oid}"), "html_url": page(oid) })
        })
        .collect();
    json!({
        "sha": commit.oid,
        "node_id": node_id("C", &commit.oid),
        "url": format!("{api}/commits/{}", commit.oid),
        "html_url": page(&commit.oid),
        "author": signature(&commit.author),
        "committer": signature(&commit.committer),
        "message": commit.message,
        "tree": { "sha": commit.tree, "url": format!("{api}/trees/{}", commit.tree) },
        "parents": parents,
        "verification": unsigned(),
    })
}

fn signature(by: &Signature) -> Value {
    json!({ "name": by.name, "email": by.email, "date": stamp(by.at) })
}

fn unsigned() -> Value {
    json!({
        "verified": false,
        "reason": "unsigned",
        "signature": null,
        "payload": null,
        "verified_at": null,
    })
}

/// `diff-entry`, for the file as it is in the commit `head`.
pub(crate) fn file(links: &Links, repository: &Repository, head: &str, file: &FileDiff) -> Value {
    let full_name = repository.full_name();
    let path = &file.path;
    let mut body = json!({
        "sha": file.oid,
        "filename": path,
        "status": file.status.as_str(),
        "additions": file.additions,
        "deletions": file.deletions,
        "changes": file.additions + file.deletions,
        "blob_url": format!("{}/{full_name}/blob/{head}/{path}", links.web),
        "raw_url": format!("{}/{full_name}/raw/{head}/{path}", links.web),
        "contents_url": format!("{}/repos/{full_name}/contents/{path}?ref={head}", links.api),
    });
    if let Some(patch) = &file.patch {
        body["patch"] = patch.as_str().into();
    }
    if let Some(previous) = &file.previous_path {
        body["previous_filename"] = previous.as_str().into();
    }
    body
}

/// `git-ref`, by the ref's full name.
pub(crate) fn git_ref(links: &Links, repository: &Repository, name: &str, oid: &str) -> Value {
    let api = format!("{}/repos/{}/git", links.api, repository.full_name());
    json!({
        "ref": name,
        "node_id": node_id("REF", name),
        "url": format!("{api}/{name}"),
        "object": { "type": "commit", "sha": oid, "url": format!("{api}/commits/{oid}") },
    })
}
