//! Pull requests, reviews and comments.

use serde_json::{Value, json};

use super::format::{extend, node_id, stamp};
use super::people::{organization, team, user};
use super::repositories;
use crate::github::accounts;
use crate::github::repository::{Comment, Pull, RepositoryState, Review};
use crate::github::rules;
use crate::github::state::Repo;

/// `pull-request-simple`.
pub(crate) fn pull(repo: &Repo, pull: &Pull) -> Value {
    let (api, links) = (repo.api(), repo.github.links());
    let url = format!("{api}/pulls/{}", pull.number);
    let issue = format!("{api}/issues/{}", pull.number);
    let page = format!("{}/pull/{}", repo.page(), pull.number);
    let statuses = format!("{api}/statuses/{}", pull.head);
    let repository = repositories::full_repository(repo, None, 0);
    let end = |name: &str, oid: &str| {
        json!({
            "label": format!("{}:{name}", repo.owner),
            "ref": name,
            "sha": oid,
            "user": organization(&links),
            "repo": repository,
        })
    };
    let reviewers = pull.requested.iter();
    let reviewers: Vec<Value> = reviewers
        .filter_map(|login| accounts::account(login))
        .map(|account| user(&links, account))
        .collect();
    let href = |to: &str| json!({ "href": to });
    json!({
        "url": url,
        "id": pull.id,
        "node_id": node_id("PR", pull.id),
        "html_url": page,
        "diff_url": format!("{page}.diff"),
        "patch_url": format!("{page}.patch"),
        "issue_url": issue,
        "commits_url": format!("{url}/commits"),
        "review_comments_url": format!("{url}/comments"),
        "review_comment_url": format!("{api}/pulls/comments{{/number}}"),
        "comments_url": format!("{issue}/comments"),
        "statuses_url": statuses,
        "number": pull.number,
        "state": if pull.is_open() { "open" } else { "closed" },
        "locked": false,
        "title": pull.title,
        "user": user(&links, pull.author),
        "body": (!pull.body.is_empty()).then_some(&pull.body),
        "labels": [],
        "milestone": null,
        "active_lock_reason": null,
        "created_at": stamp(pull.created_at),
        "updated_at": stamp(pull.updated_at),
        "closed_at": pull.closed_at.map(stamp),
        "merged_at": pull.merged.as_ref().map(|merged| stamp(merged.at)),
        "merge_commit_sha": pull.merged.as_ref().map(|merged| &merged.commit),
        "assignee": null,
        "assignees": [],
        "requested_reviewers": reviewers,
        "requested_teams": pull.requested_team.then(|| team(&links)).as_slice(),
        "head": end(&pull.head_ref, &pull.head),
        "base": end(&pull.base_ref, &pull.base),
        "_links": {
            "self": href(&url),
            "html": href(&page),
            "issue": href(&issue),
            "comments": href(&format!("{issue}/comments")),
            "review_comments": href(&format!("{url}/comments")),
            "review_comment": href(&format!("{api}/pulls/comments{{/number}}")),
            "commits": href(&format!("{url}/commits")),
            "statuses": href(&statuses),
        },
        "author_association": pull.author.association(),
        "auto_merge": null,
        "draft": pull.draft,
    })
}

/// `pull-request`: with the fields that have to be computed.
pub(crate) fn pull_detail(
    repo: &Repo,
    state: &RepositoryState,
    item: &Pull,
) -> anyhow::Result<Value> {
    let links = repo.github.links();
    let judgement = rules::judge(repo, state, item)?;
    let files = rules::files(repo, item)?;
    let mergeable = item.is_open().then_some(judgement.mergeable);
    let merged = item.merged.as_ref();
    let computed = json!({
        "merged": merged.is_some(),
        "mergeable": mergeable,
        "rebaseable": mergeable.map(|_| false),
        "mergeable_state": judgement.state,
        "merged_by": merged.map(|merged| user(&links, merged.by)),
        "comments": item.comments.len(),
        "review_comments": 0,
        "maintainer_can_modify": false,
        "commits": rules::commits(repo, item)?.len(),
        "additions": files.iter().map(|file| file.additions).sum::<u64>(),
        "deletions": files.iter().map(|file| file.deletions).sum::<u64>(),
        "changed_files": files.len(),
    });
    Ok(extend(pull(repo, item), computed))
}

/// `pull-request-review`.
pub(crate) fn review(repo: &Repo, pull: &Pull, review: &Review) -> Value {
    let page = format!(
        "{}/pull/{}#pullrequestreview-{}",
        repo.page(),
        pull.number,
        review.id
    );
    let url = format!("{}/pulls/{}", repo.api(), pull.number);
    json!({
        "id": review.id,
        "node_id": node_id("PRR", review.id),
        "user": user(&repo.github.links(), review.author),
        "body": review.body,
        "state": review.state.as_str(),
        "html_url": page,
        "pull_request_url": url,
        "_links": { "html": { "href": page }, "pull_request": { "href": url } },
        "submitted_at": stamp(review.submitted_at),
        "commit_id": review.commit,
        "author_association": review.author.association(),
    })
}

/// `issue-comment`, on the pull request of a number.
pub(crate) fn comment(repo: &Repo, number: u64, comment: &Comment) -> Value {
    let (api, page, id) = (repo.api(), repo.page(), comment.id);
    json!({
        "id": id,
        "node_id": node_id("IC", id),
        "url": format!("{api}/issues/comments/{id}"),
        "html_url": format!("{page}/pull/{number}#issuecomment-{id}"),
        "issue_url": format!("{api}/issues/{number}"),
        "body": comment.body,
        "user": user(&repo.github.links(), comment.author),
        "created_at": stamp(comment.created_at),
        "updated_at": stamp(comment.created_at),
        "author_association": comment.author.association(),
    })
}
