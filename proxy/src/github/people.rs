//! The owner of a token, their permission in a repository, and the repository's default branch.

use model::pipeline::RepositoryName;
use model::promotion::RepositoryPermission;
use serde::Deserialize;

use super::transport::CachePolicy;
use super::{Credentials, Error, GitHub};

/// A user on GitHub (`users/get-authenticated`).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct User {
    /// May be changed by the user.
    pub login: String,
    /// Never changes.
    pub id: u64,
    #[serde(default)]
    pub avatar_url: Option<String>,
}

/// An account in an answer of GraphQL.
#[derive(Deserialize)]
pub(super) struct Login {
    #[serde(rename = "__typename")]
    kind: Option<String>,
    login: String,
}

impl Login {
    /// Returns the login as REST spells it: a bot's ends in `[bot]`, which GraphQL leaves out.
    pub(super) fn who(self) -> String {
        let is_bot = self.kind.as_deref() == Some("Bot") && !self.login.ends_with("[bot]");
        if is_bot {
            format!("{}[bot]", self.login)
        } else {
            self.login
        }
    }
}

#[derive(Deserialize)]
struct RepositoryItem {
    default_branch: Option<String>,
    #[serde(default)]
    permissions: Permissions,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Permissions {
    admin: bool,
    maintain: bool,
    push: bool,
    triage: bool,
    pull: bool,
}

impl GitHub {
    /// Returns the owner of the token (`users/get-authenticated`).
    pub async fn user(&self, credentials: Credentials<'_>) -> Result<User, Error> {
        self.get(credentials, &["user"], &[], CachePolicy::NoCache)
            .await
    }

    /// Returns the permission of the token's owner in a repository (`repos/get`).
    pub async fn permission(
        &self,
        credentials: Credentials<'_>,
        repository: &RepositoryName,
    ) -> Result<RepositoryPermission, Error> {
        let item = self.repository(credentials, repository).await?;
        Ok(match item.permissions {
            Permissions { admin: true, .. } => RepositoryPermission::Admin,
            Permissions { maintain: true, .. } => RepositoryPermission::Maintain,
            Permissions { push: true, .. } => RepositoryPermission::Write,
            Permissions { triage: true, .. } => RepositoryPermission::Triage,
            Permissions { pull: true, .. } => RepositoryPermission::Read,
            _ => RepositoryPermission::None,
        })
    }

    /// Returns the default branch of a repository (`repos/get`).
    pub async fn default_branch(
        &self,
        credentials: Credentials<'_>,
        repository: &RepositoryName,
    ) -> Result<String, Error> {
        let item = self.repository(credentials, repository).await?;
        item.default_branch
            .ok_or_else(|| Error::malformed("it names no default branch"))
    }

    async fn repository(
        &self,
        credentials: Credentials<'_>,
        repository: &RepositoryName,
    ) -> Result<RepositoryItem, Error> {
        let path = ["repos", &repository.owner, &repository.name];
        self.get(credentials, &path, &[], CachePolicy::Revalidate)
            .await
    }
}
