//! A repository on GitHub as the forge of the promotion workflow: branches, commits and pull requests.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::pipeline::RepositoryName;
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use workflow::forge::{Forge, NewCommit, NewPullRequest, PullRequest};

use super::transport::{CachePolicy, repository_path};
use super::{Credentials, Error, GitHub};

const CREATE_COMMIT: &str = include_str!("queries/create_commit.graphql");

/// A repository, read and written with one set of credentials.
pub struct Repository<'a> {
    pub github: &'a GitHub,
    pub credentials: Credentials<'a>,
    pub name: &'a RepositoryName,
    /// The branch that declares the environments.
    pub branch: &'a str,
}

#[derive(Deserialize)]
struct Ref {
    object: GitObject,
}

#[derive(Deserialize)]
struct GitObject {
    sha: String,
}

#[derive(Deserialize)]
struct Contents {
    content: String,
}

#[derive(Deserialize)]
struct MergeBase {
    merge_base_commit: GitObject,
}

#[derive(Deserialize)]
struct PullRequestItem {
    number: u64,
    html_url: String,
    title: String,
    head: GitObject,
    merged_at: Option<String>,
}

impl PullRequestItem {
    fn pull(self) -> PullRequest {
        PullRequest {
            number: self.number,
            url: self.html_url,
            head: self.head.sha,
        }
    }
}

impl Repository<'_> {
    fn path<'p>(&'p self, rest: &[&'p str]) -> Vec<&'p str> {
        let rest: Vec<&str> = rest.iter().flat_map(|part| part.split('/')).collect();
        repository_path(self.name, &rest)
    }

    async fn read<T: serde::de::DeserializeOwned>(
        &self,
        rest: &[&str],
        query: &[(&str, &str)],
    ) -> Result<Option<T>, Error> {
        let path = self.path(rest);
        let read = self
            .github
            .get(self.credentials, &path, query, CachePolicy::NoCache);
        match read.await {
            Ok(read) => Ok(Some(read)),
            Err(Error::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn send(&self, method: Method, rest: &[&str], body: &Value) -> Result<Value, Error> {
        let path = self.path(rest);
        self.github
            .write(self.credentials, method, &path, body)
            .await
    }

    async fn list(&self, branch: &str, state: &str) -> Result<Vec<PullRequestItem>, Error> {
        let head = format!("{}:{branch}", self.name.owner);
        let query = [
            ("head", head.as_str()),
            ("base", self.branch),
            ("state", state),
            ("per_page", "50"),
        ];
        let listed: Option<Vec<PullRequestItem>> = self.read(&["pulls"], &query).await?;
        listed.ok_or(Error::NotFound)
    }
}

impl Forge for Repository<'_> {
    type Error = Error;

    fn page(&self) -> String {
        let web = self.github.web_url().as_str().trim_end_matches('/');
        format!("{web}/{}/{}", self.name.owner, self.name.name)
    }

    fn branch(&self) -> &str {
        self.branch
    }

    async fn head(&self, branch: &str) -> Result<Option<String>, Error> {
        let found: Option<Ref> = self.read(&["git/ref/heads", branch], &[]).await?;
        Ok(found.map(|found| found.object.sha))
    }

    async fn file(&self, commit: &str, path: &str) -> Result<Option<String>, Error> {
        let query = [("ref", commit)];
        let Some(found) = self.read::<Contents>(&["contents", path], &query).await? else {
            return Ok(None);
        };
        let base64: String = found.content.split_whitespace().collect();
        let bytes = STANDARD.decode(base64).map_err(Error::malformed)?;
        let text = String::from_utf8(bytes);
        Ok(Some(text.map_err(|_| {
            Error::malformed(format!("{path} is not UTF-8"))
        })?))
    }

    async fn merge_base(&self, one: &str, other: &str) -> Result<String, Error> {
        let range = format!("{one}...{other}");
        let compared: Option<MergeBase> = self.read(&["compare", &range], &[]).await?;
        let compared = compared.ok_or(Error::NotFound)?;
        Ok(compared.merge_base_commit.sha)
    }

    async fn pull_request(&self, branch: &str) -> Result<Option<PullRequest>, Error> {
        let open = self.list(branch, "open").await?;
        Ok(open.into_iter().next().map(PullRequestItem::pull))
    }

    async fn declined(&self, branch: &str, title: &str) -> Result<Option<u64>, Error> {
        let closed = self.list(branch, "closed").await?;
        let declined = closed
            .into_iter()
            .find(|pull| pull.merged_at.is_none() && pull.title == title);
        Ok(declined.map(|pull| pull.number))
    }

    async fn create_branch(&self, branch: &str, at: &str) -> Result<(), Error> {
        let body = json!({"ref": format!("refs/heads/{branch}"), "sha": at});
        self.send(Method::POST, &["git/refs"], &body).await?;
        Ok(())
    }

    async fn delete_branch(&self, branch: &str) -> Result<(), Error> {
        self.send(Method::DELETE, &["git/refs/heads", branch], &Value::Null)
            .await?;
        Ok(())
    }

    async fn commit(&self, commit: NewCommit) -> Result<String, Error> {
        let additions: Vec<Value> = commit
            .files
            .iter()
            .map(|(path, text)| json!({"path": path, "contents": STANDARD.encode(text)}))
            .collect();
        let name = format!("{}/{}", self.name.owner, self.name.name);
        let input = json!({
            "branch": {"repositoryNameWithOwner": name, "branchName": commit.branch},
            "message": {"headline": commit.message},
            "expectedHeadOid": commit.expected_head,
            "fileChanges": {"additions": additions},
        });
        let data = self
            .github
            .mutate(self.credentials, CREATE_COMMIT, input)
            .await?;
        let oid = data.pointer("/createCommitOnBranch/commit/oid");
        let oid = oid.and_then(Value::as_str);
        oid.map(ToOwned::to_owned)
            .ok_or_else(|| Error::malformed("it says nothing of the commit"))
    }

    async fn open(&self, new: NewPullRequest) -> Result<PullRequest, Error> {
        let body = json!({
            "title": new.title, "body": new.body, "head": new.branch, "base": self.branch,
        });
        let opened = self.send(Method::POST, &["pulls"], &body).await?;
        let opened = PullRequestItem::deserialize(opened).map_err(Error::malformed)?;
        Ok(opened.pull())
    }

    async fn rewrite(&self, number: u64, new: &NewPullRequest) -> Result<(), Error> {
        let body = json!({"title": new.title, "body": new.body});
        let number = number.to_string();
        self.send(Method::PATCH, &["pulls", &number], &body).await?;
        Ok(())
    }

    async fn comment(&self, number: u64, text: &str) -> Result<(), Error> {
        let number = number.to_string();
        let body = json!({"body": text});
        self.send(Method::POST, &["issues", &number, "comments"], &body)
            .await?;
        Ok(())
    }

    async fn close(&self, number: u64) -> Result<(), Error> {
        let number = number.to_string();
        let body = json!({"state": "closed"});
        self.send(Method::PATCH, &["pulls", &number], &body).await?;
        Ok(())
    }
}
