//! The accounts of people and bots, and their permissions. The list is fixed: the lab needs no
//! registration.

use Permission::{Maintain, Read, Write};

/// The permission of an account on a repository; each level includes the ones before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Permission {
    /// May look and comment; reviews do not count.
    Read,
    /// May push, review and merge.
    Write,
    /// May also manage the repository without its settings.
    Maintain,
}

impl Permission {
    /// The word of the GraphQL enum `RepositoryPermission`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "READ",
            Self::Write => "WRITE",
            Self::Maintain => "MAINTAIN",
        }
    }
}

/// The kind of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountKind {
    /// A person, who can sign in.
    User,
    /// An app's bot, which operations by its token only.
    Bot,
}

/// A person or an App with its permission in the repository.
#[derive(Debug, PartialEq, Eq)]
pub struct Account {
    pub id: u64,
    pub login: &'static str,
    pub name: &'static str,
    /// The role in the demo, for the sign-in page.
    pub role: &'static str,
    pub kind: AccountKind,
    pub permission: Permission,
    /// Whether branch protection does not bind it.
    pub bypasses_protection: bool,
    /// The colour of its avatar.
    pub(crate) color: &'static str,
}

impl Account {
    /// The address that the account's commits carry.
    #[must_use]
    pub fn email(&self) -> String {
        match self.login {
            "fluxcdbot" => "fluxcdbot@users.noreply.github.com".to_owned(),
            login => format!("{}+{login}@users.noreply.github.com", self.id),
        }
    }

    /// The login as URLs carry it: bots have brackets in theirs.
    pub(crate) fn slug(&self) -> String {
        self.login.replace('[', "%5B").replace(']', "%5D")
    }

    /// The relation to a repository in GitHub's words.
    pub(crate) fn association(&self) -> &'static str {
        match (self.kind, self.permission) {
            (AccountKind::Bot, _) => "CONTRIBUTOR",
            (AccountKind::User, Permission::Read) => "NONE",
            (AccountKind::User, _) => "MEMBER",
        }
    }
}

/// The accounts of the demo.
pub static ACCOUNTS: [Account; 7] = [
    person(1001, "ana", "Ana Ruiz", "Developer", Write, "#7a4fb5"),
    person(1002, "sam", "Sam Okafor", "Approver", Write, "#2f6b52"),
    person(1003, "li", "Li Wei", "Release manager", Maintain, "#34577c"),
    person(1004, "kim", "Kim Berg", "Reads only", Read, "#8a8f99"),
    bot(2001, "weft-demo[bot]", "Weft demo", false),
    bot(2002, "fluxcdbot", "Flux", true),
    bot(2003, "github-actions[bot]", "Actions", false),
];

/// The organization that owns the repositories.
pub(crate) const ORGANIZATION: &str = "demo";
/// The team whose review promotions ask for.
pub(crate) const APPROVERS: &str = "approvers";
/// The members of that team.
pub(crate) const APPROVER_LOGINS: [&str; 2] = ["sam", "li"];

const fn person(
    id: u64,
    login: &'static str,
    name: &'static str,
    role: &'static str,
    permission: Permission,
    color: &'static str,
) -> Account {
    Account {
        id,
        login,
        name,
        role,
        kind: AccountKind::User,
        permission,
        bypasses_protection: false,
        color,
    }
}

const fn bot(id: u64, login: &'static str, name: &'static str, bypasses: bool) -> Account {
    Account {
        id,
        login,
        name,
        role: "Bot",
        kind: AccountKind::Bot,
        permission: Permission::Write,
        bypasses_protection: bypasses,
        color: "#5f6672",
    }
}

/// The account of a login, compared as GitHub does, without regard to case.
#[must_use]
pub fn account(login: &str) -> Option<&'static Account> {
    ACCOUNTS
        .iter()
        .find(|account| account.login.eq_ignore_ascii_case(login))
}

/// The account that a commit's address belongs to.
pub(crate) fn by_email(email: &str) -> Option<&'static Account> {
    ACCOUNTS.iter().find(|account| account.email() == email)
}

/// The bot that opens promotions.
pub(crate) fn promotion_bot() -> &'static Account {
    &ACCOUNTS[4]
}

/// The bot of Flux's image automation, which may push to protected branches.
pub(crate) fn flux_bot() -> &'static Account {
    &ACCOUNTS[5]
}

/// The bot that jobs run as.
pub(crate) fn actions_bot() -> &'static Account {
    &ACCOUNTS[6]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bots_are_where_they_are_named() {
        assert_eq!(promotion_bot().login, "weft-demo[bot]");
        assert_eq!(flux_bot().login, "fluxcdbot");
        assert_eq!(actions_bot().login, "github-actions[bot]");
    }

    #[test]
    fn a_commit_is_known_by_its_address() {
        assert_eq!(
            by_email("1001+ana@users.noreply.github.com"),
            account("Ana")
        );
        assert_eq!(by_email("nobody@example.com"), None);
    }
}
