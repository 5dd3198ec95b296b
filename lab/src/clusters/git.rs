//! Git as source-controller and image-automation-controller use it: looking at a branch, fetching
//! one commit, and pushing a change, with the ordinary `git` command.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::process::Command;
use url::Url;

/// The files of one commit, and what it says of itself.
#[derive(Debug)]
pub struct Snapshot {
    /// The first line of the commit's message.
    pub subject: String,
    /// When it was committed, RFC 3339.
    pub committed: String,
    /// Contents by path.
    pub files: BTreeMap<String, Vec<u8>>,
    /// SHA-256 of the archive, hexadecimal.
    pub digest: String,
    /// Size of the archive in bytes.
    pub size: usize,
}

/// A bare repository that holds what was fetched.
#[derive(Clone, Debug)]
pub struct Mirror {
    directory: PathBuf,
}

impl Mirror {
    /// Opens the mirror in `directory`, making it when it is not there.
    ///
    /// # Errors
    /// When git cannot make it.
    pub async fn open(directory: PathBuf) -> anyhow::Result<Self> {
        if !directory.join("HEAD").exists() {
            tokio::fs::create_dir_all(&directory).await?;
            run(&directory, &["init", "--quiet", "--bare"], None).await?;
        }
        Ok(Self { directory })
    }

    /// The commit at the tip of a branch, by `git ls-remote`.
    ///
    /// # Errors
    /// When the remote does not answer or has no such branch.
    pub async fn tip(&self, remote: &Url, branch: &str) -> anyhow::Result<String> {
        let wanted = format!("refs/heads/{branch}");
        let listed = run(
            &self.directory,
            &["ls-remote", remote.as_str(), &wanted],
            None,
        )
        .await?;
        let listed = String::from_utf8_lossy(&listed);
        match listed.split_whitespace().next() {
            Some(commit) => Ok(commit.to_owned()),
            None => bail!("couldn't find remote ref \"{wanted}\""),
        }
    }

    /// Fetches a branch to depth 1 and reads its tip, which has to be `commit`.
    ///
    /// # Errors
    /// When the remote does not answer, or its branch has moved on since.
    pub async fn fetch(
        &self,
        remote: &Url,
        branch: &str,
        commit: &str,
    ) -> anyhow::Result<Snapshot> {
        let refspec = format!("+refs/heads/{branch}:refs/heads/{branch}");
        let fetch = [
            "fetch",
            "--quiet",
            "--no-tags",
            "--depth=1",
            remote.as_str(),
            &refspec,
        ];
        run(&self.directory, &fetch, None).await?;
        let described = run(
            &self.directory,
            &["show", "--no-patch", "--format=%cI%n%s", commit],
            None,
        )
        .await?;
        let described = String::from_utf8_lossy(&described);
        let (committed, subject) = described.split_once('\n').unwrap_or_default();
        let archive = run(&self.directory, &["archive", "--format=tar", commit], None).await?;
        Ok(Snapshot {
            subject: subject.trim().to_owned(),
            committed: committed.to_owned(),
            files: files(&archive)?,
            digest: super::sha256(&archive),
            size: archive.len(),
        })
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

/// Who makes a commit.
#[derive(Clone, Debug)]
pub struct Author {
    /// The display name.
    pub name: String,
    /// The mail address.
    pub email: String,
    /// When the commit is made, RFC 3339.
    pub at: String,
}

/// A clone in which a change is made; removed when dropped.
pub struct Clone {
    directory: tempfile::TempDir,
    token: Option<String>,
}

impl Clone {
    /// Clones one branch to depth 1; `token` is the password for reading and pushing.
    ///
    /// # Errors
    /// When the remote does not answer.
    pub async fn of(
        remote: &Url,
        branch: &str,
        token: Option<String>,
        under: &Path,
    ) -> anyhow::Result<Self> {
        let directory = tempfile::tempdir_in(under)?;
        let clone = [
            "clone",
            "--quiet",
            "--depth=1",
            "--branch",
            branch,
            remote.as_str(),
            ".",
        ];
        run(directory.path(), &clone, token.as_deref()).await?;
        Ok(Self { directory, token })
    }

    /// Where the working tree is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Commits all changes under `path` and pushes them to `branch`; the new commit's id.
    ///
    /// # Errors
    /// When there is nothing to commit, or the push is refused, as when the branch has moved.
    pub async fn push(
        &self,
        path: &str,
        author: &Author,
        message: &str,
        branch: &str,
    ) -> anyhow::Result<String> {
        let directory = self.directory.path();
        run(directory, &["add", "--", path], None).await?;
        let mut commit = git(
            directory,
            &["commit", "--quiet", "--no-verify", "-m", message],
            None,
        );
        for role in ["AUTHOR", "COMMITTER"] {
            commit
                .env(format!("GIT_{role}_NAME"), &author.name)
                .env(format!("GIT_{role}_EMAIL"), &author.email)
                .env(format!("GIT_{role}_DATE"), &author.at);
        }
        finish(commit, "commit").await?;
        let target = format!("HEAD:refs/heads/{branch}");
        run(
            directory,
            &["push", "--quiet", "origin", &target],
            self.token.as_deref(),
        )
        .await?;
        let commit = run(directory, &["rev-parse", "HEAD"], None).await?;
        Ok(String::from_utf8_lossy(&commit).trim().to_owned())
    }
}

async fn run(directory: &Path, arguments: &[&str], token: Option<&str>) -> anyhow::Result<Vec<u8>> {
    let verb = arguments.first().copied().unwrap_or_default();
    finish(git(directory, arguments, token), verb).await
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
        command
            .env("GIT_CONFIG_COUNT", "1")
            .env("GIT_CONFIG_KEY_0", "http.extraHeader")
            .env(
                "GIT_CONFIG_VALUE_0",
                format!("Authorization: Basic {credentials}"),
            );
    }
    command
}

async fn finish(mut command: Command, verb: &str) -> anyhow::Result<Vec<u8>> {
    let output = command.output().await.context("running git")?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("git {verb}: {}", said.trim());
    }
    Ok(output.stdout)
}
