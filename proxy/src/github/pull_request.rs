//! Parses a pull request of GraphQL. Unknown values are tolerated and never count for a merge.

use model::pipeline::RepositoryName;
use model::promotion::{Check, CheckState, Mergeable, Promotion, PromotionState, Review};
use model::{CommitId, Timestamp};
use serde::Deserialize;
use serde_json::Value;

use super::graphql::{Nodes, Oid};
use super::people::Login;
use super::{Error, Rules};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PullRequestNode {
    number: u64,
    title: String,
    url: String,
    state: String,
    is_draft: bool,
    author: Option<Login>,
    base_ref_name: String,
    base_ref_oid: String,
    head_ref_name: String,
    head_ref_oid: String,
    mergeable: String,
    review_decision: Option<String>,
    created_at: Timestamp,
    merged_at: Option<Timestamp>,
    closed_at: Option<Timestamp>,
    merged_by: Option<Login>,
    merge_commit: Option<Oid>,
    base_ref: Option<BaseRef>,
    opinions: Option<Nodes<Opinion>>,
    writers: Option<Nodes<Opinion>>,
    review_requests: Option<Nodes<ReviewRequest>>,
    commits: Nodes<HeadCommit>,
    declares: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BaseRef {
    ref_update_rule: Option<RefUpdateRule>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RefUpdateRule {
    required_approving_review_count: Option<u32>,
    required_status_check_contexts: Option<Vec<Option<String>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Opinion {
    state: Option<String>,
    body: Option<String>,
    submitted_at: Option<Timestamp>,
    author: Option<Login>,
    commit: Option<Oid>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReviewRequest {
    requested_reviewer: Option<Reviewer>,
}

#[derive(Deserialize)]
struct Reviewer {
    login: Option<String>,
    slug: Option<String>,
}

#[derive(Deserialize)]
struct HeadCommit {
    commit: HeadCommitNode,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HeadCommitNode {
    committed_date: Option<Timestamp>,
    author: Option<CommitAuthor>,
    status_check_rollup: Option<Rollup>,
}

#[derive(Deserialize)]
pub(super) struct CommitAuthor {
    name: Option<String>,
    user: Option<Login>,
}

impl CommitAuthor {
    /// Returns the login, else the name of the commit.
    pub(super) fn who(self) -> Option<String> {
        self.user.map(Login::who).or(self.name)
    }
}

#[derive(Deserialize)]
struct Rollup {
    contexts: Nodes<CheckContext>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CheckContext {
    name: Option<String>,
    status: Option<String>,
    conclusion: Option<String>,
    details_url: Option<String>,
    title: Option<String>,
    context: Option<String>,
    state: Option<String>,
    description: Option<String>,
    target_url: Option<String>,
}

/// Parses a `PullRequestFields` fragment; returns the promotion and the text of the file in `declares`.
pub(super) fn pull_request(
    node: &Value,
    repository: &RepositoryName,
    rulesets: Option<Rules>,
    methods: &[String],
) -> Result<(Promotion, Option<String>), Error> {
    let node = PullRequestNode::deserialize(node).map_err(Error::malformed)?;
    let declares = node
        .declares
        .as_ref()
        .and_then(|declares| declares.pointer("/nodes/0/commit/file/object/text"))
        .and_then(Value::as_str)
        .map(ToOwned::to_owned);
    let classic = node
        .base_ref
        .and_then(|base| base.ref_update_rule)
        .map(|rule| Rules {
            approvals: rule.required_approving_review_count.unwrap_or(0),
            checks: rule
                .required_status_check_contexts
                .into_iter()
                .flatten()
                .flatten()
                .collect(),
        })
        .unwrap_or_default();
    let rules = rulesets.map(|rulesets| rulesets.and(classic));
    let reviews = reviews(node.opinions, node.writers);
    let given = reviews
        .iter()
        .filter(|review| review.approves && review.counts)
        .count();
    let given = u32::try_from(given).unwrap_or(u32::MAX);
    // GitHub's own word wins where it asks for more than the counts say, such as a code owner's approval.
    let wants_more = node.review_decision.as_deref() == Some("REVIEW_REQUIRED");
    let required_approvals = rules.as_ref().map(|rules| {
        if wants_more && rules.approvals <= given {
            given.saturating_add(1)
        } else {
            rules.approvals
        }
    });
    let required_checks = rules.map(|rules| rules.checks).unwrap_or_default();
    let head = node
        .commits
        .nodes
        .into_iter()
        .next()
        .map(|node| node.commit);
    let (head_at, head_by, rollup) = head.map_or((None, None, None), |head| {
        let by = head.author.and_then(CommitAuthor::who);
        (head.committed_date, by, head.status_check_rollup)
    });
    let checks = rollup
        .into_iter()
        .flat_map(|rollup| rollup.contexts.nodes)
        .filter_map(|context| check(context, &required_checks))
        .collect();
    let promotion = Promotion {
        repository: repository.clone(),
        number: node.number,
        title: node.title,
        url: node.url,
        state: match node.state.as_str() {
            "OPEN" => PromotionState::Open,
            "MERGED" => PromotionState::Merged,
            _ => PromotionState::Closed,
        },
        draft: node.is_draft,
        // A deleted account is shown as `ghost`.
        author: node.author.map_or_else(|| "ghost".into(), Login::who),
        head: CommitId::new(&node.head_ref_oid),
        head_ref: node.head_ref_name,
        head_by,
        head_at,
        base_ref: node.base_ref_name,
        base: CommitId::new(&node.base_ref_oid),
        mergeable: match node.mergeable.as_str() {
            "MERGEABLE" => Mergeable::Clean,
            "CONFLICTING" => Mergeable::Conflicting,
            _ => Mergeable::Computing,
        },
        release: None,
        reviews,
        requested: node
            .review_requests
            .into_iter()
            .flat_map(|requests| requests.nodes)
            .filter_map(|request| request.requested_reviewer)
            .filter_map(|reviewer| reviewer.login.or(reviewer.slug))
            .collect(),
        required_approvals,
        checks,
        required_checks,
        merge_methods: methods.to_vec(),
        opened_at: node.created_at,
        closed_at: node.merged_at.or(node.closed_at),
        merged_by: node.merged_by.map(Login::who),
        merge_commit: node.merge_commit.map(|commit| CommitId::new(&commit.oid)),
    };
    Ok((promotion, declares))
}

fn reviews(opinions: Option<Nodes<Opinion>>, writers: Option<Nodes<Opinion>>) -> Vec<Review> {
    let writers: Vec<String> = writers
        .into_iter()
        .flat_map(|writers| writers.nodes)
        .filter_map(|opinion| opinion.author)
        .map(Login::who)
        .collect();
    opinions
        .into_iter()
        .flat_map(|opinions| opinions.nodes)
        .filter_map(|opinion| {
            let login = opinion.author?.who();
            let approves = match opinion.state.as_deref()? {
                "APPROVED" => true,
                "CHANGES_REQUESTED" => false,
                _ => return None,
            };
            Some(Review {
                counts: writers.contains(&login),
                login,
                approves,
                commit: opinion.commit.map(|commit| CommitId::new(&commit.oid)),
                at: opinion.submitted_at?,
                comment: opinion.body.filter(|body| !body.trim().is_empty()),
            })
        })
        .collect()
}

fn check(context: CheckContext, required: &[String]) -> Option<Check> {
    let name = context.name.or(context.context)?;
    let word = match &context.status {
        // A check run has a conclusion once it is completed, a commit status has its state.
        Some(status) if status == "COMPLETED" => context.conclusion.as_deref().unwrap_or("NONE"),
        Some(_) => "PENDING",
        None => context.state.as_deref().unwrap_or("PENDING"),
    };
    let state = match word {
        "SUCCESS" | "NEUTRAL" | "SKIPPED" => CheckState::Passed,
        "PENDING" | "EXPECTED" => CheckState::Pending,
        _ => CheckState::Failed,
    };
    Some(Check {
        required: required.contains(&name),
        name,
        state,
        url: context.details_url.or(context.target_url),
        description: context.title.or(context.description),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn node() -> Value {
        json!({
            "number": 64, "title": "Promote", "url": "", "state": "OPEN", "isDraft": false,
            "author": null, "baseRefName": "main", "baseRefOid": "b", "headRefName": "h",
            "headRefOid": "a", "mergeable": "TOMORROW", "reviewDecision": "REVIEW_REQUIRED",
            "createdAt": "2026-11-22T10:00:00Z", "mergedAt": null, "closedAt": null,
            "mergedBy": null, "mergeCommit": null, "baseRef": {"refUpdateRule": null},
            "opinions": {"nodes": [
                {"state": "APPROVED", "submittedAt": "2026-11-22T10:00:00Z", "author": {"login": "kim"}, "commit": {"oid": "a"}},
                {"state": "DISMISSED", "submittedAt": "2026-11-22T10:00:00Z", "author": {"login": "sam"}, "commit": null},
            ]},
            "writers": {"nodes": [{"author": {"login": "sam"}}]},
            "reviewRequests": {"nodes": [{"requestedReviewer": {"__typename": "Mannequin"}}, {"requestedReviewer": {"slug": "approvers"}}]},
            "commits": {"nodes": [{"commit": {"statusCheckRollup": {"contexts": {"nodes": [
                {"name": "test", "status": "COMPLETED", "conclusion": "STALE"},
                {"context": "ci", "state": "SUCCESS"},
                {"name": "lint", "status": "WAITING"},
            ]}}}}]},
        })
    }

    fn home() -> RepositoryName {
        RepositoryName::new("demo", "podinfo")
    }

    #[test]
    fn what_is_not_known_never_counts_for_a_merge() {
        let (promotion, _) = pull_request(&node(), &home(), None, &[]).unwrap();
        assert_eq!(promotion.required_approvals, None);
        assert_eq!(promotion.mergeable, Mergeable::Computing);
        let states: Vec<_> = promotion.checks.iter().map(|check| check.state).collect();
        assert_eq!(
            states,
            [CheckState::Failed, CheckState::Passed, CheckState::Pending]
        );
        assert_eq!(promotion.author, "ghost");
    }

    #[test]
    fn an_approval_of_a_reader_is_shown_and_does_not_count() {
        let (promotion, _) = pull_request(&node(), &home(), Some(Rules::default()), &[]).unwrap();
        assert_eq!(promotion.reviews.len(), 1);
        assert_eq!(promotion.approvals().count(), 0);
        assert_eq!(promotion.requested, ["approvers"]);
    }

    #[test]
    fn github_may_ask_for_more_than_the_counts_say() {
        let (promotion, _) = pull_request(&node(), &home(), Some(Rules::default()), &[]).unwrap();
        assert_eq!(promotion.missing_approvals(), Some(1));
    }
}
