//! The lab's GitHub as the forge of the promotion workflow, for the jobs that run inside it.

use std::sync::Arc;

use anyhow::Context;
use workflow::forge::{Forge, NewCommit, NewPullRequest, PullRequest};

use crate::forge::acts::commits::{self, Change};
use crate::forge::acts::pulls::{self, Update};
use crate::forge::engine::Engine;
use crate::forge::git::Edit;
use crate::forge::state::{DEFAULT_BRANCH, Repository};
use crate::forge::{Account, Refusal};

/// The forge, acted on by one of its accounts.
pub(crate) struct Inside<'a> {
    pub(crate) engine: &'a Arc<Engine>,
    pub(crate) repository: &'a Arc<Repository>,
    pub(crate) by: &'static Account,
}

impl Forge for Inside<'_> {
    type Error = Refusal;

    fn page(&self) -> String {
        let web = self.engine.links().web;
        format!("{web}/{}", self.repository.full_name())
    }

    fn branch(&self) -> &str {
        DEFAULT_BRANCH
    }

    async fn head(&self, branch: &str) -> Result<Option<String>, Refusal> {
        Ok(self.repository.git.branch(branch))
    }

    async fn file(&self, commit: &str, path: &str) -> Result<Option<String>, Refusal> {
        Ok(self.repository.git.text(commit, path)?)
    }

    async fn merge_base(&self, one: &str, other: &str) -> Result<String, Refusal> {
        let compared = self.repository.git.compare(one, other)?;
        let compared = compared.context("the commits share no history")?;
        Ok(compared.merge_base.clone())
    }

    async fn pull_request(&self, branch: &str) -> Result<Option<PullRequest>, Refusal> {
        let state = self.repository.state.lock();
        let open = state
            .pulls
            .values()
            .find(|pull| pull.is_open() && pull.head_ref == branch);
        Ok(open.map(|pull| PullRequest {
            number: pull.number,
            url: format!("{}/pull/{}", self.page(), pull.number),
            head: pull.head.clone(),
        }))
    }

    async fn declined(&self, branch: &str, title: &str) -> Result<Option<u64>, Refusal> {
        let state = self.repository.state.lock();
        let declined = state.pulls.values().find(|pull| {
            !pull.is_open()
                && pull.merged.is_none()
                && pull.head_ref == branch
                && pull.title == title
        });
        Ok(declined.map(|pull| pull.number))
    }

    async fn create_branch(&self, branch: &str, at: &str) -> Result<(), Refusal> {
        let name = format!("refs/heads/{branch}");
        commits::create_ref(self.engine, self.repository, self.by, &name, at)
    }

    async fn delete_branch(&self, branch: &str) -> Result<(), Refusal> {
        let name = format!("refs/heads/{branch}");
        commits::delete_ref(self.engine, self.repository, self.by, &name)
    }

    async fn commit(&self, commit: NewCommit) -> Result<String, Refusal> {
        let edit = |(path, text): &(String, String)| Edit::text(path, text);
        let change = Change {
            branch: &commit.branch,
            parent: &commit.expected_head,
            message: &commit.message,
            edits: commit.files.iter().map(edit).collect(),
            force: false,
        };
        commits::commit(self.engine, self.repository, self.by, change)
    }

    async fn open(&self, opening: NewPullRequest) -> Result<PullRequest, Refusal> {
        let asked = pulls::Opening {
            title: &opening.title,
            body: &opening.body,
            head: &opening.branch,
            base: DEFAULT_BRANCH,
            draft: false,
        };
        pulls::open(self.engine, self.repository, self.by, &asked)?;
        let opened = self.pull_request(&opening.branch).await?;
        Ok(opened.context("the pull request is gone again")?)
    }

    async fn rewrite(&self, number: u64, opening: &NewPullRequest) -> Result<(), Refusal> {
        self.update(number, Some(&opening.title), Some(&opening.body), None)
    }

    async fn comment(&self, number: u64, text: &str) -> Result<(), Refusal> {
        pulls::comment(self.engine, self.repository, self.by, number, text)?;
        Ok(())
    }

    async fn close(&self, number: u64) -> Result<(), Refusal> {
        self.update(number, None, None, Some("closed"))
    }
}

impl Inside<'_> {
    fn update(
        &self,
        number: u64,
        title: Option<&str>,
        body: Option<&str>,
        state: Option<&str>,
    ) -> Result<(), Refusal> {
        let update = Update { title, body, state };
        pulls::update(self.engine, self.repository, self.by, number, &update)
    }
}
