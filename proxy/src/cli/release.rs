//! `weft release`: the four edits of a release, shown, committed on a branch of their own, pushed, and
//! opened as a pull request.

use std::io::Write;
use std::path::PathBuf;

use anstyle::{AnsiColor, Style};
use clap::Args;
use similar::{ChangeTag, TextDiff};
use workflow::forge::{Forge, NewPullRequest};
use workflow::release::{Edit, Plan, ReleaseRequest, plan};

use super::CommandError;
use super::checkout::Checkout;
use super::remote::RemoteRepository;

/// Starts a release: edits four files, pushes them on a branch, opens the pull request.
///
/// Proposes the next versions and the other colour. Needs GITHUB_TOKEN for the pull request.
#[derive(Debug, Args)]
pub(crate) struct Release {
    /// The colour that the release shows itself in, as #rrggbb.
    #[arg(long, value_name = "COLOR")]
    color: Option<String>,
    /// The container's version.
    #[arg(long, value_name = "VERSION")]
    version: Option<String>,
    /// The chart's version.
    #[arg(long, value_name = "VERSION")]
    chart_version: Option<String>,
    /// Show what would change and end there.
    #[arg(long)]
    dry_run: bool,
    /// A folder in the clone.
    #[arg(long, value_name = "DIR", default_value = ".")]
    directory: PathBuf,
    /// The remote that is pushed to.
    #[arg(long, value_name = "NAME", default_value = "origin")]
    remote: String,
    /// The branch that the release starts from and goes into; the remote's default branch unless said.
    #[arg(long, value_name = "BRANCH")]
    branch: Option<String>,
}

impl Release {
    pub(crate) async fn run(self) -> Result<(), CommandError> {
        let checkout = Checkout::find(&self.directory)?;
        let base = self
            .branch
            .unwrap_or_else(|| checkout.default_branch(&self.remote));
        refuse_unready(&checkout, &base)?;
        let request = ReleaseRequest {
            colour: self.color,
            version: self.version,
            chart_version: self.chart_version,
        };
        let plan = plan(|path| checkout.file("HEAD", path), &request)?;
        let branch = plan.branch();
        if checkout.commit(&format!("refs/heads/{branch}")).is_some() {
            return Err(exists(&plan));
        }
        let mut out = anstream::stdout();
        show(&mut out, &plan)?;
        if self.dry_run {
            writeln!(
                out,
                "Nothing was changed. Without --dry-run this is pushed as {branch} and opened as a pull request."
            )?;
            return Ok(());
        }
        // Everything that can fail on invalid input comes before the first write.
        let remote = RemoteRepository::of_remote(&checkout.remote(&self.remote)?)?;
        if checkout.remote_has(&self.remote, &branch)? {
            return Err(exists(&plan));
        }
        let parent = checkout
            .commit("HEAD")
            .ok_or_else(|| CommandError::refused("the clone has no commit yet"))?;
        let commit = checkout.write(&parent, &plan)?;
        checkout.push(&self.remote, &commit, &branch)?;
        writeln!(out, "Pushed {branch}.")?;
        let forge = remote.forge(&base);
        let new = NewPullRequest {
            branch: branch.clone(),
            title: plan.title(),
            body: plan.body(),
        };
        let pull = forge.open(new).await.map_err(|error| {
            CommandError::GitHub(format!(
                "{branch} is pushed, but its pull request could not be opened: {error}. Open it at {}/compare/{branch}",
                forge.page()
            ))
        })?;
        writeln!(
            out,
            "Opened #{}: {}\n\n\
             What happens next: the checks run; somebody approves and merges; the container {} and the chart {} \
             are released once; dev-test follows by itself; each further environment waits for its promotion.",
            pull.number, pull.url, plan.version, plan.chart_version
        )?;
        Ok(())
    }
}

fn refuse_unready(checkout: &Checkout, base: &str) -> Result<(), CommandError> {
    let changes = checkout.changes()?;
    if let Some(first) = changes.lines().next() {
        let more = changes.lines().count() - 1;
        let more = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        return Err(CommandError::refused(format!(
            "the clone has changes that are not committed ({}{more}); commit them or put them aside with `git stash`",
            first.trim()
        )));
    }
    match checkout.branch() {
        Some(branch) if branch == base => Ok(()),
        Some(branch) => Err(CommandError::refused(format!(
            "{branch} is checked out, and a release starts from {base}; `git switch {base}` first"
        ))),
        None => Err(CommandError::refused(format!(
            "no branch is checked out, and a release starts from {base}; `git switch {base}` first"
        ))),
    }
}

fn exists(plan: &Plan) -> CommandError {
    CommandError::refused(format!(
        "the branch {} exists already: finish that release, or take --chart-version {}",
        plan.branch(),
        plan.chart_version.next_patch()
    ))
}

fn show(out: &mut impl Write, plan: &Plan) -> std::io::Result<()> {
    let bold = Style::new().bold();
    writeln!(
        out,
        "{bold}{}{bold:#}: chart {} → {}, container {} → {}, colour {} → {}\n",
        plan.title(),
        plan.was.chart_version,
        plan.chart_version,
        plan.was.version,
        plan.version,
        plan.was.colour,
        plan.colour
    )?;
    plan.edits.iter().try_for_each(|edit| show_edit(out, edit))
}

fn show_edit(out: &mut impl Write, edit: &Edit) -> std::io::Result<()> {
    let bold = Style::new().bold();
    writeln!(out, "{bold}{}{bold:#}  {}", edit.path, edit.why)?;
    let diff = TextDiff::from_lines(&edit.before, &edit.after);
    for change in diff.iter_all_changes() {
        let (sign, colour) = match change.tag() {
            ChangeTag::Delete => ('-', AnsiColor::Red),
            ChangeTag::Insert => ('+', AnsiColor::Green),
            ChangeTag::Equal => continue,
        };
        let style = colour.on_default();
        writeln!(
            out,
            "{style}  {sign} {}{style:#}",
            change.value().trim_end()
        )?;
    }
    writeln!(out)
}
