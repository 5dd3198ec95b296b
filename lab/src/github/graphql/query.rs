//! `Query` and `Repository`.

use std::sync::Arc;

use serde_json::json;

use super::commits::{Ref, expression};
use super::object::{Args, Resolved, Resolver, connection, data, leaf, nullable, object};
use super::pulls::PullRequest;
use crate::github::accounts::Account;
use crate::github::error::ApiError;
use crate::github::repository::Pull;
use crate::github::state::{GitHubState, Repo};

/// `Query`.
pub(super) struct Query {
    pub(super) github: Arc<GitHubState>,
    pub(super) viewer: &'static Account,
}

impl Resolver for Query {
    fn type_name(&self) -> &str {
        "Query"
    }

    fn field<'v>(&self, name: &str, args: &Args<'_>) -> Resolved<'v> {
        if name == "viewer" {
            // An app is a `User` here too, with the `[bot]` in its login.
            return Ok(data(&json!({
                "__typename": "User",
                "databaseId": self.viewer.id,
                "login": self.viewer.login,
            })));
        }
        // "repository"
        let owner = args.text("owner").unwrap_or_default();
        let name = args.text("name").unwrap_or_default();
        let repo = self.github.repo(owner, name).map_err(|_| {
            ApiError::missing(format!(
                "Could not resolve to a Repository with the name '{owner}/{name}'."
            ))
        })?;
        let viewer = self.viewer;
        Ok(object(Repository { repo, viewer }))
    }
}

/// `Repository`.
struct Repository {
    repo: Repo,
    viewer: &'static Account,
}

impl Resolver for Repository {
    fn type_name(&self) -> &str {
        "Repository"
    }

    fn field<'v>(&self, name: &str, args: &Args<'_>) -> Resolved<'v> {
        let repo = &self.repo;
        Ok(match name {
            "mergeCommitAllowed" | "squashMergeAllowed" => leaf(true),
            "rebaseMergeAllowed" => leaf(false),
            "viewerPermission" => leaf(self.viewer.permission.as_str()),
            "object" => return expression(repo, args.text("expression").unwrap_or_default()),
            "pullRequest" => {
                let number = args.number("number").unwrap_or_default();
                let found = repo.state.lock().pulls.get(&(number as u64)).cloned();
                let pull = found.ok_or_else(|| {
                    ApiError::missing(format!(
                        "Could not resolve to a PullRequest with the number of {number}."
                    ))
                })?;
                object(PullRequest(repo.clone(), pull))
            }
            "pullRequests" => return pull_requests(repo, args),
            // "ref"
            _ => {
                let name = args.text("qualifiedName").unwrap_or_default();
                let full = ["", "refs/heads/", "refs/tags/"]
                    .iter()
                    .map(|prefix| format!("{prefix}{name}"))
                    .find(|full| repo.git.reference(full).is_some());
                nullable(full.map(|full| Ref(repo.clone(), full)))
            }
        })
    }
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
        Ok(PullRequest(repo.clone(), pull))
    })
}
