//! `Query` and `Repository`.

use std::sync::Arc;

use apollo_compiler::resolvers::ResolvedValue;

use super::Context;
use super::commits;
use super::object::{Args, Object, Resolved, actor, connection, data, leaf, object};
use crate::github::error::ApiError;
use crate::github::repository::Pull;
use crate::github::state::Repo;

/// `Query`.
pub(super) fn root<'v>(context: &Context, field: &str, args: &Args<'_>) -> Resolved<'v> {
    if field == "viewer" {
        return Ok(data(&actor(context.viewer)));
    }
    let owner = args.text("owner").unwrap_or_default();
    let name = args.text("name").unwrap_or_default();
    let repo = context.github.repo(owner, name).map_err(|_| {
        ApiError::missing(format!(
            "Could not resolve to a Repository with the name '{owner}/{name}'."
        ))
    })?;
    Ok(object(Object::Repository(context.clone(), repo)))
}

/// `Repository`.
pub(super) fn repository<'v>(
    context: &Context,
    repo: &Repo,
    field: &str,
    args: &Args<'_>,
) -> Resolved<'v> {
    Ok(match field {
        "mergeCommitAllowed" | "squashMergeAllowed" => leaf(true),
        "rebaseMergeAllowed" => leaf(false),
        "viewerPermission" => leaf(context.viewer.permission.as_str()),
        "object" => return commits::expression(repo, args.text("expression").unwrap_or_default()),
        "pullRequest" => {
            let number = args.number("number").unwrap_or_default();
            let found = repo.state.lock().pulls.get(&(number as u64)).cloned();
            let pull = found.ok_or_else(|| {
                ApiError::missing(format!(
                    "Could not resolve to a PullRequest with the number of {number}."
                ))
            })?;
            object(Object::PullRequest(repo.clone(), Arc::new(pull)))
        }
        "pullRequests" => return pull_requests(repo, args),
        // "ref"
        _ => {
            let name = args.text("qualifiedName").unwrap_or_default();
            let full = ["", "refs/heads/", "refs/tags/"]
                .iter()
                .map(|prefix| format!("{prefix}{name}"))
                .find(|full| repo.git.reference(full).is_some());
            ResolvedValue::nullable_object(full.map(|full| Object::Ref(repo.clone(), full)))
        }
    })
}

fn pull_requests<'v>(repo: &Repo, args: &Args<'_>) -> Resolved<'v> {
    let states = args.0.get("states").and_then(|states| states.as_array());
    let admits = |pull: &&Pull| {
        states.is_none_or(|states| states.iter().any(|state| state == pull.state()))
            && args
                .text("headRefName")
                .is_none_or(|head| head == pull.head_ref)
            && args
                .text("baseRefName")
                .is_none_or(|base| base == pull.base_ref)
    };
    let mut pulls: Vec<Pull> = {
        let state = repo.state.lock();
        state.pulls.values().filter(admits).cloned().collect()
    };
    let order = args.0.get("orderBy");
    let by = |name: &str| order.and_then(|order| order.get(name)?.as_str());
    if by("field") == Some("UPDATED_AT") {
        pulls.sort_by_key(|pull| pull.updated_at);
    }
    if by("direction") == Some("DESC") {
        pulls.reverse();
    }
    connection("PullRequestConnection", pulls, args, |pull| {
        Ok(Object::PullRequest(repo.clone(), Arc::new(pull)))
    })
}
