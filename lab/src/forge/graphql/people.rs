//! Accounts and the approvers' team.

use super::Context;
use super::object::Object;
use crate::forge::accounts::{APPROVERS, Account, Kind, ORGANIZATION};
use crate::forge::present::node_id;

/// `User` or `Bot`. A bot's login lacks the `[bot]` that it has in REST, as on GitHub.
pub(super) fn account(context: &Context, account: &'static Account) -> Object {
    let web = context.engine.links().web;
    let slug = account.slug();
    let object = Object::new(if account.kind == Kind::Bot {
        "Bot"
    } else {
        "User"
    })
    .leaf("id", node_id("U", account.id))
    .leaf("databaseId", account.id)
    .leaf("login", account.login.trim_end_matches("[bot]"))
    .leaf("avatarUrl", format!("{web}/avatars/{slug}.svg"))
    .leaf("resourcePath", format!("/{slug}"))
    .leaf("url", format!("{web}/{slug}"));
    match account.kind {
        Kind::User => object.leaf("name", account.name).leaf("email", ""),
        Kind::Bot => object,
    }
}

/// `Team`: the approvers.
pub(super) fn team(context: &Context) -> Object {
    let web = context.engine.links().web;
    Object::new("Team")
        .leaf("id", node_id("T", 4001))
        .leaf("databaseId", 4001)
        .leaf("name", APPROVERS)
        .leaf("slug", APPROVERS)
        .leaf("combinedSlug", format!("{ORGANIZATION}/{APPROVERS}"))
        .leaf(
            "url",
            format!("{web}/orgs/{ORGANIZATION}/teams/{APPROVERS}"),
        )
}

/// `Organization`: the owner of the repositories.
pub(super) fn organization(context: &Context) -> Object {
    let web = context.engine.links().web;
    Object::new("Organization")
        .leaf("id", node_id("O", 3001))
        .leaf("databaseId", 3001)
        .leaf("login", ORGANIZATION)
        .leaf("name", "Demo")
        .leaf("url", format!("{web}/{ORGANIZATION}"))
}
