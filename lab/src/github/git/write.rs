//! Writing commits without a work tree: one `git fast-import` per commit, which moves the branch
//! only from where it was expected to be.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, ensure};

use super::objects::Signature;
use super::process;

/// The content of a new commit.
pub(crate) enum Content {
    /// The first parent's tree with these files changed.
    Edits(Vec<Edit>),
    /// This tree as it is.
    Tree(String),
}

/// One file of a commit.
#[derive(Clone, Debug)]
pub(crate) struct Edit {
    pub(crate) path: String,
    /// The new contents, or `None` to delete the file.
    pub(crate) contents: Option<Vec<u8>>,
}

impl Edit {
    pub(crate) fn text(path: &str, contents: &str) -> Self {
        Self {
            path: path.to_owned(),
            contents: Some(contents.as_bytes().to_vec()),
        }
    }
}

/// A commit to be written.
pub(crate) struct NewCommit<'a> {
    /// The full name of the ref that shall point to it.
    pub(crate) reference: &'a str,
    /// Edits apply to the first.
    pub(crate) parents: &'a [String],
    pub(crate) content: Content,
    pub(crate) message: &'a str,
    pub(crate) author: Signature,
    pub(crate) committer: Signature,
    /// Whether the ref may move to a commit that does not contain its json one.
    pub(crate) force: bool,
}

/// Writes the commit, moves the ref to it and returns its oid.
pub(crate) fn commit(dir: &Path, new: &NewCommit<'_>) -> anyhow::Result<String> {
    let mut stream = Vec::new();
    let mut head = String::new();
    writeln!(head, "commit {}\nmark :1", new.reference)?;
    writeln!(head, "author {}", signature(&new.author))?;
    writeln!(head, "committer {}", signature(&new.committer))?;
    writeln!(head, "data {}\n{}", new.message.len(), new.message)?;
    for (index, parent) in new.parents.iter().enumerate() {
        writeln!(
            head,
            "{} {parent}",
            if index == 0 { "from" } else { "merge" }
        )?;
    }
    stream.extend_from_slice(head.as_bytes());
    match &new.content {
        Content::Tree(tree) => {
            stream.extend_from_slice(format!("M 040000 {tree} \"\"\n").as_bytes());
        }
        Content::Edits(edits) => {
            for edit in edits {
                write_edit(&mut stream, edit)?;
            }
        }
    }
    stream.extend_from_slice(b"\nget-mark :1\ndone\n");
    let mut command = process::git(dir);
    command.args(["fast-import", "--quiet", "--done"]);
    if new.force {
        command.arg("--force");
    }
    let answer = process::run(&mut command, &stream)?;
    let oid = String::from_utf8(answer).context("the oid of the new commit")?;
    Ok(oid.trim().to_owned())
}

/// Appends one file change in the language of `git fast-import`.
pub(crate) fn write_edit(stream: &mut Vec<u8>, edit: &Edit) -> anyhow::Result<()> {
    let plain = !edit.path.is_empty()
        && !edit.path.starts_with(['/', '"'])
        && !edit.path.contains(['\n', '\0'])
        && edit
            .path
            .split('/')
            .all(|part| !matches!(part, "" | "." | ".." | ".git"));
    ensure!(plain, "{:?} cannot be the path of a file", edit.path);
    match &edit.contents {
        Some(contents) => {
            stream.extend_from_slice(
                format!("M 100644 inline {}\ndata {}\n", edit.path, contents.len()).as_bytes(),
            );
            stream.extend_from_slice(contents);
            stream.push(b'\n');
        }
        None => stream.extend_from_slice(format!("D {}\n", edit.path).as_bytes()),
    }
    Ok(())
}

/// A signature as git writes it: `Name <email> seconds +0000`.
pub(crate) fn signature(by: &Signature) -> String {
    format!(
        "{} <{}> {} +0000",
        by.name.replace(['<', '>', '\n'], ""),
        by.email.replace(['<', '>', '\n'], ""),
        by.at.unix_timestamp()
    )
}
