//! `createCommitOnBranch`: one commit of several files, guarded by the head that the caller saw.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::commits::{Ref, by_oid};
use super::object::{Args, Resolved, Resolver, object};
use crate::github::accounts::Account;
use crate::github::error::ApiError;
use crate::github::git::Edit;
use crate::github::operations::commits::{self, Change};
use crate::github::state::{GitHubState, Repo};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CreateCommitOnBranchInput {
    branch: CommittableBranch,
    expected_head_oid: String,
    file_changes: Option<FileChanges>,
    message: CommitMessage,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CommittableBranch {
    branch_name: String,
    repository_name_with_owner: String,
}

#[derive(Deserialize)]
struct CommitMessage {
    headline: String,
    body: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct FileChanges {
    additions: Vec<FileAddition>,
    deletions: Vec<FileDeletion>,
}

#[derive(Deserialize)]
struct FileAddition {
    path: String,
    contents: String,
}

#[derive(Deserialize)]
struct FileDeletion {
    path: String,
}

/// `Mutation`.
pub(super) struct Mutation {
    pub(super) github: Arc<GitHubState>,
    pub(super) viewer: &'static Account,
}

impl Resolver for Mutation {
    fn type_name(&self) -> &str {
        "Mutation"
    }

    /// Resolves `createCommitOnBranch`, the only field.
    fn field<'v>(&self, _name: &str, args: &Args<'_>) -> Resolved<'v> {
        let input = serde_json::to_value(args.0.get("input"));
        let input: CreateCommitOnBranchInput = input
            .and_then(serde_json::from_value)
            .map_err(|error| ApiError::unprocessable(error.to_string()))?;
        let full_name = &input.branch.repository_name_with_owner;
        let (owner, name) = full_name.split_once('/').unwrap_or_default();
        let repo = self.github.repo(owner, name)?;
        let branch = &input.branch.branch_name;
        let branch = branch.strip_prefix("refs/heads/").unwrap_or(branch);
        if repo.git.branch(branch).is_none() {
            return Err(ApiError::missing(format!(
                "Branch \"{branch}\" does not exist"
            )));
        }
        let CommitMessage { headline, body } = &input.message;
        let body = body.as_deref().unwrap_or_default();
        let message = format!("{headline}\n\n{body}");
        let change = Change {
            branch,
            parent: &input.expected_head_oid,
            message: message.trim_end(),
            edits: edits(&input.file_changes.unwrap_or_default())?,
            force: false,
        };
        let commit = commits::commit(&repo, self.viewer, change)?;
        let reference = format!("refs/heads/{branch}");
        Ok(object(CreateCommitOnBranchPayload {
            repo,
            commit,
            reference,
        }))
    }
}

/// `CreateCommitOnBranchPayload`.
struct CreateCommitOnBranchPayload {
    repo: Repo,
    /// The object id of the commit that the branch is made at.
    commit: String,
    /// The full name.
    reference: String,
}

impl Resolver for CreateCommitOnBranchPayload {
    fn type_name(&self) -> &str {
        "CreateCommitOnBranchPayload"
    }

    fn field<'v>(&self, name: &str, _args: &Args<'_>) -> Resolved<'v> {
        match name {
            "commit" => by_oid(&self.repo, &self.commit),
            // "ref"
            _ => Ok(object(Ref(self.repo.clone(), self.reference.clone()))),
        }
    }
}

fn edits(changes: &FileChanges) -> Result<Vec<Edit>, ApiError> {
    let mut edits = Vec::new();
    for FileAddition { path, contents } in &changes.additions {
        let contents = STANDARD
            .decode(contents)
            .map_err(|_| ApiError::unprocessable("contents is not Base64"))?;
        edits.push(Edit {
            path: path.clone(),
            contents: Some(contents),
        });
    }
    edits.extend(changes.deletions.iter().map(|FileDeletion { path }| Edit {
        path: path.clone(),
        contents: None,
    }));
    Ok(edits)
}
