//! Pull requests, reviews and comments.

use serde_json::{Map, Value, json};

use super::people::{organization, team, user};
use super::{Links, node_id, repositories, stamp};
use crate::forge::accounts;
use crate::forge::rules;
use crate::forge::state::{Comment, Pull, Repository, RepositoryState, Review};

/// `pull-request-simple`.
pub(crate) fn pull(links: &Links, repository: &Repository, pull: &Pull) -> Value {
    let full_name = repository.full_name();
    let api = format!("{}/repos/{full_name}", links.api);
    let url = format!("{api}/pulls/{}", pull.number);
    let issue = format!("{api}/issues/{}", pull.number);
    let page = format!("{}/{full_name}/pull/{}", links.web, pull.number);
    let statuses = format!("{api}/statuses/{}", pull.head);
    let place = repositories::full_repository(links, repository, None, 0);
    let end = |name: &str, oid: &str| {
        json!({
            "label": format!("{}:{name}", repository.owner),
            "ref": name,
            "sha": oid,
            "user": organization(links),
            "repo": place,
        })
    };
    let reviewers: Vec<Value> = pull
        .requested
        .iter()
        .filter_map(|login| accounts::account(login))
        .map(|account| user(links, account))
        .collect();
    let href = |to: &str| json!({ "href": to });
    let commit = pull.merged.as_ref().map(|merged| merged.commit.as_str());
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
        "user": user(links, pull.author),
        "body": if pull.body.is_empty() { None } else { Some(&pull.body) },
        "labels": [],
        "milestone": null,
        "active_lock_reason": null,
        "created_at": stamp(pull.created_at),
        "updated_at": stamp(pull.updated_at),
        "closed_at": pull.closed_at.map(stamp),
        "merged_at": pull.merged.as_ref().map(|merged| stamp(merged.at)),
        "merge_commit_sha": commit,
        "assignee": null,
        "assignees": [],
        "requested_reviewers": reviewers,
        "requested_teams": if pull.requested_team { vec![team(links)] } else { Vec::new() },
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

/// `pull-request`, with what has to be computed.
pub(crate) fn pull_detail(
    links: &Links,
    repository: &Repository,
    state: &RepositoryState,
    item: &Pull,
) -> anyhow::Result<Value> {
    let mut body = pull(links, repository, item);
    let judgement = rules::judge(repository, state, item)?;
    let files = rules::files(repository, item)?;
    let mergeable = item.is_open().then_some(judgement.mergeable);
    let merged_by = item.merged.as_ref().map(|merged| user(links, merged.by));
    let more = json!({
        "merged": item.merged.is_some(),
        "mergeable": mergeable,
        "rebaseable": mergeable.map(|_| false),
        "mergeable_state": judgement.state,
        "merged_by": merged_by,
        "comments": item.comments.len(),
        "review_comments": 0,
        "maintainer_can_modify": false,
        "commits": rules::commits(repository, item)?.len(),
        "additions": files.iter().map(|file| file.additions).sum::<u64>(),
        "deletions": files.iter().map(|file| file.deletions).sum::<u64>(),
        "changed_files": files.len(),
    });
    extend(&mut body, more);
    Ok(body)
}

fn extend(body: &mut Value, more: Value) {
    let more: Map<String, Value> = match more {
        Value::Object(more) => more,
        _ => Map::new(),
    };
    if let Value::Object(body) = body {
        body.extend(more);
    }
}

/// `pull-request-review`.
pub(crate) fn review(
    links: &Links,
    repository: &Repository,
    pull: &Pull,
    review: &Review,
) -> Value {
    let full_name = repository.full_name();
    let page = format!(
        "{}/{full_name}/pull/{}#pullrequestreview-{}",
        links.web, pull.number, review.id
    );
    let url = format!("{}/repos/{full_name}/pulls/{}", links.api, pull.number);
    json!({
        "id": review.id,
        "node_id": node_id("PRR", review.id),
        "user": user(links, review.author),
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

/// `issue-comment`.
pub(crate) fn comment(
    links: &Links,
    repository: &Repository,
    pull: &Pull,
    comment: &Comment,
) -> Value {
    let full_name = repository.full_name();
    let number = pull.number;
    json!({
        "id": comment.id,
        "node_id": node_id("IC", comment.id),
        "url": format!("{}/repos/{full_name}/issues/comments/{}", links.api, comment.id),
        "html_url": format!("{}/{full_name}/pull/{number}#issuecomment-{}", links.web, comment.id),
        "issue_url": format!("{}/repos/{full_name}/issues/{number}", links.api),
        "body": comment.body,
        "user": user(links, comment.author),
        "created_at": stamp(comment.created_at),
        "updated_at": stamp(comment.created_at),
        "author_association": comment.author.association(),
    })
}
