//! What is wrong with a configuration: one sentence, with the file and the line.

use std::path::{Path, PathBuf};

use serde_saphyr::Location;

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
    pub(super) fn at(file: &Path, line: Option<u64>, sentence: impl Into<String>) -> Self {
        Self {
            file: file.to_owned(),
            line,
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
        Self::at(file, error.location().and_then(line), sentence)
    }
}

/// The line of a place in the file, where it has one.
pub(super) fn line(location: Location) -> Option<u64> {
    (location != Location::UNKNOWN).then(|| location.line())
}
