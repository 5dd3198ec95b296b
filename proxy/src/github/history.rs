//! The pull requests of the past, for the journal and for what lies between two releases.

use model::pipeline::RepositoryName;
use model::{CommitId, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::graphql::Query;
use super::people::Login;
use super::{Credentials, Error, GitHub};

const HISTORY: &str = include_str!("queries/history.graphql");

/// Which part of the past to read.
#[derive(Clone, Copy, Debug)]
pub struct Past<'a> {
    /// The branch that the pull requests went into.
    pub branch: &'a str,
    /// The path of the chart's description.
    pub chart: &'a str,
    /// The path of the source that names the colour.
    pub source: &'a str,
    /// Since when.
    pub since: Timestamp,
    /// At most so many pages of fifty.
    pub pages: usize,
}

/// One review of the past.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastReview {
    /// Who.
    pub login: String,
    /// `APPROVED`, `CHANGES_REQUESTED`, `COMMENTED`, `DISMISSED`, `PENDING`.
    pub state: String,
    /// When.
    pub at: Timestamp,
}

/// The merge of a pull request, with the two files that tell what was released.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastMerge {
    /// The commit of the merge.
    pub commit: CommitId,
    /// When.
    pub at: Timestamp,
    /// Who merged.
    pub by: Option<String>,
    /// The chart's description at that commit.
    pub chart: Option<String>,
    /// The application's source that names its colour, at that commit.
    pub source: Option<String>,
}

/// A pull request that is merged or closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastPullRequest {
    /// Its number.
    pub number: u64,
    /// Its title.
    pub title: String,
    /// The branch of its head.
    pub head_ref: String,
    /// Who opened it.
    pub author: Option<String>,
    /// When.
    pub opened_at: Timestamp,
    /// When it was merged or closed.
    pub closed_at: Option<Timestamp>,
    /// Its merge, where it was merged.
    pub merge: Option<PastMerge>,
    /// Its reviews, oldest first.
    pub reviews: Vec<PastReview>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Node {
    number: u64,
    title: String,
    state: String,
    head_ref_name: String,
    created_at: Timestamp,
    merged_at: Option<Timestamp>,
    closed_at: Option<Timestamp>,
    author: Option<Login>,
    merged_by: Option<Login>,
    merge_commit: Option<Value>,
    reviews: Option<Reviews>,
}

#[derive(Deserialize)]
struct Reviews {
    nodes: Vec<Review>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Review {
    state: String,
    submitted_at: Option<Timestamp>,
    author: Option<Login>,
}

impl GitHub {
    /// The pull requests that were merged or closed since `since`, newest first.
    ///
    /// # Errors
    /// As every call.
    pub async fn past_pull_requests(
        &self,
        credentials: Credentials<'_>,
        repository: &RepositoryName,
        past: &Past<'_>,
    ) -> Result<Vec<PastPullRequest>, Error> {
        let mut all = Vec::new();
        let mut after = Value::Null;
        for _ in 0..past.pages {
            let variables = json!({
                "owner": repository.owner, "name": repository.name, "branch": past.branch,
                "chart": past.chart, "source": past.source, "after": after,
            });
            let data = self
                .query(credentials, &Query::new(HISTORY, variables))
                .await?;
            let list = data
                .pointer("/repository/pullRequests")
                .ok_or(Error::NotFound)?;
            let nodes = list.get("nodes").unwrap_or(&Value::Null);
            let nodes = Vec::<Node>::deserialize(nodes).map_err(Error::malformed)?;
            let enough = nodes
                .last()
                .is_none_or(|node| node.merged_at.or(node.closed_at) < Some(past.since));
            all.extend(nodes.into_iter().map(pull_request));
            let more = list.pointer("/pageInfo/hasNextPage") == Some(&Value::Bool(true));
            if enough || !more {
                break;
            }
            after = list
                .pointer("/pageInfo/endCursor")
                .cloned()
                .unwrap_or_default();
        }
        all.retain(|pull| pull.closed_at >= Some(past.since));
        Ok(all)
    }
}

fn pull_request(node: Node) -> PastPullRequest {
    let merge = node.merge_commit.as_ref();
    let text = |pointer: &str| {
        let text = merge?.pointer(pointer)?.as_str()?;
        Some(text.to_owned())
    };
    PastPullRequest {
        merge: (node.state == "MERGED")
            .then(|| {
                Some(PastMerge {
                    commit: CommitId::new(&text("/oid")?),
                    at: node.merged_at?,
                    by: node.merged_by.map(Login::who),
                    chart: text("/chart/object/text"),
                    source: text("/source/object/text"),
                })
            })
            .flatten(),
        number: node.number,
        title: node.title,
        head_ref: node.head_ref_name,
        author: node.author.map(Login::who),
        opened_at: node.created_at,
        closed_at: node.merged_at.or(node.closed_at),
        reviews: node
            .reviews
            .into_iter()
            .flat_map(|reviews| reviews.nodes)
            .filter_map(|review| {
                Some(PastReview {
                    login: review.author?.who(),
                    state: review.state,
                    at: review.submitted_at?,
                })
            })
            .collect(),
    }
}
