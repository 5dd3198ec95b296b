//! Pull requests over REST: files, reviews and merge; and the comparison of two commits.

use model::api::{CommitView, FileDiff};
use model::observation::DispatchRun;
use model::pipeline::RepositoryName;
use model::{CommitId, Timestamp};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::transport::{CachePolicy, repository_path};
use super::{Credentials, Error, GitHub};

/// A promotion changes one file; more than `PER_PAGE * PAGES` are an error.
const PER_PAGE: usize = 100;
const PAGES: usize = 5;

/// A file that a pull request changes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ChangedFile {
    pub filename: String,
    /// `added`, `modified`, `removed`, `renamed` …
    #[serde(default)]
    pub status: String,
    /// The object id of the blob.
    #[serde(default)]
    pub sha: Option<String>,
    /// The unified diff; absent for binary and very large files.
    #[serde(default)]
    pub patch: Option<String>,
}

impl ChangedFile {
    /// The path and its patch, which GitHub leaves out for binary and very large files.
    #[must_use]
    pub fn diff(self) -> FileDiff {
        FileDiff {
            path: self.filename,
            patch: self.patch.unwrap_or_default(),
        }
    }
}

/// Returns a digest of a diff, in hex; equal digests mean equal diffs.
#[must_use]
pub fn diff_digest(files: &[ChangedFile]) -> String {
    let mut digest = Sha256::new();
    for file in files {
        for part in [
            &file.filename,
            &file.status,
            file.sha.as_ref().unwrap_or(&String::new()),
            file.patch.as_ref().unwrap_or(&String::new()),
        ] {
            // The length first, so that no two lists of parts read the same.
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part.as_bytes());
        }
    }
    hex::encode(digest.finalize())
}

/// The difference of two commits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    pub files: Vec<ChangedFile>,
    /// Newest first.
    pub commits: Vec<CommitView>,
    /// The page for people.
    pub url: Option<String>,
}

fn pull<'a>(repository: &'a RepositoryName, number: &'a str, rest: &[&'a str]) -> Vec<&'a str> {
    repository_path(repository, &[&["pulls", number], rest].concat())
}

impl GitHub {
    /// Returns the files that a pull request changes (`pulls/list-files`), never from the cache; `Malformed` where
    /// there are more than an approver could have seen.
    pub async fn files(
        &self,
        credentials: Credentials<'_>,
        repository: &RepositoryName,
        number: u64,
    ) -> Result<Vec<ChangedFile>, Error> {
        let number = number.to_string();
        let path = pull(repository, &number, &["files"]);
        let mut files = Vec::new();
        for page in 1..=PAGES {
            let (size, page) = (PER_PAGE.to_string(), page.to_string());
            let query = [("per_page", size.as_str()), ("page", page.as_str())];
            let some: Vec<ChangedFile> = self
                .get(credentials, &path, &query, CachePolicy::NoCache)
                .await?;
            let last = some.len() < PER_PAGE;
            files.extend(some);
            if last {
                return Ok(files);
            }
        }
        Err(Error::malformed("it changes more than 500 files"))
    }

    /// Reviews one commit (`pulls/create-review`) and returns the id of the review; `Unprocessable` for the
    /// author.
    pub async fn review(
        &self,
        credentials: Credentials<'_>,
        repository: &RepositoryName,
        number: u64,
        head: &CommitId,
        approves: bool,
        words: &str,
    ) -> Result<u64, Error> {
        #[derive(Deserialize)]
        struct CreatedReview {
            id: u64,
        }
        let number = number.to_string();
        let event = if approves {
            "APPROVE"
        } else {
            "REQUEST_CHANGES"
        };
        let body = json!({"commit_id": head, "event": event, "body": words});
        let path = pull(repository, &number, &["reviews"]);
        let answer: CreatedReview = self.write(credentials, Method::POST, &path, &body).await?;
        Ok(answer.id)
    }

    /// Dismisses a review (`pulls/dismiss-review`).
    pub async fn dismiss(
        &self,
        credentials: Credentials<'_>,
        repository: &RepositoryName,
        number: u64,
        review: u64,
        why: &str,
    ) -> Result<(), Error> {
        let (number, review) = (number.to_string(), review.to_string());
        let path = pull(repository, &number, &["reviews", &review, "dismissals"]);
        let body = json!({"message": why, "event": "DISMISS"});
        let _: Value = self.write(credentials, Method::PUT, &path, &body).await?;
        Ok(())
    }

    /// Merges the pull request if its head is still `head` (`pulls/merge`) and returns the merge commit; `Conflict`
    /// where the head moved, `NotAllowed` where rules are not met.
    pub async fn merge(
        &self,
        credentials: Credentials<'_>,
        repository: &RepositoryName,
        number: u64,
        head: &CommitId,
        method: &str,
    ) -> Result<CommitId, Error> {
        #[derive(Deserialize)]
        struct MergeResult {
            sha: String,
            merged: bool,
        }
        let number = number.to_string();
        let path = pull(repository, &number, &["merge"]);
        let body = json!({"sha": head, "merge_method": method});
        let answer: MergeResult = self.write(credentials, Method::PUT, &path, &body).await?;
        if answer.merged {
            Ok(CommitId::new(&answer.sha))
        } else {
            Err(Error::malformed("it says 200 but not that it merged"))
        }
    }

    /// Returns the parents of a commit, in order (`repos/get-commit`).
    pub async fn parents(
        &self,
        credentials: Credentials<'_>,
        repository: &RepositoryName,
        commit: &CommitId,
    ) -> Result<Vec<CommitId>, Error> {
        #[derive(Deserialize)]
        struct CommitItem {
            parents: Vec<Parent>,
        }
        #[derive(Deserialize)]
        struct Parent {
            sha: String,
        }
        let path = repository_path(repository, &["commits", commit.as_str()]);
        let answer: CommitItem = self
            .get(credentials, &path, &[], CachePolicy::Revalidate)
            .await?;
        Ok(answer
            .parents
            .iter()
            .map(|parent| CommitId::new(&parent.sha))
            .collect())
    }

    /// Compares two commits (`repos/compare-commits-with-basehead`).
    pub async fn compare(
        &self,
        credentials: Credentials<'_>,
        repository: &RepositoryName,
        from: &CommitId,
        to: &CommitId,
    ) -> Result<Comparison, Error> {
        let between = format!("{from}...{to}");
        let path = repository_path(repository, &["compare", &between]);
        let answer: Compared = self
            .get(credentials, &path, &[], CachePolicy::Revalidate)
            .await?;
        Ok(Comparison {
            files: answer.files,
            commits: answer.commits.into_iter().rev().map(view).collect(),
            url: answer.html_url,
        })
    }

    /// Returns the newest run of a `repository_dispatch` (`actions/list-workflow-runs-for-repo`).
    pub async fn newest_dispatch(
        &self,
        credentials: Credentials<'_>,
        repository: &RepositoryName,
    ) -> Result<Option<DispatchRun>, Error> {
        #[derive(Deserialize)]
        struct RunPage {
            workflow_runs: Vec<Run>,
        }
        #[derive(Deserialize)]
        struct Run {
            status: Option<String>,
            conclusion: Option<String>,
            created_at: Timestamp,
            html_url: String,
        }
        let path = repository_path(repository, &["actions", "runs"]);
        let query = [("event", "repository_dispatch"), ("per_page", "1")];
        let answer: RunPage = self
            .get(credentials, &path, &query, CachePolicy::Revalidate)
            .await?;
        Ok(answer
            .workflow_runs
            .into_iter()
            .next()
            .map(|run| DispatchRun {
                status: run.status.unwrap_or_else(|| "unknown".into()),
                conclusion: run.conclusion,
                at: run.created_at,
                url: run.html_url,
            }))
    }
}

#[derive(Deserialize)]
struct Compared {
    #[serde(default)]
    files: Vec<ChangedFile>,
    #[serde(default)]
    commits: Vec<ComparedCommit>,
    #[serde(default)]
    html_url: Option<String>,
}

#[derive(Deserialize)]
struct ComparedCommit {
    sha: String,
    #[serde(default)]
    html_url: String,
    commit: GitCommit,
    #[serde(default)]
    author: Option<Account>,
}

#[derive(Deserialize)]
struct Account {
    login: Option<String>,
}

#[derive(Deserialize)]
struct GitCommit {
    #[serde(default)]
    message: String,
    author: Option<GitAuthor>,
}

#[derive(Deserialize)]
struct GitAuthor {
    name: Option<String>,
    date: Option<Timestamp>,
}

fn view(commit: ComparedCommit) -> CommitView {
    let (name, at) = commit
        .commit
        .author
        .map_or((None, None), |author| (author.name, author.date));
    CommitView {
        id: CommitId::new(&commit.sha),
        headline: commit
            .commit
            .message
            .lines()
            .next()
            .unwrap_or_default()
            .to_owned(),
        author: commit
            .author
            .and_then(|account| account.login)
            .or(name)
            .unwrap_or_else(|| "ghost".into()),
        at: at.unwrap_or_default(),
        url: commit.html_url,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(filename: &str, patch: &str) -> ChangedFile {
        ChangedFile {
            filename: filename.into(),
            status: "modified".into(),
            sha: None,
            patch: Some(patch.into()),
        }
    }

    #[test]
    fn a_digest_changes_with_every_part_of_a_diff() {
        let digest = diff_digest(&[file("a", "+1")]);
        assert_eq!(digest, diff_digest(&[file("a", "+1")]));
        assert_ne!(digest, diff_digest(&[file("a", "+2")]));
        assert_ne!(digest, diff_digest(&[file("b", "+1")]));
        assert_ne!(digest, diff_digest(&[]));
    }
}
