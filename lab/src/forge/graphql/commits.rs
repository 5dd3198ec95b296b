//! Commits, refs, trees and blobs.

use std::sync::Arc;

use serde_json::Value;

use super::object::{Answer, Args, Failure, Object, connection};
use super::{Context, marks, people, repositories};
use crate::forge::accounts;
use crate::forge::git::{Commit, Signature, TreeEntry};
use crate::forge::present::{node_id, stamp};
use crate::forge::rules;
use crate::forge::state::Repository;

/// `Commit`, by an oid that may be unknown.
pub(super) fn by_oid(
    context: &Context,
    repository: &Arc<Repository>,
    oid: &str,
) -> Result<Option<Object>, Failure> {
    let found = repository.git.commit(oid)?;
    Ok(found.map(|found| commit(context, repository, &found)))
}

/// `Commit`.
pub(super) fn commit(
    context: &Context,
    repository: &Arc<Repository>,
    commit: &Arc<Commit>,
) -> Object {
    let web = context.engine.links().web;
    let full_name = repository.full_name();
    let url = format!("{web}/{full_name}/commit/{}", commit.oid);
    let oid = commit.oid.clone();
    let object = Object::new("Commit")
        .leaf("id", node_id("C", &oid))
        .leaf("oid", oid.as_str())
        .leaf("abbreviatedOid", &oid[..7])
        .leaf("url", url.as_str())
        .leaf("commitUrl", url.as_str())
        .leaf("message", commit.message.as_str())
        .leaf("messageHeadline", commit.headline())
        .leaf("messageBody", commit.body())
        .leaf("authoredDate", stamp(commit.author.at))
        .leaf("committedDate", stamp(commit.committer.at));
    let object = with_people(object, context, commit);
    let object = with_history(object, context, repository, commit);
    with_marks(object, context, repository, &oid)
}

fn with_people(object: Object, context: &Context, commit: &Arc<Commit>) -> Object {
    let (author, committer) = (commit.author.clone(), commit.committer.clone());
    let (by_author, by_committer) = (context.clone(), context.clone());
    object
        .object("author", move || Some(actor(&by_author, &author)))
        .object("committer", move || Some(actor(&by_committer, &committer)))
}

fn with_history(
    object: Object,
    context: &Context,
    repository: &Arc<Repository>,
    commit: &Arc<Commit>,
) -> Object {
    let up = (context.clone(), repository.clone(), commit.parents.clone());
    let along = (context.clone(), repository.clone(), commit.oid.clone());
    let below = (context.clone(), repository.clone(), commit.clone());
    let at = (context.clone(), repository.clone(), commit.oid.clone());
    object
        .field("parents", move |args| {
            let (context, repository, parents) = &up;
            Ok(Answer::Object(list(
                "CommitConnection",
                context,
                repository,
                parents,
                args,
            )))
        })
        .field("history", move |args| {
            let (context, repository, oid) = &along;
            let path = args.text("path").unwrap_or_default();
            let oids = repository.git.history(oid, path)?;
            let kind = "CommitHistoryConnection";
            Ok(Answer::Object(list(kind, context, repository, &oids, args)))
        })
        .field("file", move |args| {
            let (context, repository, oid) = &at;
            let path = args.required("path")?.trim_matches('/');
            let (dir, name) = path.rsplit_once('/').unwrap_or(("", path));
            let entries = repository.git.tree(oid, dir)?.unwrap_or_default();
            let found = entries.iter().find(|item| item.name == name);
            Ok(found
                .map(|item| entry(context, repository, dir, item))
                .into())
        })
        .field("tree", move |_| {
            let (context, repository, commit) = &below;
            let entries = repository.git.tree(&commit.oid, "")?.unwrap_or_default();
            Ok(Answer::Object(tree(
                context,
                repository,
                &commit.tree,
                "",
                entries,
            )))
        })
}

fn with_marks(
    object: Object,
    context: &Context,
    repository: &Arc<Repository>,
    oid: &str,
) -> Object {
    let rolled = (context.clone(), repository.clone(), oid.to_owned());
    let single = (context.clone(), repository.clone(), oid.to_owned());
    object
        .object("statusCheckRollup", move || {
            let (context, repository, oid) = &rolled;
            marks::rollup(context, repository, oid)
        })
        .object("status", move || {
            let (context, repository, oid) = &single;
            marks::status(context, repository, oid)
        })
}

/// A page of commits by their oids.
pub(super) fn list(
    kind: &'static str,
    context: &Context,
    repository: &Arc<Repository>,
    oids: &[String],
    args: &Args,
) -> Object {
    let (context, repository) = (context.clone(), repository.clone());
    connection(kind, oids, args, move |oid| {
        Ok(commit(
            &context,
            &repository,
            &repository.git.known_commit(oid)?,
        ))
    })
}

/// `GitActor`.
fn actor(context: &Context, by: &Signature) -> Object {
    let account = accounts::by_email(&by.email);
    let web = context.engine.links().web;
    let context = context.clone();
    Object::new("GitActor")
        .leaf("name", by.name.as_str())
        .leaf("email", by.email.as_str())
        .leaf("date", stamp(by.at))
        .leaf(
            "avatarUrl",
            account.map(|account| format!("{web}/avatars/{}.svg", account.slug())),
        )
        .object("user", move || {
            let account = account.filter(|account| account.kind == accounts::Kind::User)?;
            Some(people::account(&context, account))
        })
}

/// `Ref`, by its full name.
pub(super) fn reference(
    context: &Context,
    repository: &Arc<Repository>,
    name: &str,
) -> Option<Object> {
    let oid = repository.git.reference(name)?;
    let (prefix, short) = ["refs/heads/", "refs/tags/"]
        .iter()
        .find_map(|prefix| Some((*prefix, name.strip_prefix(prefix)?)))
        .unwrap_or(("refs/", name.trim_start_matches("refs/")));
    let branch = short.to_owned();
    let protected =
        (prefix == "refs/heads/" && rules::protection(short).is_some()).then(|| branch.clone());
    let target = (context.clone(), repository.clone(), oid);
    let home = (context.clone(), repository.clone());
    let (rule, rule_list, viewer) = (protected.clone(), protected, context.viewer);
    let object = Object::new("Ref")
        .leaf("id", node_id("REF", name))
        .leaf("name", short)
        .leaf("prefix", prefix)
        .field("target", move |_| {
            let (context, repository, oid) = &target;
            Ok(by_oid(context, repository, oid)?.into())
        })
        .object("repository", move || {
            let (context, repository) = &home;
            Some(repositories::repository(context, repository))
        })
        .object("refUpdateRule", move || {
            repositories::update_rule(rule.as_deref()?, viewer)
        })
        .field("rules", move |args| {
            Ok(Answer::Object(repositories::rules(
                rule_list.as_deref(),
                args,
            )))
        });
    Some(object)
}

/// `GitObject` of an expression like `main:charts/podinfo` or `main`.
pub(super) fn expression(
    context: &Context,
    repository: &Arc<Repository>,
    expression: &str,
) -> Result<Option<Object>, Failure> {
    let (name, path) = match expression.split_once(':') {
        Some((name, path)) => (name, Some(path.trim_matches('/'))),
        None => (expression, None),
    };
    let Some(start) = repository.git.resolve(name)? else {
        return Ok(None);
    };
    let Some(path) = path else {
        return Ok(Some(commit(context, repository, &start)));
    };
    let Some(found) = repository.git.object(&format!("{}:{path}", start.oid))? else {
        return Ok(None);
    };
    if found.kind == "tree" {
        let entries = repository.git.tree(&start.oid, path)?.unwrap_or_default();
        return Ok(Some(tree(context, repository, &found.oid, path, entries)));
    }
    Ok(Some(blob(&found.oid, &found.data)))
}

/// `Blob`.
fn blob(oid: &str, data: &[u8]) -> Object {
    let text = std::str::from_utf8(data).ok();
    Object::new("Blob")
        .leaf("id", node_id("B", oid))
        .leaf("oid", oid)
        .leaf("abbreviatedOid", &oid[..7])
        .leaf("byteSize", data.len())
        .leaf("isBinary", text.is_none())
        .leaf("isTruncated", false)
        .leaf("text", text)
}

/// `Tree` at a path.
fn tree(
    context: &Context,
    repository: &Arc<Repository>,
    oid: &str,
    path: &str,
    entries: Vec<TreeEntry>,
) -> Object {
    let (context, repository, path) = (context.clone(), repository.clone(), path.to_owned());
    Object::new("Tree")
        .leaf("id", node_id("TR", oid))
        .leaf("oid", oid)
        .leaf("abbreviatedOid", &oid[..7])
        .field("entries", move |_| {
            let make = |item: &TreeEntry| entry(&context, &repository, &path, item);
            Ok(Answer::List(entries.iter().map(make).collect()))
        })
}

/// `TreeEntry`.
fn entry(context: &Context, repository: &Arc<Repository>, dir: &str, entry: &TreeEntry) -> Object {
    let path = format!("{dir}/{}", entry.name)
        .trim_start_matches('/')
        .to_owned();
    let (is_tree, oid) = (entry.is_tree(), entry.oid.clone());
    let (context, repository, place) = (context.clone(), repository.clone(), path.clone());
    let extension = entry
        .name
        .rsplit_once('.')
        .map(|(_, extension)| format!(".{extension}"));
    Object::new("TreeEntry")
        .leaf("name", entry.name.as_str())
        .leaf("path", path)
        .leaf("oid", oid.as_str())
        .leaf("mode", entry.mode)
        .leaf("type", if is_tree { "tree" } else { "blob" })
        .leaf("extension", extension.map_or(Value::Null, Value::from))
        .field("object", move |_| {
            let Some(found) = repository.git.object(&oid)? else {
                return Ok(None.into());
            };
            if is_tree {
                let entries = repository.git.tree_object(&oid)?;
                return Ok(Some(tree(&context, &repository, &oid, &place, entries)).into());
            }
            Ok(Some(blob(&oid, &found.data)).into())
        })
}
