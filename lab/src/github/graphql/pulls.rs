//! `PullRequest` and its reviews.

use apollo_compiler::resolvers::ResolvedValue;
use serde_json::{Value, json};

use super::commits::{Commit, Ref, by_oid, rollup};
use super::object::{
    Args, Data, Resolved, Resolver, actor, connection, data, leaf, nullable, object, team,
};
use crate::github::accounts;
use crate::github::error::ApiError;
use crate::github::json::stamp;
use crate::github::repository::{Pull, Review};
use crate::github::rules::{self, Decision, Judgement};
use crate::github::state::Repo;

/// `PullRequest`.
pub(super) struct PullRequest(pub(super) Repo, pub(super) Pull);

impl Resolver for PullRequest {
    fn type_name(&self) -> &str {
        "PullRequest"
    }

    fn field<'v>(&self, name: &str, args: &Args<'_>) -> Resolved<'v> {
        let Self(repo, pull) = self;
        let judge =
            || -> Result<Judgement, ApiError> { Ok(rules::judge(repo, &repo.state.lock(), pull)?) };
        let merged = pull.merged.as_ref();
        Ok(match name {
            "number" => leaf(pull.number),
            "title" => leaf(pull.title.as_str()),
            "url" => leaf(format!("{}/pull/{}", repo.page(), pull.number)),
            "state" => leaf(pull.state()),
            "isDraft" => leaf(pull.draft),
            "author" => data(&actor(pull.author)),
            "createdAt" => leaf(stamp(pull.created_at)),
            "closedAt" => leaf(pull.closed_at.map(stamp)),
            "mergedAt" => leaf(merged.map(|merged| stamp(merged.at))),
            "mergedBy" => data(&merged.map_or(Value::Null, |merged| actor(merged.by))),
            "mergeCommit" => match merged {
                Some(merged) => return by_oid(repo, &merged.commit),
                None => ResolvedValue::null(),
            },
            "baseRefName" => leaf(pull.base_ref.as_str()),
            "baseRefOid" => leaf(pull.base.as_str()),
            "baseRef" => {
                let name = format!("refs/heads/{}", pull.base_ref);
                let found = repo.git.reference(&name);
                nullable(found.map(|_| Ref(repo.clone(), name)))
            }
            "headRefName" => leaf(pull.head_ref.as_str()),
            "headRefOid" => leaf(pull.head.as_str()),
            "mergeable" if !pull.is_open() => leaf("UNKNOWN"),
            "mergeable" if judge()?.mergeable => leaf("MERGEABLE"),
            "mergeable" => leaf("CONFLICTING"),
            "mergeStateStatus" => leaf(judge()?.state.to_uppercase()),
            "reviewDecision" => leaf(judge()?.decision.map(Decision::as_str)),
            "statusCheckRollup" => rollup(repo, &pull.head),
            "commits" => {
                let kind = "PullRequestCommitConnection";
                return connection(kind, rules::commits(repo, pull)?, args, |oid| {
                    Ok(PullRequestCommit(repo.clone(), oid))
                });
            }
            "latestOpinionatedReviews" => {
                return reviews(repo, rules::opinions(pull, args.flag("writersOnly")), args);
            }
            "reviews" => return reviews(repo, pull.reviews.iter().collect(), args),
            // "reviewRequests"
            _ => return review_requests(pull, args),
        })
    }
}

/// `PullRequestCommit`, by the commit's oid.
struct PullRequestCommit(Repo, String);

impl Resolver for PullRequestCommit {
    fn type_name(&self) -> &str {
        "PullRequestCommit"
    }

    /// Resolves `commit`, the only field.
    fn field<'v>(&self, _name: &str, _args: &Args<'_>) -> Resolved<'v> {
        let Self(repo, oid) = self;
        Ok(object(Commit(repo.clone(), repo.git.known_commit(oid)?)))
    }
}

/// `PullRequestReview`.
struct PullRequestReview(Repo, Review);

impl Resolver for PullRequestReview {
    fn type_name(&self) -> &str {
        "PullRequestReview"
    }

    fn field<'v>(&self, name: &str, _args: &Args<'_>) -> Resolved<'v> {
        let Self(repo, review) = self;
        Ok(match name {
            "author" => data(&actor(review.author)),
            "body" => leaf(review.body.as_str()),
            "commit" => return by_oid(repo, &review.commit),
            "state" => leaf(review.state.as_str()),
            // "submittedAt"
            _ => leaf(stamp(review.submitted_at)),
        })
    }
}

fn reviews<'v>(repo: &Repo, reviews: Vec<&Review>, args: &Args<'_>) -> Resolved<'v> {
    connection("PullRequestReviewConnection", reviews, args, |review| {
        Ok(PullRequestReview(repo.clone(), review.clone()))
    })
}

fn review_requests<'v>(pull: &Pull, args: &Args<'_>) -> Resolved<'v> {
    let people = pull.requested.iter();
    let people = people.filter_map(|login| accounts::account(login));
    let people = people.map(actor);
    let reviewers: Vec<Value> = people.chain(pull.requested_team.then(team)).collect();
    connection("ReviewRequestConnection", reviewers, args, |reviewer| {
        Ok(Data(json!({
            "__typename": "ReviewRequest",
            "requestedReviewer": reviewer,
        })))
    })
}
