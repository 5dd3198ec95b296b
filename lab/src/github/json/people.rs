//! Accounts and the team.

use serde_json::{Value, json};

use super::format::node_id;
use crate::github::accounts::{APPROVERS, Account, AccountKind, ORGANIZATION, Permission};
use crate::github::links::Links;

/// `simple-user`.
pub(crate) fn user(links: &Links, account: &Account) -> Value {
    let slug = account.slug();
    let api = format!("{}/users/{slug}", links.api);
    json!({
        "login": account.login,
        "name": account.name,
        "id": account.id,
        "node_id": node_id("U", account.id),
        "avatar_url": format!("{}/avatars/{slug}.svg", links.web),
        "gravatar_id": "",
        "url": api,
        "html_url": format!("{}/{slug}", links.web),
        "followers_url": format!("{api}/followers"),
        "following_url": format!("{api}/following{{/other_user}}"),
        "gists_url": format!("{api}/gists{{/gist_id}}"),
        "starred_url": format!("{api}/starred{{/owner}}{{/repo}}"),
        "subscriptions_url": format!("{api}/subscriptions"),
        "organizations_url": format!("{api}/orgs"),
        "repos_url": format!("{api}/repos"),
        "events_url": format!("{api}/events{{/privacy}}"),
        "received_events_url": format!("{api}/received_events"),
        "type": if account.kind == AccountKind::Bot { "Bot" } else { "User" },
        "user_view_type": "public",
        "site_admin": false,
    })
}

/// The owner of the repositories, as a `simple-user`.
pub(crate) fn organization(links: &Links) -> Value {
    let account = Account {
        id: 3001,
        login: ORGANIZATION,
        name: "Demo",
        role: "",
        kind: AccountKind::User,
        permission: Permission::Read,
        bypasses_protection: false,
        color: "#5f6672",
    };
    let mut body = user(links, &account);
    body["type"] = "Organization".into();
    body
}

/// `team`: the approvers.
pub(crate) fn team(links: &Links) -> Value {
    let url = format!("{}/organizations/3001/team/4001", links.api);
    json!({
        "id": 4001,
        "node_id": node_id("T", 4001),
        "name": APPROVERS,
        "slug": APPROVERS,
        "description": "Who approves promotions",
        "privacy": "closed",
        "notification_setting": "notifications_enabled",
        "permission": "push",
        "url": url,
        "html_url": format!("{}/orgs/{ORGANIZATION}/teams/{APPROVERS}", links.web),
        "members_url": format!("{url}/members{{/member}}"),
        "repositories_url": format!("{url}/repos"),
        "type": "organization",
        "organization_id": 3001,
        "parent": null,
    })
}
