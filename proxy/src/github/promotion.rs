//! Promotions from GraphQL: one pull request for a viewer, and all promotions of a pipeline at once.

use model::pipeline::RepositoryName;
use model::promotion::{Promotion, RepositoryPermission};
use model::{CommitId, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::graphql::GraphqlQuery;
use super::people::Login;
use super::pull_request::pull_request;
use super::{Credentials, Error, GitHub};

const PROMOTION: &str = include_str!("queries/promotion.graphql");
const SNAPSHOT: &str = include_str!("queries/snapshot.graphql");

/// A promotion as one viewer sees it.
#[derive(Clone, Debug)]
pub struct ForViewer {
    pub permission: RepositoryPermission,
    /// Without `release`, which the caller reads from `declares`.
    pub promotion: Promotion,
    /// The environment's file at the head.
    pub declares: Option<String>,
}

/// A commit status on one of the newest commits of the branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostedStatus {
    pub commit: CommitId,
    /// For example `kustomization/uat/cb0aaa8a`.
    pub context: String,
    /// `success`, `failure`, `pending` or `error`.
    pub state: String,
    pub at: Timestamp,
    pub creator: Option<String>,
}

/// The open promotions and the newest commit statuses of a pipeline, read at one moment.
#[derive(Clone, Debug)]
pub struct Snapshot {
    pub head: CommitId,
    /// On the newest commits, newest commit first.
    pub statuses: Vec<PostedStatus>,
    /// For each environment the open promotion, else the one merged last, with the text of its file.
    pub promotions: Vec<Option<(Promotion, Option<String>)>>,
}

impl GitHub {
    /// Returns a pull request, never from the cache. `path` is the file that declares the release.
    pub async fn promotion(
        &self,
        credentials: Credentials<'_>,
        repository: &RepositoryName,
        number: u64,
        path: &str,
    ) -> Result<ForViewer, Error> {
        let variables = json!({
            "owner": repository.owner, "name": repository.name, "number": number, "path": path,
        });
        let data = self
            .query(credentials, &GraphqlQuery::new(PROMOTION, variables))
            .await?;
        let at = |pointer: &str| data.pointer(pointer);
        let home = at("/repository").ok_or(Error::NotFound)?;
        let node = at("/repository/pullRequest")
            .filter(|node| !node.is_null())
            .ok_or(Error::NotFound)?;
        let base = node
            .get("baseRefName")
            .and_then(Value::as_str)
            .unwrap_or_default();
        // Rules that cannot be read are no reason not to show the pull request; nothing is merged then.
        let rules = match self.branch_rules(credentials, repository, base).await {
            Ok(rules) => Some(rules),
            Err(error) => {
                tracing::warn!(%error, %repository, "the rules of the branch cannot be read");
                None
            }
        };
        let (promotion, declares) = pull_request(node, repository, rules, &merge_methods(home))?;
        Ok(ForViewer {
            permission: permission(&text(&data, "/repository/viewerPermission")),
            promotion,
            declares,
        })
    }

    /// Returns all promotions of a pipeline and the commit statuses on its branch. `environments` are the head
    /// branch and the file of each.
    pub async fn snapshot(
        &self,
        credentials: Credentials<'_>,
        repository: &RepositoryName,
        branch: &str,
        environments: &[(String, String)],
    ) -> Result<Snapshot, Error> {
        let mut variables = Map::new();
        variables.insert("owner".into(), json!(repository.owner));
        variables.insert("name".into(), json!(repository.name));
        variables.insert("ref".into(), json!(format!("refs/heads/{branch}")));
        for (at, (branch, path)) in environments.iter().enumerate() {
            variables.insert(format!("branch_{at}"), json!(branch));
            variables.insert(format!("path_{at}"), json!(path));
        }
        let query = GraphqlQuery::repeated(SNAPSHOT, environments.len(), Value::Object(variables));
        let (data, rules) = tokio::join!(
            self.query(credentials, &query),
            self.branch_rules(credentials, repository, branch)
        );
        let data = data?;
        let rules = rules
            .inspect_err(
                |error| tracing::warn!(%error, %repository, "the rules of the branch cannot be read"),
            )
            .ok();
        let home = data.get("repository").ok_or(Error::NotFound)?;
        let target = data
            .pointer("/repository/ref/target")
            .filter(|target| !target.is_null())
            .ok_or(Error::NotFound)?;
        let methods = merge_methods(home);
        let promotions = (0..environments.len())
            .map(|at| {
                let first = |list: &str| home.pointer(&format!("/{list}_{at}/nodes/0"));
                first("open")
                    .or_else(|| first("merged"))
                    .map(|node| pull_request(node, repository, rules.clone(), &methods))
                    .transpose()
            })
            .collect::<Result<_, Error>>()?;
        Ok(Snapshot {
            head: CommitId::new(&text(target, "/oid")),
            statuses: statuses(target),
            promotions,
        })
    }
}

/// A `StatusContext`; a `CheckRun` has none of these fields.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StatusContext {
    context: Option<String>,
    state: Option<String>,
    created_at: Option<Timestamp>,
    creator: Option<Login>,
}

fn statuses(target: &Value) -> Vec<PostedStatus> {
    let nodes = target.pointer("/history/nodes").and_then(Value::as_array);
    let mut statuses = Vec::new();
    for node in nodes.into_iter().flatten() {
        let commit = CommitId::new(&text(node, "/oid"));
        let contexts = node.pointer("/statusCheckRollup/contexts/nodes");
        for context in contexts.and_then(Value::as_array).into_iter().flatten() {
            // A context that cannot be read is none of Flux's; the others still count.
            let Ok(context) = StatusContext::deserialize(context) else {
                continue;
            };
            if let (Some(name), Some(state), Some(at)) =
                (context.context, context.state, context.created_at)
            {
                statuses.push(PostedStatus {
                    commit: commit.clone(),
                    context: name,
                    state: state.to_ascii_lowercase(),
                    at,
                    creator: context.creator.map(Login::who),
                });
            }
        }
    }
    statuses
}

fn merge_methods(repository: &Value) -> Vec<String> {
    [
        ("mergeCommitAllowed", "merge"),
        ("squashMergeAllowed", "squash"),
        ("rebaseMergeAllowed", "rebase"),
    ]
    .into_iter()
    .filter(|(field, _)| repository.get(field).and_then(Value::as_bool) == Some(true))
    .map(|(_, method)| method.to_owned())
    .collect()
}

fn permission(word: &str) -> RepositoryPermission {
    match word {
        "ADMIN" => RepositoryPermission::Admin,
        "MAINTAIN" => RepositoryPermission::Maintain,
        "WRITE" => RepositoryPermission::Write,
        "TRIAGE" => RepositoryPermission::Triage,
        "READ" => RepositoryPermission::Read,
        _ => RepositoryPermission::None,
    }
}

fn text(value: &Value, pointer: &str) -> String {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}
