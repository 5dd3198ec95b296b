//! Who a token belongs to, and what they may do in a repository.

use model::pipeline::RepositoryName;
use model::promotion::RepositoryPermission;
use serde::Deserialize;

use super::transport::Freshness;
use super::{Acting, Error, GitHub};

/// A person on GitHub.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct User {
    /// Their login; it may change.
    pub login: String,
    /// Their number; it never does.
    pub id: u64,
    /// Their picture.
    #[serde(default)]
    pub avatar_url: Option<String>,
}

/// Somebody as GraphQL names them.
#[derive(Deserialize)]
pub(super) struct Login {
    #[serde(rename = "__typename")]
    kind: Option<String>,
    login: String,
}

impl Login {
    /// As REST and people spell it: a bot's login ends in `[bot]`, which GraphQL leaves out.
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
struct Repository {
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
    /// Whose token it is (`users/get-authenticated`).
    ///
    /// # Errors
    /// As every call; `Unauthorized` for a token that is not valid.
    pub async fn user(&self, acting: Acting<'_>) -> Result<User, Error> {
        self.get(acting, &["user"], &[], Freshness::Anew).await
    }

    /// What the token's owner may do in a repository (`repos/get`).
    ///
    /// # Errors
    /// As every call; `NotFound` where they may not even see it.
    pub async fn permission(
        &self,
        acting: Acting<'_>,
        repository: &RepositoryName,
    ) -> Result<RepositoryPermission, Error> {
        let path = ["repos", &repository.owner, &repository.name];
        let Repository { permissions } = self.get(acting, &path, &[], Freshness::Confirmed).await?;
        Ok(match permissions {
            Permissions { admin: true, .. } => RepositoryPermission::Admin,
            Permissions { maintain: true, .. } => RepositoryPermission::Maintain,
            Permissions { push: true, .. } => RepositoryPermission::Write,
            Permissions { triage: true, .. } => RepositoryPermission::Triage,
            Permissions { pull: true, .. } => RepositoryPermission::Read,
            _ => RepositoryPermission::None,
        })
    }
}
