//! Commits with their checks and statuses, refs, trees and blobs.

use std::sync::Arc;

use apollo_compiler::resolvers::ResolvedValue;
use serde_json::{Value, json};

use super::object::{
    Args, Data, Resolved, Resolver, actor, connection, data, leaf, nullable, object,
};
use crate::github::accounts::{self, AccountKind};
use crate::github::git;
use crate::github::json::stamp;
use crate::github::repository::{CheckRun, Status};
use crate::github::rules::{self, Rollup};
use crate::github::state::Repo;

/// The commit of an oid, or null.
pub(super) fn by_oid<'v>(repo: &Repo, oid: &str) -> Resolved<'v> {
    let found = repo.git.commit(oid)?;
    Ok(nullable(found.map(|commit| Commit(repo.clone(), commit))))
}

/// `Commit`.
pub(super) struct Commit(pub(super) Repo, pub(super) Arc<git::Commit>);

impl Resolver for Commit {
    fn type_name(&self) -> &str {
        "Commit"
    }

    fn field<'v>(&self, name: &str, args: &Args<'_>) -> Resolved<'v> {
        let Self(repo, commit) = self;
        let list = |kind, oids: Vec<String>| {
            connection(kind, oids, args, |oid| {
                Ok(Self(repo.clone(), repo.git.known_commit(&oid)?))
            })
        };
        Ok(match name {
            "oid" => leaf(commit.oid.as_str()),
            "messageHeadline" => leaf(commit.headline()),
            "committedDate" => leaf(stamp(commit.committer.at)),
            "author" => {
                let user = accounts::by_email(&commit.author.email)
                    .filter(|account| account.kind == AccountKind::User);
                data(&json!({
                    "__typename": "GitActor",
                    "name": commit.author.name,
                    "user": user.map(actor),
                }))
            }
            "parents" => return list("CommitConnection", commit.parents.clone()),
            "history" => {
                let history = repo.git.history(&commit.oid)?.to_vec();
                return list("CommitHistoryConnection", history);
            }
            "statusCheckRollup" => rollup(repo, &commit.oid),
            // "file"
            _ => {
                let path = args.text("path").unwrap_or_default().trim_matches('/');
                let (dir, name) = path.rsplit_once('/').unwrap_or(("", path));
                let entries = repo.git.tree(&commit.oid, dir)?.unwrap_or_default();
                let found = entries.into_iter().find(|entry| entry.name == name);
                nullable(found.map(|entry| TreeEntry(repo.clone(), entry)))
            }
        })
    }
}

/// `TreeEntry`.
struct TreeEntry(Repo, git::TreeEntry);

impl Resolver for TreeEntry {
    fn type_name(&self) -> &str {
        "TreeEntry"
    }

    fn field<'v>(&self, name: &str, _args: &Args<'_>) -> Resolved<'v> {
        let Self(repo, entry) = self;
        Ok(match name {
            "name" => leaf(entry.name.as_str()),
            "oid" => leaf(entry.oid.as_str()),
            // "object"
            _ => return blob_or_tree(repo, &entry.oid),
        })
    }
}

/// The blob or tree that a name of git stands for, or null.
fn blob_or_tree<'v>(repo: &Repo, name: &str) -> Resolved<'v> {
    let found = repo.git.object(name)?.map(|found| {
        if found.kind == "tree" {
            json!({ "__typename": "Tree", "oid": found.oid })
        } else {
            let text = std::str::from_utf8(&found.data).ok();
            json!({ "__typename": "Blob", "oid": found.oid, "text": text })
        }
    });
    Ok(data(&found.unwrap_or_default()))
}

/// The `GitObject` of an expression like `main:charts/podinfo` or `main`, or null.
pub(super) fn expression<'v>(repo: &Repo, expression: &str) -> Resolved<'v> {
    let (name, path) = match expression.split_once(':') {
        Some((name, path)) => (name, Some(path.trim_matches('/'))),
        None => (expression, None),
    };
    let Some(commit) = repo.git.resolve(name)? else {
        return Ok(ResolvedValue::null());
    };
    match path {
        Some(path) => blob_or_tree(repo, &format!("{}:{path}", commit.oid)),
        None => Ok(object(Commit(repo.clone(), commit))),
    }
}

/// `Ref`, by its full name.
pub(super) struct Ref(pub(super) Repo, pub(super) String);

impl Resolver for Ref {
    fn type_name(&self) -> &str {
        "Ref"
    }

    fn field<'v>(&self, name: &str, _args: &Args<'_>) -> Resolved<'v> {
        let Self(repo, full_name) = self;
        let branch = full_name.strip_prefix("refs/heads/");
        Ok(match name {
            "name" => leaf(branch.unwrap_or_else(|| full_name.trim_start_matches("refs/tags/"))),
            "target" => match repo.git.reference(full_name) {
                Some(oid) => return by_oid(repo, &oid),
                None => ResolvedValue::null(),
            },
            // "refUpdateRule"
            _ => match branch.and_then(rules::protection) {
                Some(protection) => data(&json!({
                    "__typename": "RefUpdateRule",
                    "requiredApprovingReviewCount": protection.approvals,
                    "requiredStatusCheckContexts": protection.checks,
                })),
                None => ResolvedValue::null(),
            },
        })
    }
}

/// The rollup of a commit's checks and statuses, null when it has none.
pub(super) fn rollup<'v>(repo: &Repo, sha: &str) -> ResolvedValue<'v> {
    let state = rules::rollup(&repo.state.lock(), sha);
    nullable(state.map(|state| StatusCheckRollup(repo.clone(), sha.to_owned(), state)))
}

/// `StatusCheckRollup` of a commit's oid.
struct StatusCheckRollup(Repo, String, Rollup);

impl Resolver for StatusCheckRollup {
    fn type_name(&self) -> &str {
        "StatusCheckRollup"
    }

    fn field<'v>(&self, name: &str, args: &Args<'_>) -> Resolved<'v> {
        let Self(repo, sha, rollup) = self;
        if name == "state" {
            return Ok(leaf(rollup.as_str()));
        }
        // "contexts"
        let state = repo.state.lock();
        let checks = state.latest_checks(sha).into_iter();
        let checks = checks.map(|check| check_run(repo, check));
        let statuses = state.latest_statuses(sha).into_iter().map(status_context);
        let contexts: Vec<Value> = checks.chain(statuses).collect();
        let kind = "StatusCheckRollupContextConnection";
        connection(kind, contexts, args, |context| Ok(Data(context)))
    }
}

/// `CheckRun`.
fn check_run(repo: &Repo, check: &CheckRun) -> Value {
    json!({
        "__typename": "CheckRun",
        "name": check.name,
        "status": check.phase.status().to_uppercase(),
        "conclusion": check.phase.conclusion().map(str::to_uppercase),
        "detailsUrl": format!("{}/actions/runs/{}", repo.page(), check.run),
        "title": check.title,
    })
}

/// `StatusContext`.
fn status_context(status: &Status) -> Value {
    json!({
        "__typename": "StatusContext",
        "context": status.context,
        "state": status.state.to_uppercase(),
        "description": status.description,
        "targetUrl": status.target_url,
        "createdAt": stamp(status.created_at),
        "creator": actor(status.creator),
    })
}
