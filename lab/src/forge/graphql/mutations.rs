//! The root of mutations: `createCommitOnBranch` and `mergePullRequest`, both guarded by the head
//! that the caller saw.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::object::{Answer, Args, Failure, Object};
use super::{Context, commits, people, pulls};
use crate::forge::acts::commits::{self as acts, Change};
use crate::forge::acts::merge::{self, Order};
use crate::forge::git::Edit;
use crate::forge::present::node_id;
use crate::forge::refusal::Refusal;

/// `Mutation`.
pub(super) fn root(context: &Context) -> Object {
    let (committing, merging) = (context.clone(), context.clone());
    Object::new("Mutation")
        .field("createCommitOnBranch", move |args| {
            create_commit(&committing, args)
        })
        .field("mergePullRequest", move |args| {
            merge_pull_request(&merging, args)
        })
}

fn input(args: &Args) -> Result<&Value, Failure> {
    args.0
        .get("input")
        .filter(|input| input.is_object())
        .ok_or_else(|| Failure::Invalid("The argument 'input' is missing".to_owned()))
}

fn text<'v>(value: &'v Value, path: &str) -> Result<&'v str, Failure> {
    value
        .pointer(path)
        .and_then(Value::as_str)
        .ok_or_else(|| Failure::Invalid(format!("The input lacks {path}")))
}

fn create_commit(context: &Context, args: &Args) -> Result<Answer, Failure> {
    let input = input(args)?;
    let full_name = text(input, "/branch/repositoryNameWithOwner")?;
    let branch = text(input, "/branch/branchName")?;
    let (owner, name) = full_name.split_once('/').unwrap_or_default();
    let repository = context.engine.repository(owner, name)?;
    let branch = branch.strip_prefix("refs/heads/").unwrap_or(branch);
    if repository.git.branch(branch).is_none() {
        return Err(Failure::NotFound(format!(
            "Branch \"{branch}\" does not exist"
        )));
    }
    let headline = text(input, "/message/headline")?;
    let message = match input.pointer("/message/body").and_then(Value::as_str) {
        Some(body) if !body.is_empty() => format!("{headline}\n\n{body}"),
        _ => headline.to_owned(),
    };
    let change = Change {
        branch,
        parent: text(input, "/expectedHeadOid")?,
        message: &message,
        edits: edits(input)?,
        force: false,
    };
    let oid = acts::commit(&context.engine, &repository, context.viewer, change)?;
    let made = (context.clone(), repository.clone(), oid);
    let moved = (context.clone(), repository, format!("refs/heads/{branch}"));
    let payload = Object::new("CreateCommitOnBranchPayload")
        .leaf("clientMutationId", input["clientMutationId"].clone())
        .field("commit", move |_| {
            let (context, repository, oid) = &made;
            Ok(commits::by_oid(context, repository, oid)?.into())
        })
        .object("ref", move || {
            let (context, repository, name) = &moved;
            commits::reference(context, repository, name)
        });
    Ok(Answer::Object(payload))
}

fn edits(input: &Value) -> Result<Vec<Edit>, Failure> {
    let list = |name: &str| {
        input
            .pointer(&format!("/fileChanges/{name}"))
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default()
    };
    let mut edits = Vec::new();
    for addition in list("additions") {
        let contents = STANDARD
            .decode(text(&addition, "/contents")?)
            .map_err(|_| Failure::Invalid("contents is not Base64".to_owned()))?;
        edits.push(Edit {
            path: text(&addition, "/path")?.to_owned(),
            contents: Some(contents),
        });
    }
    for deletion in list("deletions") {
        edits.push(Edit {
            path: text(&deletion, "/path")?.to_owned(),
            contents: None,
        });
    }
    Ok(edits)
}

fn merge_pull_request(context: &Context, args: &Args) -> Result<Answer, Failure> {
    let input = input(args)?;
    let id = text(input, "/pullRequestId")?;
    let found = context.engine.repositories.values().find_map(|repository| {
        let state = repository.state.lock();
        let pull = state
            .pulls
            .values()
            .find(|pull| node_id("PR", pull.id) == id)?;
        Some((repository.clone(), pull.number))
    });
    let (repository, number) = found.ok_or_else(|| {
        Failure::NotFound(format!(
            "Could not resolve to a node with the global id of '{id}'"
        ))
    })?;
    let word = |name: &str| input[name].as_str().map(str::to_owned);
    let order = Order {
        sha: word("expectedHeadOid"),
        method: word("mergeMethod").map(|method| method.to_lowercase()),
        title: word("commitHeadline"),
        message: word("commitBody"),
    };
    merge::merge(&context.engine, &repository, context.viewer, number, &order)?;
    let (by, after) = (context.clone(), (context.clone(), repository, number));
    let payload = Object::new("MergePullRequestPayload")
        .leaf("clientMutationId", input["clientMutationId"].clone())
        .object("actor", move || Some(people::account(&by, by.viewer)))
        .field("pullRequest", move |_| {
            let (context, repository, number) = &after;
            let pull = repository.state.lock().pulls.get(number).cloned();
            let pull = pull.ok_or_else(Refusal::not_found)?;
            Ok(Answer::Object(pulls::pull(context, repository, &pull)))
        });
    Ok(Answer::Object(payload))
}
