//! Git as source-controller and image-automation-controller use it, by the ordinary `git` command: the tip
//! of a branch, the files of one commit, and a push.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::process::Command;
use url::Url;

/// The files of one commit.
#[derive(Debug)]
pub struct Snapshot {
    /// The first line of the commit's message.
    pub subject: String,
    /// When it was committed, RFC 3339.
    pub committed: String,
    pub files: BTreeMap<String, Vec<u8>>,
}

/// A bare repository for what was fetched.
#[derive(Clone, Debug)]
pub struct Mirror {
    directory: PathBuf,
}

impl Mirror {
    /// Opens the mirror in `directory`, or makes it.
    pub async fn open(directory: PathBuf) -> anyhow::Result<Self> {
        let mirror = Self { directory };
        if !mirror.directory.join("HEAD").exists() {
            tokio::fs::create_dir_all(&mirror.directory).await?;
            mirror.run(&["init", "--quiet", "--bare"]).await?;
        }
        Ok(mirror)
    }

    /// The commit at the tip of a branch, by `git ls-remote`.
    pub async fn tip(&self, remote: &Url, branch: &str) -> anyhow::Result<String> {
        let wanted = format!("refs/heads/{branch}");
        let listed = self.run(&["ls-remote", remote.as_str(), &wanted]).await?;
        let listed = String::from_utf8_lossy(&listed);
        let tip = listed.split_whitespace().next().map(str::to_owned);
        tip.with_context(|| format!("couldn't find remote ref \"{wanted}\""))
    }

    /// Fetches a branch to depth 1 and reads its tip, which has to be `commit`: an error when the branch
    /// has moved on since.
    pub async fn fetch(
        &self,
        remote: &Url,
        branch: &str,
        commit: &str,
    ) -> anyhow::Result<Snapshot> {
        let refspec = format!("+refs/heads/{branch}:refs/heads/{branch}");
        let fetch = ["fetch", "--quiet", "--no-tags", "--depth=1"];
        let fetch = [&fetch[..], &[remote.as_str(), &refspec]].concat();
        self.run(&fetch).await?;
        let show = ["show", "--no-patch", "--format=%cI%n%s", commit];
        let described = self.run(&show).await?;
        let described = String::from_utf8_lossy(&described);
        let (committed, subject) = described.split_once('\n').unwrap_or_default();
        let archive = self.run(&["archive", "--format=tar", commit]).await?;
        Ok(Snapshot {
            subject: subject.trim().to_owned(),
            committed: committed.to_owned(),
            files: files(&archive)?,
        })
    }

    async fn run(&self, arguments: &[&str]) -> anyhow::Result<Vec<u8>> {
        finish(git(&self.directory, arguments, None)).await
    }
}

fn files(archive: &[u8]) -> anyhow::Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    for entry in tar::Archive::new(archive).entries()? {
        let mut entry = entry?;
        if entry.header().entry_type().is_file() {
            let path = entry.path()?.to_string_lossy().into_owned();
            let mut contents = Vec::new();
            entry.read_to_end(&mut contents)?;
            files.insert(path, contents);
        }
    }
    Ok(files)
}

/// The author of a commit.
#[derive(Clone, Debug)]
pub struct CommitAuthor {
    pub name: String,
    pub email: String,
    /// RFC 3339.
    pub at: String,
}

/// A clone in which a change is made; removed when dropped.
pub struct WorkingTree {
    directory: tempfile::TempDir,
    token: String,
}

impl WorkingTree {
    /// Clones one branch to depth 1; `token` is the password for reading and pushing.
    pub async fn clone(
        remote: &Url,
        branch: &str,
        token: String,
        under: &Path,
    ) -> anyhow::Result<Self> {
        let directory = tempfile::tempdir_in(under)?;
        let tree = Self { directory, token };
        let clone = ["clone", "--quiet", "--depth=1", "--branch", branch];
        tree.run(&[&clone[..], &[remote.as_str(), "."]].concat())
            .await?;
        Ok(tree)
    }

    /// The working directory of the clone.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Commits all changes under `path` and pushes them to `branch`; returns the id of the commit. The
    /// push is refused when the branch has moved.
    pub async fn push(
        &self,
        path: &str,
        author: &CommitAuthor,
        message: &str,
        branch: &str,
    ) -> anyhow::Result<String> {
        self.run(&["add", "--", path]).await?;
        let commit = ["commit", "--quiet", "--no-verify", "-m", message];
        let mut commit = git(self.path(), &commit, None);
        for role in ["AUTHOR", "COMMITTER"] {
            commit
                .env(format!("GIT_{role}_NAME"), &author.name)
                .env(format!("GIT_{role}_EMAIL"), &author.email)
                .env(format!("GIT_{role}_DATE"), &author.at);
        }
        finish(commit).await?;
        let target = format!("HEAD:refs/heads/{branch}");
        self.run(&["push", "--quiet", "origin", &target]).await?;
        let commit = self.run(&["rev-parse", "HEAD"]).await?;
        Ok(String::from_utf8_lossy(&commit).trim().to_owned())
    }

    async fn run(&self, arguments: &[&str]) -> anyhow::Result<Vec<u8>> {
        finish(git(self.path(), arguments, Some(&self.token))).await
    }
}

/// A git command; the token travels in the environment, so that no process list shows it.
fn git(directory: &Path, arguments: &[&str], token: Option<&str>) -> Command {
    let mut command = Command::new("git");
    command
        .arg("-C")
        .arg(directory)
        .args(arguments)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("NO_PROXY", "127.0.0.1")
        .env("no_proxy", "127.0.0.1")
        .env_remove("GIT_DIR")
        .env_remove("GIT_INDEX_FILE")
        .env_remove("GIT_WORK_TREE")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    if let Some(token) = token {
        let credentials = STANDARD.encode(format!("x-access-token:{token}"));
        let header = format!("Authorization: Basic {credentials}");
        command
            .env("GIT_CONFIG_COUNT", "1")
            .env("GIT_CONFIG_KEY_0", "http.extraHeader")
            .env("GIT_CONFIG_VALUE_0", header);
    }
    command
}

async fn finish(mut command: Command) -> anyhow::Result<Vec<u8>> {
    let output = command.output().await.context("running git")?;
    if !output.status.success() {
        // After `-C` and the directory.
        let verb = command.as_std().get_args().nth(2).unwrap_or_default();
        let error = String::from_utf8_lossy(&output.stderr);
        bail!("git {}: {}", verb.display(), error.trim());
    }
    Ok(output.stdout)
}
