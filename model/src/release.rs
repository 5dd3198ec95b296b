//! Chart version, app version and commit, and the release made of them.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Colour;

/// The version of a chart, which is the identity of a release: strict semver without build metadata.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = String))]
#[serde(try_from = "String", into = "String")]
pub struct ChartVersion(semver::Version);

/// The error for a text that is no chart version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' is not a chart version: {why}")]
pub struct NotAChartVersion {
    text: String,
    why: String,
}

impl ChartVersion {
    /// Parses strict semver such as `1.1.7`.
    ///
    /// # Errors
    /// When the text is not semver, begins with `v`, or carries build metadata (`+…`).
    pub fn parse(text: &str) -> Result<Self, NotAChartVersion> {
        let wrong = |why: String| NotAChartVersion {
            text: text.chars().take(60).collect(),
            why,
        };
        let version = semver::Version::parse(text).map_err(|error| wrong(error.to_string()))?;
        if !version.build.is_empty() {
            return Err(wrong("it carries build metadata (+…)".into()));
        }
        Ok(Self(version))
    }

    /// Parses a revision as Flux reports it: a HelmRelease has `1.2.3+1234567890ab` of a chart in a
    /// registry, an OCIRepository `1.2.3@sha256:…`, and a tag has `_` where the version has `+`.
    ///
    /// # Errors
    /// As [`ChartVersion::parse`], for the text before such a suffix.
    pub fn from_revision(revision: &str) -> Result<Self, NotAChartVersion> {
        let version = revision.split(['+', '@', '_']).next();
        Self::parse(version.unwrap_or(revision))
    }

    /// Returns the version with the patch number raised by one and without a pre-release.
    #[must_use]
    pub fn next_patch(&self) -> Self {
        Self(semver::Version::new(
            self.0.major,
            self.0.minor,
            self.0.patch + 1,
        ))
    }
}

impl fmt::Display for ChartVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl TryFrom<String> for ChartVersion {
    type Error = NotAChartVersion;
    fn try_from(text: String) -> Result<Self, NotAChartVersion> {
        Self::parse(&text)
    }
}

impl From<ChartVersion> for String {
    fn from(version: ChartVersion) -> Self {
        version.to_string()
    }
}

/// The version that the application reports, in its own spelling.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct AppVersion(pub String);

impl AppVersion {
    /// Whether two spellings name the same version: a leading `v` and a build suffix do not count.
    #[must_use]
    pub fn agrees_with(&self, other: &Self) -> bool {
        fn bare(version: &AppVersion) -> &str {
            let text = version.0.trim();
            let text = text.strip_prefix('v').unwrap_or(text);
            text.split('+').next().unwrap_or(text)
        }
        bare(self) == bare(other)
    }
}

impl fmt::Display for AppVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A git commit's object id, lower-case hex.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct CommitId(String);

impl CommitId {
    /// Creates an id, in lower case.
    #[must_use]
    pub fn new(id: &str) -> Self {
        Self(id.trim().to_ascii_lowercase())
    }

    /// Parses a revision of Flux such as `main@sha1:0123…`.
    #[must_use]
    pub fn from_revision(revision: &str) -> Option<Self> {
        let id = revision.rsplit(':').next()?;
        (id.len() >= 40 && id.bytes().all(|b| b.is_ascii_hexdigit())).then(|| Self::new(id))
    }

    /// Returns the full id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the first seven characters.
    #[must_use]
    pub fn short(&self) -> &str {
        self.0.get(..7).unwrap_or(&self.0)
    }
}

impl fmt::Display for CommitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A release, as far as the sources report it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Release {
    /// `None` for a branch build in dev.
    pub chart: Option<ChartVersion>,
    /// The version that the app answers.
    pub app: Option<AppVersion>,
    /// The image tag of a branch build.
    pub image_tag: Option<String>,
    /// The colour that the app answers.
    pub colour: Option<Colour>,
}

impl Release {
    /// Returns the chart version, else the branch of a build, else the app version.
    #[must_use]
    pub fn label(&self) -> String {
        if let Some(chart) = &self.chart {
            return chart.to_string();
        }
        if let Some(tag) = &self.image_tag {
            return branch_of(tag).unwrap_or(tag).to_owned();
        }
        self.app
            .as_ref()
            .map_or_else(|| "–".to_owned(), ToString::to_string)
    }
}

/// Returns the branch in an image tag `<branch>-<sha7>-<unix time>`.
#[must_use]
pub fn branch_of(tag: &str) -> Option<&str> {
    split_tag(tag).map(|(branch, _)| branch)
}

/// Returns the abbreviated commit in an image tag `<branch>-<sha7>-<unix time>`.
#[must_use]
pub fn commit_of(tag: &str) -> Option<&str> {
    split_tag(tag).map(|(_, commit)| commit)
}

fn split_tag(tag: &str) -> Option<(&str, &str)> {
    let (rest, time) = tag.rsplit_once('-')?;
    let (branch, commit) = rest.rsplit_once('-')?;
    let hex = commit.len() == 7 && commit.bytes().all(|b| b.is_ascii_hexdigit());
    (hex && !branch.is_empty() && time.bytes().all(|b| b.is_ascii_digit()))
        .then_some((branch, commit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_strict_semver_names_a_release() {
        assert!(ChartVersion::parse("1.1.7").is_ok());
        for text in ["v1.1.7", "1.1", "01.1.7", "1.1.7+abc", "", "latest"] {
            assert!(ChartVersion::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_oci_revision_loses_its_digest() {
        for revision in [
            "6.6.1+0cc9a8446c95",
            "6.6.1@sha256:0cc9a8446c95009ef382f5eade883a67c257f77d50f84e78ecef2aac9428d1e5",
            "6.6.1_build.7@sha256:0cc9a8446c95",
        ] {
            let version = ChartVersion::from_revision(revision).unwrap();
            assert_eq!(version.to_string(), "6.6.1");
        }
        assert!(ChartVersion::from_revision("sha256:0cc9a8446c95").is_err());
    }

    #[test]
    fn versions_order_as_semver_and_not_as_text() {
        assert!(ChartVersion::parse("1.1.10").unwrap() > ChartVersion::parse("1.1.9").unwrap());
    }

    #[test]
    fn a_branch_build_is_called_by_its_branch() {
        assert_eq!(branch_of("fix-ui-a1b9c3e-1790000000"), Some("fix-ui"));
        assert_eq!(commit_of("fix-ui-a1b9c3e-1790000000"), Some("a1b9c3e"));
        assert_eq!(branch_of("5.1.8"), None);
    }

    #[test]
    fn a_leading_v_does_not_make_another_app_version() {
        assert!(AppVersion("v5.1.8".into()).agrees_with(&AppVersion("5.1.8".into())));
        assert!(!AppVersion("5.1.8".into()).agrees_with(&AppVersion("5.1.7".into())));
    }

    #[test]
    fn a_flux_revision_names_its_commit() {
        let id = "00ee7f80e0a1924d90c4e7258e8ad00d2647b878";
        assert_eq!(
            CommitId::from_revision(&format!("main@sha1:{id}"))
                .unwrap()
                .short(),
            "00ee7f8"
        );
        assert_eq!(CommitId::from_revision("6.0.1"), None);
    }
}
