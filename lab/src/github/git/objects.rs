//! Reading objects: commits, trees and blobs through one long-lived `git cat-file --batch`, so that
//! a read costs no process.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use anyhow::{Context, bail, ensure};
use parking_lot::Mutex;
use time::OffsetDateTime;

use super::process;

/// One object as it is stored.
pub(crate) struct Object {
    pub(crate) oid: String,
    pub(crate) kind: String,
    pub(crate) data: Vec<u8>,
}

/// The author or committer of a commit, with the time.
#[derive(Clone, Debug)]
pub(crate) struct Signature {
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) at: OffsetDateTime,
}

/// A commit as `git cat-file` prints it.
#[derive(Clone, Debug)]
pub(crate) struct Commit {
    pub(crate) oid: String,
    pub(crate) tree: String,
    pub(crate) parents: Vec<String>,
    pub(crate) author: Signature,
    pub(crate) committer: Signature,
    pub(crate) message: String,
}

impl Commit {
    /// The message's first line.
    pub(crate) fn headline(&self) -> &str {
        self.message.lines().next().unwrap_or_default()
    }
}

/// One entry of a tree.
#[derive(Clone, Debug)]
pub(crate) struct TreeEntry {
    pub(crate) mode: u32,
    pub(crate) name: String,
    pub(crate) oid: String,
}

impl TreeEntry {
    pub(crate) fn is_tree(&self) -> bool {
        self.mode == 0o040_000
    }
}

/// The reader of one repository's objects; it starts its process at the first read.
pub(crate) struct Objects {
    dir: PathBuf,
    batch: Mutex<Option<Batch>>,
}

struct Batch {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Objects {
    pub(crate) fn new(dir: &Path) -> Self {
        Self {
            dir: dir.to_owned(),
            batch: Mutex::new(None),
        }
    }

    /// The object that `name` (an oid, `oid:path`, …) stands for, or `None` when there is none.
    pub(crate) fn read(&self, name: &str) -> anyhow::Result<Option<Object>> {
        if name.contains('\n') {
            return Ok(None);
        }
        let mut batch = self.batch.lock();
        if batch.is_none() {
            *batch = Some(Batch::start(&self.dir)?);
        }
        let Some(running) = batch.as_mut() else {
            bail!("git cat-file is not running");
        };
        let answer = running.read(name);
        if answer.is_err() {
            // The rest of a half-read answer goes with the process: the next read starts a new one.
            *batch = None;
        }
        answer
    }

    pub(crate) fn commit(&self, name: &str) -> anyhow::Result<Option<Commit>> {
        match self.read(&format!("{name}^{{commit}}"))? {
            Some(object) => Ok(Some(parse_commit(&object)?)),
            None => Ok(None),
        }
    }
}

impl Batch {
    fn start(dir: &Path) -> anyhow::Result<Self> {
        let mut child = process::git(dir)
            .args(["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("starting git cat-file")?;
        let input = child.stdin.take().context("cat-file has an input")?;
        let output = BufReader::new(child.stdout.take().context("cat-file has an output")?);
        Ok(Self {
            child,
            input,
            output,
        })
    }

    fn read(&mut self, name: &str) -> anyhow::Result<Option<Object>> {
        writeln!(self.input, "{name}").context("asking git cat-file")?;
        let mut header = String::new();
        self.output
            .read_line(&mut header)
            .context("reading from git cat-file")?;
        let header = header.trim_end();
        ensure!(!header.is_empty(), "git cat-file went away");
        if header.ends_with(" missing") || header.ends_with(" ambiguous") {
            return Ok(None);
        }
        let mut words = header.split(' ');
        let (Some(oid), Some(kind), Some(size)) = (words.next(), words.next(), words.next()) else {
            bail!("git cat-file answered {header:?}");
        };
        let mut data = vec![0; size.parse().context("the size of an object")?];
        self.output.read_exact(&mut data)?;
        self.output.read_exact(&mut [0])?;
        Ok(Some(Object {
            oid: oid.to_owned(),
            kind: kind.to_owned(),
            data,
        }))
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        if let Err(error) = self.child.kill().and_then(|()| self.child.wait()) {
            tracing::debug!(%error, "git cat-file had already gone");
        }
    }
}

fn parse_commit(object: &Object) -> anyhow::Result<Commit> {
    let text = String::from_utf8_lossy(&object.data);
    let (head, message) = text.split_once("\n\n").unwrap_or((&text, ""));
    let field = |name: &str| {
        head.lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))
            .with_context(|| format!("commit {} has no {name}", object.oid))
    };
    Ok(Commit {
        oid: object.oid.clone(),
        tree: field("tree")?.to_owned(),
        parents: head
            .lines()
            .filter_map(|line| line.strip_prefix("parent "))
            .map(str::to_owned)
            .collect(),
        author: parse_signature(field("author")?)?,
        committer: parse_signature(field("committer")?)?,
        message: message.trim_end().to_owned(),
    })
}

fn parse_signature(line: &str) -> anyhow::Result<Signature> {
    let parts = line.split_once(" <").and_then(|(name, rest)| {
        let (email, time) = rest.split_once("> ")?;
        Some((name, email, time.split(' ').next()?))
    });
    let (name, email, seconds) = parts.with_context(|| format!("the signature {line:?}"))?;
    Ok(Signature {
        name: name.to_owned(),
        email: email.to_owned(),
        at: OffsetDateTime::from_unix_timestamp(seconds.parse()?)?,
    })
}

/// The entries of a tree object in git's order.
pub(crate) fn parse_tree(data: &[u8]) -> anyhow::Result<Vec<TreeEntry>> {
    let mut entries = Vec::new();
    let mut rest = data;
    while !rest.is_empty() {
        let end = rest
            .iter()
            .position(|byte| *byte == 0)
            .context("a tree entry has a name")?;
        let head = std::str::from_utf8(&rest[..end]).context("a tree entry's name")?;
        let (mode, name) = head.split_once(' ').context("a tree entry has a mode")?;
        let oid = rest
            .get(end + 1..end + 21)
            .context("a tree entry has an oid")?;
        entries.push(TreeEntry {
            mode: u32::from_str_radix(mode, 8)?,
            name: name.to_owned(),
            oid: hex::encode(oid),
        });
        rest = &rest[end + 21..];
    }
    Ok(entries)
}
