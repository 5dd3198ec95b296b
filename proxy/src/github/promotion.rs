//! Pull requests whole, from GraphQL: one for a viewer, and all promotions of a pipeline at once.

use model::pipeline::RepositoryName;
use model::promotion::{Promotion, RepositoryPermission};
use model::{CommitId, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::graphql::Query;
use super::people::Login;
use super::pull_request::pull_request;
use super::{Credentials, Error, GitHub};

const PROMOTION: &str = include_str!("queries/promotion.graphql");
const SNAPSHOT: &str = include_str!("queries/snapshot.graphql");

/// A promotion as one viewer sees it.
#[derive(Clone, Debug)]
pub struct ForViewer {
    /// The viewer's login.
    pub login: String,
    /// What they may do in the repository.
    pub permission: RepositoryPermission,
    /// The pull request; `release` is for the caller to read from `declares`.
    pub promotion: Promotion,
    /// The text of the environment's file at the head.
    pub declares: Option<String>,
}

/// A commit status on one of the newest commits of the branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tick {
    /// The commit.
    pub commit: CommitId,
    /// Its context, such as `kustomization/uat/cb0aaa8a`.
    pub context: String,
    /// `success`, `failure`, `pending` or `error`.
    pub state: String,
    /// When.
    pub at: Timestamp,
    /// Who posted it.
    pub creator: Option<String>,
}

/// What moves without the branch moving, read at one moment.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The head of the branch.
    pub head: CommitId,
    /// The commit statuses on the newest commits, newest commit first.
    pub ticks: Vec<Tick>,
    /// For each environment the open promotion, else the one merged last, with its file's text.
    pub promotions: Vec<Option<(Promotion, Option<String>)>>,
}

impl GitHub {
    /// One pull request whole, never from a cache. `path` is the file that it is to declare the release in.
    ///
    /// # Errors
    /// As every call; `NotFound` where there is no such pull request.
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
            .query(credentials, &Query::new(PROMOTION, variables))
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
            login: text(&data, "/viewer/login"),
            permission: permission(&text(&data, "/repository/viewerPermission")),
            promotion,
            declares,
        })
    }

    /// All promotions of a pipeline and the ticks on its branch. `places` are the promotion branch and
    /// the file of each environment.
    ///
    /// # Errors
    /// As every call; `NotFound` where the repository or its branch is not there.
    pub async fn snapshot(
        &self,
        credentials: Credentials<'_>,
        repository: &RepositoryName,
        branch: &str,
        places: &[(String, String)],
    ) -> Result<Snapshot, Error> {
        let mut variables = Map::new();
        variables.insert("owner".into(), json!(repository.owner));
        variables.insert("name".into(), json!(repository.name));
        variables.insert("ref".into(), json!(format!("refs/heads/{branch}")));
        for (at, (branch, path)) in places.iter().enumerate() {
            variables.insert(format!("branch_{at}"), json!(branch));
            variables.insert(format!("path_{at}"), json!(path));
        }
        let query = Query::repeated(SNAPSHOT, places.len(), Value::Object(variables));
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
        let promotions = (0..places.len())
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
            ticks: ticks(target),
            promotions,
        })
    }
}

/// A commit status; the fields of a check run are none of these.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Posted {
    context: Option<String>,
    state: Option<String>,
    created_at: Option<Timestamp>,
    creator: Option<Login>,
}

fn ticks(target: &Value) -> Vec<Tick> {
    let nodes = target.pointer("/history/nodes").and_then(Value::as_array);
    let mut ticks = Vec::new();
    for node in nodes.into_iter().flatten() {
        let commit = CommitId::new(&text(node, "/oid"));
        let contexts = node.pointer("/statusCheckRollup/contexts/nodes");
        for context in contexts.and_then(Value::as_array).into_iter().flatten() {
            // A context that cannot be read is none of Flux's; the others still count.
            let Ok(context) = Posted::deserialize(context) else {
                continue;
            };
            if let (Some(name), Some(state), Some(at)) =
                (context.context, context.state, context.created_at)
            {
                ticks.push(Tick {
                    commit: commit.clone(),
                    context: name,
                    state: state.to_ascii_lowercase(),
                    at,
                    creator: context.creator.map(Login::who),
                });
            }
        }
    }
    ticks
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
