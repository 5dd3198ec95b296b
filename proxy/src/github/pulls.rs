//! What REST does with a pull request: its files, reviews and merge; and comparing two commits.

use model::api::{CommitView, FileDiff};
use model::observation::DispatchRun;
use model::pipeline::RepositoryName;
use model::{CommitId, Timestamp};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::transport::CachePolicy;
use super::{Credentials, Error, GitHub};

/// How many files a page holds, and how many pages are read; a promotion changes one file.
const PER_PAGE: usize = 100;
const PAGES: usize = 5;

/// One file that a pull request changes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ChangedFile {
    /// Its path.
    pub filename: String,
    /// `added`, `modified`, `removed`, `renamed` …
    #[serde(default)]
    pub status: String,
    /// The blob's object id.
    #[serde(default)]
    pub sha: Option<String>,
    /// The unified diff; absent for binary and very large files.
    #[serde(default)]
    pub patch: Option<String>,
}

impl ChangedFile {
    /// As it is shown.
    #[must_use]
    pub fn diff(self) -> FileDiff {
        FileDiff {
            path: self.filename,
            patch: self.patch.unwrap_or_default(),
        }
    }
}

/// A digest of what a pull request changes, hex; equal digests mean equal diffs.
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

/// What lies between two commits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// The files that differ.
    pub files: Vec<ChangedFile>,
    /// The commits, newest first.
    pub commits: Vec<CommitView>,
    /// The page with all of it.
    pub url: Option<String>,
}

/// A merge that GitHub made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merged {
    /// The commit of the merge.
    pub commit: CommitId,
}

fn pull<'a>(repository: &'a RepositoryName, number: &'a str, rest: &[&'a str]) -> Vec<&'a str> {
    let mut path = vec![
        "repos",
        &repository.owner,
        &repository.name,
        "pulls",
        number,
    ];
    path.extend(rest);
    path
}

impl GitHub {
    /// The files that a pull request changes (`pulls/list-files`), never from a cache.
    ///
    /// # Errors
    /// As every call; `Malformed` where there are more files than an approver could have seen.
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

    /// Gives a review to one commit (`pulls/create-review`); returns the review's id.
    ///
    /// # Errors
    /// As every call; `Unprocessable` for one's own pull request.
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
        struct Answer {
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
        let answer: Answer = self.write(credentials, Method::POST, &path, &body).await?;
        Ok(answer.id)
    }

    /// Takes a review back (`pulls/dismiss-review`).
    ///
    /// # Errors
    /// As every call.
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

    /// Merges the pull request if its head is still `head` (`pulls/merge`).
    ///
    /// # Errors
    /// As every call; `Conflict` where the head moved, `NotAllowed` where rules are not met.
    pub async fn merge(
        &self,
        credentials: Credentials<'_>,
        repository: &RepositoryName,
        number: u64,
        head: &CommitId,
        method: &str,
    ) -> Result<Merged, Error> {
        #[derive(Deserialize)]
        struct Answer {
            sha: String,
            merged: bool,
        }
        let number = number.to_string();
        let path = pull(repository, &number, &["merge"]);
        let body = json!({"sha": head, "merge_method": method});
        let answer: Answer = self.write(credentials, Method::PUT, &path, &body).await?;
        if answer.merged {
            Ok(Merged {
                commit: CommitId::new(&answer.sha),
            })
        } else {
            Err(Error::malformed("it says 200 but not that it merged"))
        }
    }

    /// The parents of a commit, first parent first (`repos/get-commit`).
    ///
    /// # Errors
    /// As every call.
    pub async fn parents(
        &self,
        credentials: Credentials<'_>,
        repository: &RepositoryName,
        commit: &CommitId,
    ) -> Result<Vec<CommitId>, Error> {
        #[derive(Deserialize)]
        struct Answer {
            parents: Vec<Parent>,
        }
        #[derive(Deserialize)]
        struct Parent {
            sha: String,
        }
        let path = [
            "repos",
            &repository.owner,
            &repository.name,
            "commits",
            commit.as_str(),
        ];
        let answer: Answer = self
            .get(credentials, &path, &[], CachePolicy::Revalidate)
            .await?;
        Ok(answer
            .parents
            .iter()
            .map(|parent| CommitId::new(&parent.sha))
            .collect())
    }

    /// What lies between two commits (`repos/compare-commits-with-basehead`).
    ///
    /// # Errors
    /// As every call.
    pub async fn compare(
        &self,
        credentials: Credentials<'_>,
        repository: &RepositoryName,
        from: &CommitId,
        to: &CommitId,
    ) -> Result<Comparison, Error> {
        let between = format!("{from}...{to}");
        let path = [
            "repos",
            &repository.owner,
            &repository.name,
            "compare",
            &between,
        ];
        let answer: Compared = self
            .get(credentials, &path, &[], CachePolicy::Revalidate)
            .await?;
        Ok(Comparison {
            files: answer.files,
            commits: answer.commits.into_iter().rev().map(view).collect(),
            url: answer.html_url,
        })
    }

    /// The newest run that a dispatch started (`actions/list-workflow-runs-for-repo`).
    ///
    /// # Errors
    /// As every call.
    pub async fn newest_dispatch(
        &self,
        credentials: Credentials<'_>,
        repository: &RepositoryName,
    ) -> Result<Option<DispatchRun>, Error> {
        #[derive(Deserialize)]
        struct Answer {
            workflow_runs: Vec<Run>,
        }
        #[derive(Deserialize)]
        struct Run {
            status: Option<String>,
            conclusion: Option<String>,
            created_at: Timestamp,
            html_url: String,
        }
        let path = [
            "repos",
            &repository.owner,
            &repository.name,
            "actions",
            "runs",
        ];
        let query = [("event", "repository_dispatch"), ("per_page", "1")];
        let answer: Answer = self
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
