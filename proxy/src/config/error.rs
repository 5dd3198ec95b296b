//! What is wrong with a configuration: one sentence, with the file and the line.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_saphyr::{Location, Spanned};

/// A configuration that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{}: {sentence}", .file.display(), line.map(|line| format!(":{line}")).unwrap_or_default())]
pub struct ConfigError {
    pub file: PathBuf,
    /// The line, where it is known.
    pub line: Option<u64>,
    /// What is wrong there.
    pub sentence: String,
}

impl ConfigError {
    pub(super) fn at(file: &Path, place: Location, sentence: impl Into<String>) -> Self {
        Self {
            file: file.to_owned(),
            line: (place != Location::UNKNOWN).then(|| place.line()),
            sentence: sentence.into(),
        }
    }

    pub(super) fn of_yaml(file: &Path, error: &serde_saphyr::Error) -> Self {
        // The long form quotes the file over several lines, secrets included: keep the first line. It
        // ends with the place, which this error names by itself.
        let whole = error.without_snippet().to_string();
        let first = whole.lines().next().unwrap_or("it is not valid YAML");
        let sentence = first
            .rsplit_once(" at line ")
            .map_or(first, |(sentence, _)| sentence);
        let place = error.location().unwrap_or(Location::UNKNOWN);
        Self::at(file, place, sentence)
    }
}

/// Returns the first name that was there before.
pub(super) fn repeated<'a>(
    names: impl IntoIterator<Item = &'a Spanned<String>>,
) -> Option<&'a Spanned<String>> {
    let mut known = BTreeSet::new();
    let mut names = names.into_iter();
    names.find(|name| !known.insert(&name.value))
}
