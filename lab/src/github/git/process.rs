//! Running the `git` command: a clean environment, input and output as bytes, and errors that say
//! what git said.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use anyhow::{Context, bail};

/// A `git` command in `dir` that sees no configuration but the repository's own.
pub(crate) fn git(dir: &Path) -> Command {
    let mut command = Command::new("git");
    command
        .current_dir(dir)
        .env_remove("GIT_DIR")
        .env_remove("GIT_INDEX_FILE")
        .env_remove("GIT_WORK_TREE")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("LC_ALL", "C")
        .env("TZ", "UTC")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Runs the command with `input` on its standard input and returns how it ended, whatever that is.
pub(crate) fn output(command: &mut Command, input: &[u8]) -> anyhow::Result<Output> {
    let mut child = command
        .stdin(Stdio::piped())
        .spawn()
        .context("starting git, which must be installed")?;
    let mut stdin = child.stdin.take().context("git has a standard input")?;
    std::thread::scope(|scope| {
        let writer = scope.spawn(move || match stdin.write_all(input) {
            // A command that has heard enough closes its input; its exit status tells the rest.
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error),
            _ => Ok(()),
        });
        let output = child.wait_with_output().context("waiting for git")?;
        writer
            .join()
            .map_err(|_| anyhow::anyhow!("the writer to git panicked"))?
            .context("writing to git")?;
        Ok(output)
    })
}

/// Runs the command and returns its standard output.
///
/// # Errors
/// When it cannot be started or exits with anything but 0; the error holds its standard error.
pub(crate) fn run(command: &mut Command, input: &[u8]) -> anyhow::Result<Vec<u8>> {
    let output = output(command, input)?;
    if !output.status.success() {
        let words: Vec<_> = command
            .get_args()
            .map(|word| word.to_string_lossy())
            .collect();
        bail!(
            "git {} ended with {}: {}",
            words.join(" "),
            output.status,
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(output.stdout)
}

/// Runs the command without input and returns its standard output as text.
pub(crate) fn text(command: &mut Command) -> anyhow::Result<String> {
    String::from_utf8(run(command, &[])?).context("git answered in something else than UTF-8")
}
