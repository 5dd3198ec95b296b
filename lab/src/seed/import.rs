//! Many back-dated commits through one `git fast-import`, which answers each with its oid.

use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use anyhow::{Context, ensure};
use time::OffsetDateTime;

use crate::github::accounts::Account;
use crate::github::git::{Edit, Signature, process, write};

/// A commit that was imported.
#[derive(Clone, Debug)]
pub(super) struct Imported {
    mark: u64,
    pub(super) oid: String,
}

/// A running import.
pub(super) struct Import {
    child: Child,
    input: BufWriter<ChildStdin>,
    output: BufReader<ChildStdout>,
    marks: u64,
}

impl Import {
    pub(super) fn start(dir: &Path) -> anyhow::Result<Self> {
        let mut child = process::git(dir)
            .args(["fast-import", "--quiet", "--done"])
            .stdin(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("starting git fast-import")?;
        let input = child.stdin.take().context("fast-import has an input")?;
        let output = child.stdout.take().context("fast-import has an output")?;
        Ok(Self {
            child,
            input: BufWriter::new(input),
            output: BufReader::new(output),
            marks: 0,
        })
    }

    /// Writes one commit onto a branch.
    pub(super) fn commit(
        &mut self,
        branch: &str,
        parents: &[&Imported],
        edits: &[Edit],
        message: &str,
        by: &Account,
        at: OffsetDateTime,
    ) -> anyhow::Result<Imported> {
        self.marks += 1;
        let mark = self.marks;
        let signature = write::signature(&Signature {
            name: by.name.to_owned(),
            email: by.email(),
            at,
        });
        let mut stream = format!(
            "commit refs/heads/{branch}\nmark :{mark}\nauthor {signature}\ncommitter {signature}\n\
             data {}\n{message}\n",
            message.len()
        )
        .into_bytes();
        for (index, parent) in parents.iter().enumerate() {
            let word = if index == 0 { "from" } else { "merge" };
            stream.extend_from_slice(format!("{word} :{}\n", parent.mark).as_bytes());
        }
        for edit in edits {
            write::write_edit(&mut stream, edit)?;
        }
        stream.extend_from_slice(format!("\nget-mark :{mark}\n").as_bytes());
        self.input.write_all(&stream)?;
        self.input.flush()?;
        let mut oid = String::new();
        self.output.read_line(&mut oid)?;
        let oid = oid.trim().to_owned();
        ensure!(oid.len() == 40, "git fast-import stopped at {message:?}");
        Ok(Imported { mark, oid })
    }

    /// Deletes a branch.
    pub(super) fn delete(&mut self, branch: &str) -> anyhow::Result<()> {
        let zero = crate::github::git::ZERO;
        write!(self.input, "reset refs/heads/{branch}\nfrom {zero}\n\n")?;
        Ok(())
    }

    /// Ends the import and moves the branches.
    pub(super) fn finish(mut self) -> anyhow::Result<()> {
        self.input.write_all(b"done\n")?;
        self.input.flush()?;
        drop(self.input);
        let status = self.child.wait()?;
        ensure!(status.success(), "git fast-import ended with {status}");
        Ok(())
    }
}
