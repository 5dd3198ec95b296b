//! The root of queries, repositories and the rules of their branches.

use std::sync::Arc;

use serde_json::Value;

use super::object::{Answer, Args, Failure, Object, connection};
use super::{Context, commits, people, pulls};
use crate::forge::accounts::Account;
use crate::forge::present::{node_id, stamp};
use crate::forge::rules::protection;
use crate::forge::state::{DEFAULT_BRANCH, Pull, Repository};
use crate::forge::tokens::RATE_LIMIT;

/// `Query`.
pub(super) fn root(context: &Context) -> Object {
    let (viewer, limit, found) = (context.clone(), context.clone(), context.clone());
    Object::new("Query")
        .object("viewer", move || {
            Some(people::account(&viewer, viewer.viewer))
        })
        .object("rateLimit", move || Some(rate_limit(&limit)))
        .field("repository", move |args| {
            let (owner, name) = (args.required("owner")?, args.required("name")?);
            let place = found.engine.repository(owner, name).map_err(|_| {
                Failure::NotFound(format!(
                    "Could not resolve to a Repository with the name '{owner}/{name}'."
                ))
            })?;
            Ok(Answer::Object(repository(&found, &place)))
        })
}

/// `RateLimit`.
fn rate_limit(context: &Context) -> Object {
    let usage = context
        .engine
        .tokens
        .count(context.viewer.login, 0, context.engine.now());
    Object::new("RateLimit")
        .leaf("cost", 1)
        .leaf("limit", RATE_LIMIT)
        .leaf("nodeCount", 1)
        .leaf("used", usage.used)
        .leaf("remaining", RATE_LIMIT - usage.used)
        .leaf("resetAt", stamp(usage.resets))
}

/// `Repository`.
pub(super) fn repository(context: &Context, repository: &Arc<Repository>) -> Object {
    let web = context.engine.links().web;
    let full_name = repository.full_name();
    let here = || (context.clone(), repository.clone());
    let (owner, main) = (context.clone(), here());
    let (one, many, object, reference, references) = (here(), here(), here(), here(), here());
    Object::new("Repository")
        .leaf("id", node_id("R", repository.id))
        .leaf("databaseId", repository.id)
        .leaf("name", repository.name.as_str())
        .leaf("nameWithOwner", full_name.as_str())
        .leaf("url", format!("{web}/{full_name}"))
        .leaf("isPrivate", false)
        .leaf("createdAt", stamp(repository.created_at))
        .leaf("viewerPermission", context.viewer.permission.as_str())
        .leaf("viewerCanAdminister", false)
        .leaf("viewerDefaultMergeMethod", "MERGE")
        .leaf("mergeCommitAllowed", true)
        .leaf("squashMergeAllowed", true)
        .leaf("rebaseMergeAllowed", false)
        .leaf("autoMergeAllowed", false)
        .leaf("deleteBranchOnMerge", true)
        .object("owner", move || Some(people::organization(&owner)))
        .object("defaultBranchRef", move || {
            let (context, repository) = &main;
            commits::reference(context, repository, &format!("refs/heads/{DEFAULT_BRANCH}"))
        })
        .field("pullRequest", move |args| {
            let (context, repository) = &one;
            let number = args.number("number").unwrap_or_default();
            let found = repository.state.lock().pulls.get(&number).cloned();
            let found = found.ok_or_else(|| {
                Failure::NotFound(format!(
                    "Could not resolve to a PullRequest with the number of {number}."
                ))
            })?;
            Ok(Answer::Object(pulls::pull(context, repository, &found)))
        })
        .field("pullRequests", move |args| {
            let (context, repository) = &many;
            Ok(Answer::Object(pull_requests(context, repository, args)))
        })
        .field("object", move |args| {
            let (context, repository) = &object;
            let expression = match args.text("oid") {
                Some(oid) => oid,
                None => args.required("expression")?,
            };
            Ok(commits::expression(context, repository, expression)?.into())
        })
        .field("ref", move |args| {
            let (context, repository) = &reference;
            let name = args.required("qualifiedName")?;
            let full = ["", "refs/heads/", "refs/tags/"]
                .iter()
                .map(|prefix| format!("{prefix}{name}"))
                .find(|full| repository.git.reference(full).is_some());
            Ok(full
                .and_then(|full| commits::reference(context, repository, &full))
                .into())
        })
        .field("refs", move |args| {
            let (context, repository) = references.clone();
            let prefix = args.required("refPrefix")?;
            let names: Vec<String> = repository
                .git
                .references()
                .into_iter()
                .map(|(name, _)| name)
                .filter(|name| name.starts_with(prefix))
                .collect();
            let page = connection("RefConnection", &names, args, move |name| {
                commits::reference(&context, &repository, name)
                    .ok_or_else(|| Failure::NotFound(format!("{name} is gone")))
            });
            Ok(Answer::Object(page))
        })
}

fn pull_requests(context: &Context, repository: &Arc<Repository>, args: &Args) -> Object {
    let states = args.words("states");
    let mut found: Vec<Pull> = repository
        .state
        .lock()
        .pulls
        .values()
        .filter(|pull| {
            let state = match (&pull.merged, pull.is_open()) {
                (Some(_), _) => "MERGED",
                (None, true) => "OPEN",
                (None, false) => "CLOSED",
            };
            let head = args.text("headRefName");
            let base = args.text("baseRefName");
            states.as_ref().is_none_or(|states| states.contains(&state))
                && head.is_none_or(|head| head == pull.head_ref)
                && base.is_none_or(|base| base == pull.base_ref)
        })
        .cloned()
        .collect();
    let order = args.0.get("orderBy");
    let by = |name: &str| order.and_then(|order| order[name].as_str());
    if by("field") == Some("UPDATED_AT") {
        found.sort_by_key(|pull| pull.updated_at);
    }
    if by("direction") == Some("DESC") {
        found.reverse();
    }
    let (context, repository) = (context.clone(), repository.clone());
    connection("PullRequestConnection", &found, args, move |pull| {
        Ok(pulls::pull(&context, &repository, pull))
    })
}

/// `RefUpdateRule` of a protected branch.
pub(super) fn update_rule(branch: &str, viewer: &Account) -> Option<Object> {
    let protection = protection(branch)?;
    let contexts: Vec<Value> = protection.checks.iter().copied().map(Value::from).collect();
    let rule = Object::new("RefUpdateRule")
        .leaf("pattern", branch)
        .leaf("allowsDeletions", false)
        .leaf("allowsForcePushes", false)
        .leaf("blocksCreations", false)
        .leaf("requiredApprovingReviewCount", protection.approvals)
        .leaf("requiredStatusCheckContexts", contexts)
        .leaf("requiresCodeOwnerReviews", false)
        .leaf("requiresConversationResolution", false)
        .leaf("requiresLinearHistory", false)
        .leaf("requiresSignatures", false)
        .leaf("viewerAllowedToDismissReviews", true)
        .leaf("viewerCanPush", viewer.bypasses_protection);
    Some(rule)
}

/// The `RepositoryRuleConnection` of a branch, empty when it is not protected.
pub(super) fn rules(branch: Option<&str>, args: &Args) -> Object {
    let words: Vec<&'static str> = match branch.and_then(protection) {
        Some(_) => vec![
            "DELETION",
            "NON_FAST_FORWARD",
            "PULL_REQUEST",
            "REQUIRED_STATUS_CHECKS",
        ],
        None => Vec::new(),
    };
    let branch = branch.unwrap_or_default().to_owned();
    connection("RepositoryRuleConnection", &words, args, move |word| {
        let (word, branch) = (*word, branch.clone());
        let rule = Object::new("RepositoryRule")
            .leaf("id", node_id("RR", word))
            .leaf("type", word)
            .object("parameters", move || parameters(word, &branch))
            .object("repositoryRuleset", || {
                let ruleset = Object::new("RepositoryRuleset")
                    .leaf("databaseId", 5001)
                    .leaf("name", "main")
                    .leaf("enforcement", "ACTIVE");
                Some(ruleset)
            });
        Ok(rule)
    })
}

fn parameters(word: &str, branch: &str) -> Option<Object> {
    let protection = protection(branch)?;
    match word {
        "PULL_REQUEST" => Some(
            Object::new("PullRequestParameters")
                .leaf(
                    "allowedMergeMethods",
                    vec![Value::from("MERGE"), Value::from("SQUASH")],
                )
                .leaf("dismissStaleReviewsOnPush", true)
                .leaf("requireCodeOwnerReview", false)
                .leaf("requireLastPushApproval", false)
                .leaf("requiredApprovingReviewCount", protection.approvals)
                .leaf("requiredReviewThreadResolution", false),
        ),
        "REQUIRED_STATUS_CHECKS" => Some(
            Object::new("RequiredStatusChecksParameters")
                .leaf("doNotEnforceOnCreate", false)
                .leaf("strictRequiredStatusChecksPolicy", false)
                .field("requiredStatusChecks", move |_| {
                    let check = |name: &&'static str| {
                        Object::new("StatusCheckConfiguration")
                            .leaf("context", *name)
                            .leaf("integrationId", Value::Null)
                    };
                    Ok(Answer::List(protection.checks.iter().map(check).collect()))
                }),
        ),
        _ => None,
    }
}
