//! A repository on GitHub and the token for it: from the address of a git remote, or from the variables
//! that GitHub sets in its workflows.

use std::env;
use std::sync::Arc;

use model::pipeline::RepositoryName;
use secrecy::SecretString;
use url::Url;

use super::CommandError;
use crate::clock::SystemClock;
use crate::github::{Credentials, Endpoints, GitHub, Repository};

/// A repository on GitHub, with a client that acts with the token of the environment.
pub(super) struct RemoteRepository {
    github: GitHub,
    name: RepositoryName,
}

impl RemoteRepository {
    /// Returns the repository of a workflow: `named`, else `GITHUB_REPOSITORY`, at `GITHUB_API_URL`.
    pub(super) fn of_workflow(named: Option<&str>) -> Result<Self, CommandError> {
        let name = named
            .map(ToOwned::to_owned)
            .or_else(|| variable("GITHUB_REPOSITORY"));
        let name = name.ok_or_else(|| {
            CommandError::refused("which repository? Name it: --repository OWNER/NAME")
        })?;
        let repository = repository(&name)?;
        let server =
            variable("GITHUB_SERVER_URL").unwrap_or_else(|| "https://github.com".to_owned());
        Self::at(&url(&server)?, repository)
    }

    /// Returns the repository of a remote's address.
    pub(super) fn of_remote(address: &str) -> Result<Self, CommandError> {
        let (server, path) = split(address).ok_or_else(|| {
            CommandError::refused("the remote's address names no repository on GitHub")
        })?;
        Self::at(&server, repository(path.trim_end_matches(".git"))?)
    }

    fn at(server: &Url, name: RepositoryName) -> Result<Self, CommandError> {
        let token = variable("GITHUB_TOKEN")
            .or_else(|| variable("GH_TOKEN"))
            .ok_or_else(|| {
                CommandError::refused(
                    "a token is missing: set GITHUB_TOKEN, as with `export GITHUB_TOKEN=$(gh auth token)`",
                )
            })?;
        let endpoints = endpoints(server)?;
        let github = GitHub::new(endpoints, SecretString::from(token), Arc::new(SystemClock))
            .map_err(|error| {
                CommandError::GitHub(format!("the connection cannot be set up: {error}"))
            })?;
        Ok(Self { github, name })
    }

    /// Returns the default branch, as GitHub has it.
    pub(super) async fn default_branch(&self) -> Result<String, CommandError> {
        let found = self.github.default_branch(Credentials::Reader, &self.name);
        found.await.map_err(|error| {
            CommandError::GitHub(format!("the default branch cannot be read: {error}"))
        })
    }

    /// Returns the forge of the promotion workflow; pull requests go into `branch`.
    pub(super) fn forge<'a>(&'a self, branch: &'a str) -> Repository<'a> {
        Repository {
            github: &self.github,
            credentials: Credentials::Reader,
            name: &self.name,
            branch,
        }
    }
}

/// Returns the base URLs of a server: github.com has hosts of their own, an Enterprise Server has paths.
fn endpoints(server: &Url) -> Result<Endpoints, CommandError> {
    let (rest, graphql) = if server.host_str() == Some("github.com") {
        (
            "https://api.github.com".to_owned(),
            "https://api.github.com/graphql".to_owned(),
        )
    } else {
        let base = server.as_str().trim_end_matches('/');
        (format!("{base}/api/v3"), format!("{base}/api/graphql"))
    };
    Ok(Endpoints {
        rest: url(&variable("GITHUB_API_URL").unwrap_or(rest))?,
        graphql: url(&variable("GITHUB_GRAPHQL_URL").unwrap_or(graphql))?,
        web: server.clone(),
    })
}

/// Splits `https://host/owner/name`, `ssh://git@host/owner/name` or `git@host:owner/name` into server and path,
/// without credentials.
fn split(address: &str) -> Option<(Url, String)> {
    if let Ok(url) = Url::parse(address)
        && let Some(host) = url.host_str()
    {
        let scheme = if url.scheme() == "http" {
            "http"
        } else {
            "https"
        };
        // An SSH port says nothing about where the pages are.
        let port = url.port().filter(|_| url.scheme().starts_with("http"));
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        let server = Url::parse(&format!("{scheme}://{host}{port}/")).ok()?;
        return Some((server, url.path().trim_matches('/').to_owned()));
    }
    let (host, path) = address.split_once(':')?;
    let host = host.rsplit('@').next()?;
    let server = Url::parse(&format!("https://{host}/")).ok()?;
    Some((server, path.trim_matches('/').to_owned()))
}

fn repository(name: &str) -> Result<RepositoryName, CommandError> {
    RepositoryName::parse(name)
        .ok_or_else(|| CommandError::refused(format!("{name:?} is no OWNER/NAME")))
}

fn url(text: &str) -> Result<Url, CommandError> {
    Url::parse(text).map_err(|error| CommandError::refused(format!("{text:?}: {error}")))
}

/// Returns a variable that is set and not empty.
#[expect(
    clippy::disallowed_methods,
    reason = "these commands have no configuration: GitHub hands its workflows all of it in variables"
)]
pub(super) fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_address_names_its_server_and_repository() {
        for (address, server) in [
            ("https://github.com/o/r.git", "https://github.com/"),
            (
                "https://sam:secret@ghe.example.com/o/r",
                "https://ghe.example.com/",
            ),
            ("ssh://git@github.com:22/o/r.git", "https://github.com/"),
            ("git@github.com:o/r.git", "https://github.com/"),
            ("http://127.0.0.1:8080/o/r", "http://127.0.0.1:8080/"),
        ] {
            let (found, path) = split(address).unwrap();
            assert_eq!(found.as_str(), server, "{address}");
            let name = repository(path.trim_end_matches(".git")).unwrap();
            assert_eq!((name.owner.as_str(), name.name.as_str()), ("o", "r"));
        }
        assert!(split("/srv/git/r.git").is_none());
    }
}
