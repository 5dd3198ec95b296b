//! Repositories.

use serde_json::{Map, Value, json};

use super::format::{extend, node_id, stamp};
use super::people::organization;
use crate::github::accounts::{Account, Permission};
use crate::github::repository::DEFAULT_BRANCH;
use crate::github::state::Repo;

/// The URL fields that are the repository's own URL and a suffix.
const TEMPLATES: [(&str, &str); 37] = [
    ("archive_url", "/{archive_format}{/ref}"),
    ("assignees_url", "/assignees{/user}"),
    ("blobs_url", "/git/blobs{/sha}"),
    ("branches_url", "/branches{/branch}"),
    ("collaborators_url", "/collaborators{/collaborator}"),
    ("comments_url", "/comments{/number}"),
    ("commits_url", "/commits{/sha}"),
    ("compare_url", "/compare/{base}...{head}"),
    ("contents_url", "/contents/{+path}"),
    ("contributors_url", "/contributors"),
    ("deployments_url", "/deployments"),
    ("downloads_url", "/downloads"),
    ("events_url", "/events"),
    ("forks_url", "/forks"),
    ("git_commits_url", "/git/commits{/sha}"),
    ("git_refs_url", "/git/refs{/sha}"),
    ("git_tags_url", "/git/tags{/sha}"),
    ("hooks_url", "/hooks"),
    ("issue_comment_url", "/issues/comments{/number}"),
    ("issue_events_url", "/issues/events{/number}"),
    ("issues_url", "/issues{/number}"),
    ("keys_url", "/keys{/key_id}"),
    ("labels_url", "/labels{/name}"),
    ("languages_url", "/languages"),
    ("merges_url", "/merges"),
    ("milestones_url", "/milestones{/number}"),
    (
        "notifications_url",
        "/notifications{?since,all,participating}",
    ),
    ("pulls_url", "/pulls{/number}"),
    ("releases_url", "/releases{/id}"),
    ("stargazers_url", "/stargazers"),
    ("statuses_url", "/statuses/{sha}"),
    ("subscribers_url", "/subscribers"),
    ("subscription_url", "/subscription"),
    ("tags_url", "/tags"),
    ("teams_url", "/teams"),
    ("trees_url", "/git/trees{/sha}"),
    ("url", ""),
];

/// `minimal-repository`.
pub(crate) fn repository(repo: &Repo) -> Value {
    let api = repo.api();
    let urls: Map<String, Value> = TEMPLATES
        .iter()
        .map(|(field, suffix)| ((*field).to_owned(), format!("{api}{suffix}").into()))
        .collect();
    let own = json!({
        "id": repo.id,
        "node_id": node_id("R", repo.id),
        "name": repo.name,
        "full_name": repo.full_name(),
        "owner": organization(&repo.github.links()),
        "private": false,
        "html_url": repo.page(),
        "description": "The promotion repository of podinfo",
        "fork": false,
        "default_branch": DEFAULT_BRANCH,
    });
    extend(Value::Object(urls), own)
}

/// `full-repository`, with the viewer's permissions and the number of open pull requests.
pub(crate) fn full_repository(repo: &Repo, viewer: Option<&Account>, open: usize) -> Value {
    let web = repo.page();
    let permission = viewer.map_or(Permission::Read, |viewer| viewer.permission);
    let created = stamp(repo.created_at);
    let more = json!({
        "git_url": format!("{web}.git"),
        "ssh_url": format!("{web}.git"),
        "clone_url": format!("{web}.git"),
        "svn_url": web,
        "mirror_url": null,
        "homepage": null,
        "language": "Go",
        "forks_count": 0,
        "stargazers_count": 0,
        "watchers_count": 0,
        "size": 0,
        "open_issues_count": open,
        "is_template": false,
        "topics": [],
        "has_issues": true,
        "has_projects": false,
        "has_wiki": false,
        "has_pages": true,
        "has_downloads": true,
        "has_discussions": false,
        "archived": false,
        "disabled": false,
        "visibility": "public",
        "pushed_at": created,
        "created_at": created,
        "updated_at": created,
        "permissions": {
            "admin": false,
            "maintain": permission >= Permission::Maintain,
            "push": permission >= Permission::Write,
            "triage": permission >= Permission::Write,
            "pull": true,
        },
        "allow_rebase_merge": false,
        "allow_squash_merge": true,
        "allow_merge_commit": true,
        "allow_auto_merge": false,
        "delete_branch_on_merge": true,
        "subscribers_count": 0,
        "network_count": 0,
        "license": null,
        "forks": 0,
        "open_issues": open,
        "watchers": 0,
    });
    extend(repository(repo), more)
}
