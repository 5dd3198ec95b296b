//! What is needed of GitHub: files and branches at exact commits, and pull requests.

use std::future::Future;

/// The branch that the environments are declared on.
pub const MAIN: &str = "main";

/// An open pull request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pull {
    /// Its number.
    pub number: u64,
    /// Its page.
    pub url: String,
    /// Its head commit.
    pub head: String,
}

/// A commit on top of a branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// The branch's short name.
    pub branch: String,
    /// Where the branch must still be; else nothing is written.
    pub expected_head: String,
    /// The message; its first line is the headline.
    pub message: String,
    /// Paths with their whole new texts.
    pub files: Vec<(String, String)>,
}

/// A pull request into [`MAIN`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// Its branch.
    pub branch: String,
    /// Its title.
    pub title: String,
    /// Its text, in Markdown.
    pub body: String,
}

/// A repository on GitHub, or what stands in for it.
///
/// Writes are guarded by what they build upon, so that of two that race one is refused.
pub trait Host: Sync {
    /// Why a call failed, in a sentence.
    type Error: std::fmt::Display + Send;

    /// The repository's page for people, without a slash at its end.
    fn page(&self) -> String;

    /// The commit that a branch points at.
    fn head(
        &self,
        branch: &str,
    ) -> impl Future<Output = Result<Option<String>, Self::Error>> + Send;

    /// A file at a commit.
    fn file(
        &self,
        commit: &str,
        path: &str,
    ) -> impl Future<Output = Result<Option<String>, Self::Error>> + Send;

    /// The commit that two others have last in common.
    fn merge_base(
        &self,
        one: &str,
        other: &str,
    ) -> impl Future<Output = Result<String, Self::Error>> + Send;

    /// The open pull request from a branch into [`MAIN`].
    fn pull(&self, branch: &str) -> impl Future<Output = Result<Option<Pull>, Self::Error>> + Send;

    /// A pull request from that branch with that title which somebody closed without merging it.
    fn declined(
        &self,
        branch: &str,
        title: &str,
    ) -> impl Future<Output = Result<Option<u64>, Self::Error>> + Send;

    /// Creates a branch at a commit; refused where it exists.
    fn create_branch(
        &self,
        branch: &str,
        at: &str,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Deletes a branch.
    fn delete_branch(&self, branch: &str) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Writes a commit and gives its id.
    fn commit(&self, commit: Commit) -> impl Future<Output = Result<String, Self::Error>> + Send;

    /// Opens a pull request.
    fn open(&self, opening: Opening) -> impl Future<Output = Result<Pull, Self::Error>> + Send;

    /// Gives a pull request another title and text.
    fn rewrite(
        &self,
        number: u64,
        opening: &Opening,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Writes a comment under a pull request.
    fn comment(
        &self,
        number: u64,
        text: &str,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Closes a pull request without merging it.
    fn close(&self, number: u64) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// Why nothing was done, or not all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failed<E> {
    /// The files or the wish are not as they must be; nothing was changed.
    #[error(transparent)]
    Refused(#[from] crate::Refused),
    /// The host did not do what it was asked.
    #[error("{doing}: {why}")]
    Host {
        /// What was being done.
        doing: &'static str,
        /// The host's reason.
        why: E,
    },
}

/// Names what was being done when the host failed.
pub(crate) trait While<T, E> {
    fn while_(self, doing: &'static str) -> Result<T, Failed<E>>;
}

impl<T, E> While<T, E> for Result<T, E> {
    fn while_(self, doing: &'static str) -> Result<T, Failed<E>> {
        self.map_err(|why| Failed::Host { doing, why })
    }
}
