//! `weft verify`: the version checks of a pull request, over the commit that is checked out.

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use workflow::verify::{Severity, as_annotations, as_text, verify};

use super::CommandError;
use super::checkout::Checkout;

/// Checks that the versions of a release agree and increase.
#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// The commit that the change is compared with, such as `origin/main`; where it is not given, only
    /// what must agree is checked.
    #[arg(long, value_name = "REVISION")]
    base: Option<String>,
    /// How findings are written.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// A folder in the clone.
    #[arg(long, value_name = "DIR", default_value = ".")]
    directory: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Lines for people.
    Text,
    /// Annotations on the files of a pull request.
    Github,
}

impl Verify {
    /// Returns `Wrong` where the versions do not agree.
    pub(crate) fn run(&self) -> Result<(), CommandError> {
        let checkout = Checkout::find(&self.directory)?;
        let head = |path: &str| checkout.file("HEAD", path);
        let findings = match &self.base {
            Some(base) => {
                let commit = checkout.commit(base).ok_or_else(|| {
                    CommandError::refused(format!(
                        "{base:?} is no commit of this clone; fetch it first"
                    ))
                })?;
                verify(&head, Some(&|path: &str| checkout.file(&commit, path)))
            }
            None => verify(&head, None),
        };
        let text = match self.format {
            Format::Text => as_text(&findings),
            Format::Github => as_annotations(&findings),
        };
        let mut out = anstream::stdout();
        write!(out, "{text}")?;
        let wrong = findings
            .iter()
            .filter(|finding| finding.severity == Severity::Error)
            .count();
        match wrong {
            0 => writeln!(out, "weft: the versions agree").map_err(Into::into),
            1 => Err(CommandError::Wrong("1 thing must be put right".to_owned())),
            many => Err(CommandError::Wrong(format!(
                "{many} things must be put right"
            ))),
        }
    }
}
