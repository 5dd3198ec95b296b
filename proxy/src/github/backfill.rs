//! Closed pull requests, to backfill the journal and to compare two releases.

use model::pipeline::RepositoryName;
use model::{CommitId, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::graphql::{GraphqlQuery, Nodes};
use super::people::Login;
use super::{Credentials, Error, GitHub};

const HISTORY: &str = include_str!("queries/history.graphql");

/// The pull requests to read.
#[derive(Clone, Copy, Debug)]
pub struct BackfillQuery<'a> {
    /// The base branch.
    pub branch: &'a str,
    /// The path of the chart's `Chart.yaml`.
    pub chart: &'a str,
    /// The path of the source that holds the colour.
    pub source: &'a str,
    pub since: Timestamp,
    /// The largest number of pages of fifty.
    pub pages: usize,
}

/// A review of a promotion, as GitHub lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReviewRecord {
    pub login: String,
    /// `APPROVED`, `CHANGES_REQUESTED`, `COMMENTED`, `DISMISSED`, `PENDING`.
    pub state: String,
    pub at: Timestamp,
}

/// A merge, with the two files that describe the release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MergeRecord {
    pub commit: CommitId,
    pub at: Timestamp,
    pub by: Option<String>,
    /// `Chart.yaml` at that commit.
    pub chart: Option<String>,
    /// The source that holds the colour, at that commit.
    pub source: Option<String>,
}

/// A pull request that is merged or closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClosedPullRequest {
    pub number: u64,
    pub title: String,
    pub head_ref: String,
    pub author: Option<String>,
    pub opened_at: Timestamp,
    /// When it was merged or closed.
    pub closed_at: Option<Timestamp>,
    /// `None` where it was closed without a merge.
    pub merge: Option<MergeRecord>,
    /// Oldest first.
    pub reviews: Vec<ReviewRecord>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClosedNode {
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
    reviews: Option<Nodes<ReviewNode>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReviewNode {
    state: String,
    submitted_at: Option<Timestamp>,
    author: Option<Login>,
}

impl GitHub {
    /// Returns the pull requests that were merged or closed since `query.since`, newest first.
    pub async fn closed_pull_requests(
        &self,
        credentials: Credentials<'_>,
        repository: &RepositoryName,
        query: &BackfillQuery<'_>,
    ) -> Result<Vec<ClosedPullRequest>, Error> {
        let mut all = Vec::new();
        let mut after = Value::Null;
        for _ in 0..query.pages {
            let variables = json!({
                "owner": repository.owner, "name": repository.name, "branch": query.branch,
                "chart": query.chart, "source": query.source, "after": after,
            });
            let data = self
                .query(credentials, &GraphqlQuery::new(HISTORY, variables))
                .await?;
            let list = data
                .pointer("/repository/pullRequests")
                .ok_or(Error::NotFound)?;
            let nodes = list.get("nodes").unwrap_or(&Value::Null);
            let nodes = Vec::<ClosedNode>::deserialize(nodes).map_err(Error::malformed)?;
            let enough = nodes
                .last()
                .is_none_or(|node| node.merged_at.or(node.closed_at) < Some(query.since));
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
        all.retain(|pull| pull.closed_at >= Some(query.since));
        Ok(all)
    }
}

fn pull_request(node: ClosedNode) -> ClosedPullRequest {
    let merge = node.merge_commit.as_ref();
    let text = |pointer: &str| {
        let text = merge?.pointer(pointer)?.as_str()?;
        Some(text.to_owned())
    };
    ClosedPullRequest {
        merge: (node.state == "MERGED")
            .then(|| {
                Some(MergeRecord {
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
                Some(ReviewRecord {
                    login: review.author?.who(),
                    state: review.state,
                    at: review.submitted_at?,
                })
            })
            .collect(),
    }
}
