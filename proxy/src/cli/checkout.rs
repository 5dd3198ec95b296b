//! A clone of the promotion repository, read and written with the program `git`. A release is written as
//! an unreachable commit and then pushed, so that a failure leaves the clone unchanged.

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use workflow::release::Plan;

use super::CommandError;

pub(super) struct Checkout {
    root: PathBuf,
}

impl Checkout {
    /// Returns the clone that contains a directory.
    pub(super) fn find(directory: &Path) -> Result<Self, CommandError> {
        let mut here = Self {
            root: directory.to_owned(),
        };
        let root = here.git(["rev-parse", "--show-toplevel"]).map_err(|_| {
            CommandError::refused(format!(
                "{} is in no git repository; go into a clone of the promotion repository",
                directory.display()
            ))
        })?;
        here.root = PathBuf::from(root);
        Ok(here)
    }

    pub(super) fn file(&self, revision: &str, path: &str) -> Option<String> {
        let blob = format!("{revision}:{path}");
        let output = run(self.command(["cat-file", "blob", &blob]), &[]).ok()?;
        output.status.success().then_some(())?;
        String::from_utf8(output.stdout).ok()
    }

    pub(super) fn commit(&self, revision: &str) -> Option<String> {
        let name = format!("{revision}^{{commit}}");
        self.git([
            "rev-parse",
            "--verify",
            "--quiet",
            "--end-of-options",
            &name,
        ])
        .ok()
    }

    pub(super) fn branch(&self) -> Option<String> {
        self.git(["symbolic-ref", "--quiet", "--short", "HEAD"])
            .ok()
    }

    /// Returns the uncommitted changes, one line for each file.
    pub(super) fn changes(&self) -> Result<String, CommandError> {
        self.git(["status", "--porcelain", "--untracked-files=no"])
    }

    pub(super) fn remote(&self, name: &str) -> Result<String, CommandError> {
        self.git(["remote", "get-url", "--", name])
    }

    /// Returns the default branch of a remote as git noted it when it cloned, else `main`.
    pub(super) fn default_branch(&self, remote: &str) -> String {
        let head = format!("refs/remotes/{remote}/HEAD");
        let found = self.git(["symbolic-ref", "--quiet", &head]).ok();
        let prefix = format!("refs/remotes/{remote}/");
        let branch = found.as_deref().and_then(|name| name.strip_prefix(&prefix));
        branch.unwrap_or("main").to_owned()
    }

    pub(super) fn remote_has(&self, remote: &str, branch: &str) -> Result<bool, CommandError> {
        let name = format!("refs/heads/{branch}");
        let found = self.git(["ls-remote", "--heads", "--", remote, &name])?;
        Ok(!found.is_empty())
    }

    /// Writes the release as a commit on top of `parent` and returns it. No branch, index or file of the clone
    /// changes.
    pub(super) fn write(&self, parent: &str, plan: &Plan) -> Result<String, CommandError> {
        let folder = tempfile::tempdir()?;
        let index = folder.path().join("index");
        let with_index = |arguments: &[&str]| {
            let mut command = self.command(arguments);
            command.env("GIT_INDEX_FILE", &index);
            text(command, &[])
        };
        with_index(&["read-tree", parent])?;
        for edit in &plan.edits {
            let entry = with_index(&["ls-files", "--stage", "--", edit.path])?;
            let mode = entry.split(' ').next().unwrap_or("100644").to_owned();
            let blob = text(
                self.command(["hash-object", "-w", "--stdin", "--no-filters"]),
                edit.after.as_bytes(),
            )?;
            let place = format!("{mode},{blob},{}", edit.path);
            with_index(&["update-index", "--cacheinfo", &place])?;
        }
        let tree = with_index(&["write-tree"])?;
        let title = plan.title();
        self.git(["commit-tree", &tree, "-p", parent, "-m", &title])
    }

    /// Pushes a commit as a new branch.
    pub(super) fn push(
        &self,
        remote: &str,
        commit: &str,
        branch: &str,
    ) -> Result<(), CommandError> {
        // An empty lease: the branch must not be there yet.
        let lease = format!("--force-with-lease=refs/heads/{branch}:");
        let refspec = format!("{commit}:refs/heads/{branch}");
        self.git(["push", "--quiet", &lease, "--", remote, &refspec])?;
        Ok(())
    }

    fn git<const N: usize>(&self, arguments: [&str; N]) -> Result<String, CommandError> {
        text(self.command(arguments), &[])
    }

    fn command<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new("git");
        command
            .arg("-C")
            .arg(&self.root)
            .args(arguments)
            // A prompt would wait for ever in a workflow.
            .env("GIT_TERMINAL_PROMPT", "0");
        command
    }
}

fn run(mut command: Command, input: &[u8]) -> Result<Output, CommandError> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| CommandError::refused(format!("git cannot be started: {error}")))?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input)?;
    }
    Ok(child.wait_with_output()?)
}

fn text(command: Command, input: &[u8]) -> Result<String, CommandError> {
    let what = command.get_args().nth(2).unwrap_or_default();
    let what = what.to_string_lossy().into_owned();
    let output = run(command, input)?;
    if !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr);
        let complaint = complaint.trim().lines().next_back().unwrap_or("no reason");
        return Err(CommandError::refused(format!(
            "git {what} failed: {}",
            without_password(complaint)
        )));
    }
    Ok(String::from_utf8_lossy(&output.stdout)
        .trim_end()
        .to_owned())
}

/// Removes credentials: git quotes the remote's address in its errors.
fn without_password(complaint: &str) -> String {
    let without = |word: &str| match (word.split_once("://"), word.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://{host}"),
        _ => word.to_owned(),
    };
    let words: Vec<String> = complaint.split(' ').map(without).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_complaint_of_git_gives_no_password_away() {
        assert_eq!(
            without_password("fatal: unable to access 'https://sam:secret@github.com/o/r/': 403"),
            "fatal: unable to access 'https://github.com/o/r/': 403"
        );
    }
}
