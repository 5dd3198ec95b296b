//! Commits, refs and changed files.

use serde_json::{Value, json};

use super::format::{node_id, stamp};
use super::people::user;
use crate::github::accounts;
use crate::github::git::{Commit, FileDiff, Signature};
use crate::github::state::Repo;

/// `commit`, without files.
pub(crate) fn commit(repo: &Repo, commit: &Commit) -> Value {
    let (api, links, oid) = (repo.api(), repo.github.links(), &commit.oid);
    let url = |oid: &str| format!("{api}/commits/{oid}");
    let page = |oid: &str| format!("{}/commit/{oid}", repo.page());
    let person =
        |by: &Signature| accounts::by_email(&by.email).map(|account| user(&links, account));
    let parents = commit.parents.iter();
    let parents: Vec<Value> = parents
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
            "verification": {
                "verified": false,
                "reason": "unsigned",
                "signature": null,
                "payload": null,
                "verified_at": null,
            },
        },
        "url": url(oid),
        "html_url": page(oid),
        "comments_url": format!("{}/comments", url(oid)),
        "author": person(&commit.author),
        "committer": person(&commit.committer),
        "parents": parents,
    })
}

fn signature(by: &Signature) -> Value {
    json!({ "name": by.name, "email": by.email, "date": stamp(by.at) })
}

/// `diff-entry`, for the file as it is in the commit `head`.
pub(crate) fn file(repo: &Repo, head: &str, file: &FileDiff) -> Value {
    let (page, path) = (repo.page(), &file.path);
    let mut body = json!({
        "sha": file.oid,
        "filename": path,
        "status": file.status.as_str(),
        "additions": file.additions,
        "deletions": file.deletions,
        "changes": file.additions + file.deletions,
        "blob_url": format!("{page}/blob/{head}/{path}"),
        "raw_url": format!("{page}/raw/{head}/{path}"),
        "contents_url": format!("{}/contents/{path}?ref={head}", repo.api()),
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
pub(crate) fn git_ref(repo: &Repo, name: &str, oid: &str) -> Value {
    let api = format!("{}/git", repo.api());
    json!({
        "ref": name,
        "node_id": node_id("REF", name),
        "url": format!("{api}/{name}"),
        "object": { "type": "commit", "sha": oid, "url": format!("{api}/commits/{oid}") },
    })
}
