//! The client of GitHub: a thin layer over its REST and GraphQL APIs.
//!
//! Each call takes the credentials that it acts with. Reads are retried once, writes never.

mod backfill;
mod cache;
mod error;
mod forge;
mod graphql;
mod people;
mod promotion;
mod pull_request;
mod pulls;
mod repository;
mod rules;
mod transport;

use secrecy::SecretString;
use url::Url;

pub use backfill::{BackfillQuery, ClosedPullRequest, MergeRecord, ReviewRecord};
pub use error::Error;
pub use forge::Repository;
pub use people::User;
pub use promotion::{ForViewer, PostedStatus, Snapshot};
pub use pulls::{ChangedFile, Comparison, diff_digest};
pub use repository::{DeclaredFile, FolderHistory};
pub use rules::Rules;
pub use transport::GitHub;

/// The base URLs of GitHub or of an Enterprise Server.
#[derive(Clone, Debug)]
pub struct Endpoints {
    /// REST, such as `https://api.github.com` or `https://HOST/api/v3`.
    pub rest: Url,
    /// GraphQL, such as `https://api.github.com/graphql` or `https://HOST/api/graphql`.
    pub graphql: Url,
    /// The pages for people, such as `https://github.com`.
    pub web: Url,
}

/// The token that a call acts with.
#[derive(Clone, Copy, Debug)]
pub enum Credentials<'a> {
    /// The token of the configuration.
    Reader,
    /// The token of a signed-in person.
    Person(&'a SecretString),
}
