//! The declarations of a branch, and the commits that they hold for.

use model::pipeline::RepositoryName;
use model::{CommitId, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::graphql::{GraphqlQuery, Nodes, Oid};
use super::pull_request::CommitAuthor;
use super::{Credentials, Error, GitHub};

const DECLARED: &str = include_str!("queries/declared.graphql");

/// The file of an environment at the head of the branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredFile {
    /// `None` for a missing file.
    pub text: Option<String>,
    pub folder: FolderHistory,
}

/// The commits of the branch from its head down to the one that last changed the folder of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FolderHistory {
    /// Head first.
    pub commits: Vec<CommitId>,
    /// The time of the last of them.
    pub changed_at: Timestamp,
    pub changed_by: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CommitNode {
    oid: String,
    committed_date: Timestamp,
    author: Option<Value>,
    parents: Nodes<Oid>,
    #[serde(flatten)]
    folders: Map<String, Value>,
}

impl CommitNode {
    fn folder(&self, at: usize) -> Option<&str> {
        self.folders
            .get(&format!("folder_{at}"))?
            .get("oid")?
            .as_str()
    }
}

impl GitHub {
    /// Returns the file at each of `paths`, at the commit `head`.
    pub async fn declared(
        &self,
        credentials: Credentials<'_>,
        repository: &RepositoryName,
        head: &CommitId,
        paths: &[String],
    ) -> Result<Vec<DeclaredFile>, Error> {
        let mut variables = Map::new();
        variables.insert("owner".into(), json!(repository.owner));
        variables.insert("name".into(), json!(repository.name));
        variables.insert("head".into(), json!(head));
        for (at, path) in paths.iter().enumerate() {
            variables.insert(format!("file_{at}"), json!(format!("{head}:{path}")));
            variables.insert(format!("folder_{at}"), json!(folder(path)));
        }
        let query = GraphqlQuery::repeated(DECLARED, paths.len(), Value::Object(variables));
        let data = self.query(credentials, &query).await?;
        let nodes = data
            .pointer("/repository/head/history/nodes")
            .ok_or(Error::NotFound)?;
        let nodes = Vec::<CommitNode>::deserialize(nodes).map_err(Error::malformed)?;
        let file = |at: usize| {
            let text = data
                .pointer(&format!("/repository/file_{at}/text"))
                .and_then(Value::as_str);
            Ok(DeclaredFile {
                text: text.map(ToOwned::to_owned),
                folder: folder_history(&nodes, at).ok_or(Error::NotFound)?,
            })
        };
        (0..paths.len()).map(file).collect()
    }
}

fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(folder, _)| folder)
}

/// Walks the first parents: the commits that the branch itself pointed at. A commit of a merged side branch
/// must not make an older state of the branch count.
fn folder_history(nodes: &[CommitNode], at: usize) -> Option<FolderHistory> {
    let mut last = nodes.first()?;
    let mut commits = vec![CommitId::new(&last.oid)];
    while let Some(parent) = last.parents.nodes.first()
        && let Some(before) = nodes.iter().find(|node| node.oid == parent.oid)
        && before.folder(at) == last.folder(at)
    {
        last = before;
        commits.push(CommitId::new(&last.oid));
    }
    let author = last.author.as_ref();
    Some(FolderHistory {
        commits,
        changed_at: last.committed_date,
        changed_by: author
            .and_then(|author| CommitAuthor::deserialize(author).ok())
            .and_then(CommitAuthor::who),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commit(oid: &str, parents: &[&str], folder: &str) -> CommitNode {
        let parents: Vec<Value> = parents.iter().map(|oid| json!({"oid": oid})).collect();
        let node = json!({
            "oid": oid, "committedDate": "2026-11-22T10:00:00Z",
            "author": {"name": "sam", "user": null}, "parents": {"nodes": parents},
            "folder_0": {"oid": folder},
        });
        CommitNode::deserialize(node).unwrap()
    }

    #[test]
    fn a_state_of_the_branch_from_before_the_merge_does_not_count_as_declared() {
        // The promotion `side` was committed before `other` went in, and merged after it.
        let nodes = [
            commit("later", &["merge"], "new"),
            commit("merge", &["other"], "new"),
            commit("other", &["base"], "old"),
            commit("side", &["base"], "new"),
            commit("base", &[], "old"),
        ];
        let history = folder_history(&nodes, 0).unwrap();
        assert_eq!(
            history.commits,
            [CommitId::new("later"), CommitId::new("merge")]
        );
        assert_eq!(history.changed_by.as_deref(), Some("sam"));
    }

    #[test]
    fn a_folder_that_did_not_change_is_declared_by_all_that_was_read() {
        let nodes = [commit("b", &["a"], "same"), commit("a", &["0"], "same")];
        assert_eq!(folder_history(&nodes, 0).unwrap().commits.len(), 2);
    }
}
