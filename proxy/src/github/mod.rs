//! GitHub as Weft uses it: a thin client over its REST and GraphQL interfaces, typed by need.
//!
//! Who acts is an argument of each call. Reads are tried twice, writes never more than once.

mod cache;
mod error;
mod forge;
mod graphql;
mod history;
mod people;
mod promotion;
mod pull_request;
mod pulls;
mod repository;
mod rules;
mod transport;

use secrecy::SecretString;
use url::Url;

pub use error::Error;
pub use forge::Repository;
pub use history::{Past, PastMerge, PastPullRequest, PastReview};
pub use people::User;
pub use promotion::{ForViewer, Snapshot, Tick};
pub use pulls::{ChangedFile, Comparison, Merged, diff_digest};
pub use repository::{DeclaredFile, Walk};
pub use rules::Rules;
pub use transport::GitHub;

/// Where GitHub is: three base URLs, so that an Enterprise Server fits as well.
#[derive(Clone, Debug)]
pub struct Endpoints {
    /// REST, such as `https://api.github.com` or `https://HOST/api/v3`.
    pub rest: Url,
    /// GraphQL, such as `https://api.github.com/graphql` or `https://HOST/api/graphql`.
    pub graphql: Url,
    /// The pages for people, such as `https://github.com`.
    pub web: Url,
}

/// On whose behalf a call is made.
#[derive(Clone, Copy, Debug)]
pub enum Credentials<'a> {
    /// Weft itself, with the token it reads with.
    Reader,
    /// A signed-in person, with their own token.
    Person(&'a SecretString),
}
