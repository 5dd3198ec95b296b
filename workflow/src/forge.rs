//! The interface to GitHub: files and branches at exact commits, and pull requests.

use std::future::Future;

/// An open pull request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PullRequest {
    pub number: u64,
    /// The page for people.
    pub url: String,
    /// The head commit.
    pub head: String,
}

/// A commit to be written on top of a branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCommit {
    /// The short name, without `refs/heads/`.
    pub branch: String,
    /// The commit that the branch must still point at; otherwise nothing is written.
    pub expected_head: String,
    /// The first line is the headline.
    pub message: String,
    /// Paths with their complete new texts.
    pub files: Vec<(String, String)>,
}

/// A pull request to be opened into [`Forge::branch`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPullRequest {
    /// The head branch.
    pub branch: String,
    pub title: String,
    /// In Markdown.
    pub body: String,
}

/// The answer to a call, which may be awaited on any thread.
pub trait Answer<T, E>: Future<Output = Result<T, E>> + Send {}

impl<T, E, F: Future<Output = Result<T, E>> + Send> Answer<T, E> for F {}

/// One repository on GitHub, or a substitute.
///
/// Writes name the state that they build upon, so that one of two concurrent writes is rejected.
pub trait Forge: Sync {
    /// The error of a call; displayed as one sentence.
    type Error: std::fmt::Display + Send;

    /// Returns the URL of the repository's page, without a trailing slash.
    fn page(&self) -> String;

    /// Returns the branch that declares the environments, and that pull requests are merged into.
    fn branch(&self) -> &str;

    /// Returns the commit that a branch points at.
    fn head(&self, branch: &str) -> impl Answer<Option<String>, Self::Error>;

    /// Returns the text of a file at a commit.
    fn file(&self, commit: &str, path: &str) -> impl Answer<Option<String>, Self::Error>;

    /// Returns the newest common ancestor of two commits.
    fn merge_base(&self, one: &str, other: &str) -> impl Answer<String, Self::Error>;

    /// Returns the open pull request from `head` into [`Self::branch`].
    fn pull_request(&self, head: &str) -> impl Answer<Option<PullRequest>, Self::Error>;

    /// Returns the number of a pull request from `head` with `title` that was closed without a merge.
    fn declined(&self, head: &str, title: &str) -> impl Answer<Option<u64>, Self::Error>;

    /// Creates a branch at a commit; fails if it exists.
    fn create_branch(&self, branch: &str, at: &str) -> impl Answer<(), Self::Error>;

    fn delete_branch(&self, branch: &str) -> impl Answer<(), Self::Error>;

    /// Writes a commit and returns its id.
    fn commit(&self, commit: NewCommit) -> impl Answer<String, Self::Error>;

    fn open(&self, new: NewPullRequest) -> impl Answer<PullRequest, Self::Error>;

    /// Replaces title and body of a pull request.
    fn rewrite(&self, number: u64, new: &NewPullRequest) -> impl Answer<(), Self::Error>;

    fn comment(&self, number: u64, text: &str) -> impl Answer<(), Self::Error>;

    /// Closes a pull request without merging it.
    fn close(&self, number: u64) -> impl Answer<(), Self::Error>;
}

/// Why a promotion was not opened, or only in part.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PromotionError<E> {
    /// The files or the request are invalid; nothing was changed.
    #[error(transparent)]
    Invalid(#[from] crate::InvalidRelease),
    #[error("{doing}: {why}")]
    Forge {
        /// The step that failed, as in `creating the branch`.
        doing: String,
        why: E,
    },
}

/// Adds the step that failed to an error of the forge.
pub(crate) trait Context<T, E> {
    fn context(self, doing: impl Into<String>) -> Result<T, PromotionError<E>>;
}

impl<T, E> Context<T, E> for Result<T, E> {
    fn context(self, doing: impl Into<String>) -> Result<T, PromotionError<E>> {
        self.map_err(|why| PromotionError::Forge {
            doing: doing.into(),
            why,
        })
    }
}
