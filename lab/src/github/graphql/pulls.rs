//! `PullRequest` and its reviews.

use std::sync::Arc;

use apollo_compiler::resolvers::ResolvedValue;
use serde_json::{Value, json};

use super::commits;
use super::object::{Args, Object, Resolved, actor, connection, data, leaf, team};
use crate::github::accounts;
use crate::github::error::ApiError;
use crate::github::json::stamp;
use crate::github::repository::{Pull, Review};
use crate::github::rules::{self, Decision, Judgement};
use crate::github::state::Repo;

/// `PullRequest`.
pub(super) fn pull<'v>(
    repo: &Repo,
    pull: &Arc<Pull>,
    field: &str,
    args: &Args<'_>,
) -> Resolved<'v> {
    let judge =
        || -> Result<Judgement, ApiError> { Ok(rules::judge(repo, &repo.state.lock(), pull)?) };
    let merged = pull.merged.as_ref();
    Ok(match field {
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
            Some(merged) => return commits::by_oid(repo, &merged.commit),
            None => ResolvedValue::null(),
        },
        "baseRefName" => leaf(pull.base_ref.as_str()),
        "baseRefOid" => leaf(pull.base.as_str()),
        "baseRef" => {
            let name = format!("refs/heads/{}", pull.base_ref);
            let found = repo.git.reference(&name);
            ResolvedValue::nullable_object(found.map(|_| Object::Ref(repo.clone(), name)))
        }
        "headRefName" => leaf(pull.head_ref.as_str()),
        "headRefOid" => leaf(pull.head.as_str()),
        "mergeable" if !pull.is_open() => leaf("UNKNOWN"),
        "mergeable" if judge()?.mergeable => leaf("MERGEABLE"),
        "mergeable" => leaf("CONFLICTING"),
        "mergeStateStatus" => leaf(judge()?.state.to_uppercase()),
        "reviewDecision" => leaf(judge()?.decision.map(Decision::as_str)),
        "statusCheckRollup" => commits::rollup_of(repo, &pull.head),
        "commits" => {
            let kind = "PullRequestCommitConnection";
            return connection(kind, rules::commits(repo, pull)?, args, |oid| {
                let commit = repo.git.known_commit(&oid)?;
                Ok(Object::PullRequestCommit(repo.clone(), commit))
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

fn reviews<'v>(repo: &Repo, reviews: Vec<&Review>, args: &Args<'_>) -> Resolved<'v> {
    connection("PullRequestReviewConnection", reviews, args, |review| {
        let review = Arc::new(review.clone());
        Ok(Object::PullRequestReview(repo.clone(), review))
    })
}

/// `PullRequestReview`.
pub(super) fn review<'v>(repo: &Repo, review: &Review, field: &str) -> Resolved<'v> {
    Ok(match field {
        "author" => data(&actor(review.author)),
        "body" => leaf(review.body.as_str()),
        "commit" => return commits::by_oid(repo, &review.commit),
        "state" => leaf(review.state.as_str()),
        // "submittedAt"
        _ => leaf(stamp(review.submitted_at)),
    })
}

fn review_requests<'v>(pull: &Pull, args: &Args<'_>) -> Resolved<'v> {
    let people = pull.requested.iter();
    let people = people
        .filter_map(|login| accounts::account(login))
        .map(actor);
    let wanted: Vec<Value> = people.chain(pull.requested_team.then(team)).collect();
    connection("ReviewRequestConnection", wanted, args, |reviewer| {
        let fields = json!({ "__typename": "ReviewRequest", "requestedReviewer": reviewer });
        Ok(Object::Data(fields))
    })
}
