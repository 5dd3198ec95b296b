//! The four files of a release and the manifests that pin it: reading their values, and changing one value
//! without touching the rest.

use model::{AppVersion, ChartVersion, Colour, EnvironmentName};

use crate::InvalidRelease;
use crate::yaml::{Documents, Scalar};

/// Holds the colour.
pub const MAIN_GO: &str = "cmd/podinfo/main.go";
/// Holds the version of the container.
pub const VERSION_GO: &str = "pkg/version/version.go";
/// Holds the image tag.
pub const VALUES: &str = "charts/podinfo/values.yaml";
/// Holds the version of the chart.
pub const CHART: &str = "charts/podinfo/Chart.yaml";

const COLOUR_LINE: &str = "const color = ";
const VERSION_LINE: &str = "var VERSION = ";
const PIN: [&str; 4] = ["spec", "chart", "spec", "version"];

/// Returns the path of the manifest that pins an environment's chart version.
#[must_use]
pub fn pin_path(environment: &EnvironmentName) -> String {
    format!(
        "environments/{}/podinfo-helmrelease.yaml",
        environment.as_str()
    )
}

/// The values of the four files of a release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReleaseFiles {
    pub colour: Colour,
    /// `VERSION` of the container.
    pub version: AppVersion,
    pub image_tag: String,
    pub chart_version: ChartVersion,
    pub app_version: String,
}

impl ReleaseFiles {
    /// Parses the four files; `read` returns the text of a file, `None` for a missing one.
    ///
    /// # Errors
    /// Names the file that is missing or has an invalid value.
    pub fn read(read: impl Fn(&str) -> Option<String>) -> Result<Self, InvalidRelease> {
        let file =
            |path| read(path).ok_or_else(|| InvalidRelease::new(format!("{path} is missing")));
        let main_go = file(MAIN_GO)?;
        let (colour, _) = quoted(MAIN_GO, &main_go, COLOUR_LINE)?;
        let colour = Colour::parse(colour)
            .map_err(|error| InvalidRelease::new(format!("{MAIN_GO}: {error}")))?;
        let version_go = file(VERSION_GO)?;
        let (version, _) = quoted(VERSION_GO, &version_go, VERSION_LINE)?;
        strict(VERSION_GO, version)?;
        let chart = file(CHART)?;
        let chart_version = value(CHART, &chart, &["version"])?.text;
        Ok(Self {
            colour,
            version: AppVersion(version.to_owned()),
            image_tag: value(VALUES, &file(VALUES)?, &["image", "tag"])?.text,
            chart_version: strict(CHART, &chart_version)?,
            app_version: value(CHART, &chart, &["appVersion"])?.text,
        })
    }
}

/// Returns `main.go` with another colour.
///
/// # Errors
/// When it has no line `const color = "…"`.
pub fn set_colour(text: &str, colour: Colour) -> Result<String, InvalidRelease> {
    set_quoted(MAIN_GO, text, COLOUR_LINE, &colour.to_string())
}

/// Returns `version.go` with another version.
///
/// # Errors
/// When it has no line `var VERSION = "…"`.
pub(crate) fn set_version(text: &str, version: &AppVersion) -> Result<String, InvalidRelease> {
    set_quoted(VERSION_GO, text, VERSION_LINE, &version.0)
}

/// Returns a YAML file with one value changed.
pub(crate) fn set(
    path: &str,
    text: &str,
    keys: &[&str],
    to: &str,
) -> Result<String, InvalidRelease> {
    let changed = value(path, text, keys)?.replaced(text, to);
    changed.map_err(|error| InvalidRelease::new(format!("{path}: {error}")))
}

/// Returns a scalar of the first document that has it; an error where none has.
pub(crate) fn value(path: &str, text: &str, keys: &[&str]) -> Result<Scalar, InvalidRelease> {
    find(path, text, keys, |_| true)?
        .ok_or_else(|| InvalidRelease::new(format!("{path} has no {}", keys.join("."))))
}

/// Returns a scalar of the first document that has it.
pub(crate) fn optional(
    path: &str,
    text: &str,
    keys: &[&str],
) -> Result<Option<Scalar>, InvalidRelease> {
    find(path, text, keys, |_| true)
}

fn find(
    path: &str,
    text: &str,
    keys: &[&str],
    wanted: impl Fn(crate::yaml::Document<'_>) -> bool,
) -> Result<Option<Scalar>, InvalidRelease> {
    let named = |error| InvalidRelease::new(format!("{path}: {error}"));
    let documents = Documents::read(text).map_err(named)?;
    for document in documents.iter().filter(|document| wanted(*document)) {
        if let Some(found) = document.scalar(keys).map_err(named)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// Returns the chart version of the HelmRelease in a manifest: an exact version or a range.
///
/// # Errors
/// When the file has no HelmRelease with `spec.chart.spec.version`.
pub fn pin_of(path: &str, manifest: &str) -> Result<Scalar, InvalidRelease> {
    let helm_release =
        |document: crate::yaml::Document<'_>| document.says(&["kind"], "HelmRelease");
    find(path, manifest, &PIN, helm_release)?.ok_or_else(|| {
        InvalidRelease::new(format!("{path} has no HelmRelease with {}", PIN.join(".")))
    })
}

/// Returns the manifest with another version pinned, and nothing else changed.
///
/// # Errors
/// As [`pin_of`]; or where the value is an alias or shared.
pub fn set_pin(
    path: &str,
    manifest: &str,
    version: &ChartVersion,
) -> Result<String, InvalidRelease> {
    pin_of(path, manifest)?
        .replaced(manifest, &version.to_string())
        .map_err(|error| InvalidRelease::new(format!("{path}: {error}")))
}

/// Whether a HelmRelease's `version` is a range, so that the environment upgrades by itself.
#[must_use]
pub fn is_range(wanted: &str) -> bool {
    semver::Version::parse(wanted.trim_start_matches('v')).is_err()
}

fn strict(path: &str, text: &str) -> Result<ChartVersion, InvalidRelease> {
    ChartVersion::parse(text).map_err(|error| InvalidRelease::new(format!("{path}: {error}")))
}

/// Returns the quoted text after `start` at the beginning of a line, with its byte range.
fn quoted<'a>(
    path: &str,
    text: &'a str,
    start: &str,
) -> Result<(&'a str, std::ops::Range<usize>), InvalidRelease> {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if let Some(rest) = line
            .strip_prefix(start)
            .and_then(|rest| rest.strip_prefix('"'))
            && let Some(length) = rest.find('"')
        {
            let from = at + start.len() + 1;
            return Ok((&rest[..length], from..from + length));
        }
        at += line.len();
    }
    Err(InvalidRelease::new(format!(
        "{path} has no line {start}\"…\""
    )))
}

fn set_quoted(path: &str, text: &str, start: &str, to: &str) -> Result<String, InvalidRelease> {
    let (_, at) = quoted(path, text, start)?;
    Ok(format!("{}{to}{}", &text[..at.start], &text[at.end..]))
}

/// Returns the colour in `main.go`; `None` where it has none.
#[must_use]
pub fn colour_of(main_go: &str) -> Option<Colour> {
    Colour::parse(colour_in(main_go).ok()?).ok()
}

/// Returns the colour in `main.go`, unparsed.
pub(crate) fn colour_in(text: &str) -> Result<&str, InvalidRelease> {
    quoted(MAIN_GO, text, COLOUR_LINE).map(|(colour, _)| colour)
}

/// Returns the version in `version.go`, unparsed.
pub(crate) fn version_in(text: &str) -> Result<&str, InvalidRelease> {
    quoted(VERSION_GO, text, VERSION_LINE).map(|(version, _)| version)
}

/// Returns the line of a quoted value, from 1; 1 where it is missing.
pub(crate) fn line_of(text: &str, start: Quoted) -> u32 {
    let start = match start {
        Quoted::Colour => COLOUR_LINE,
        Quoted::Version => VERSION_LINE,
    };
    let at = text.lines().position(|line| line.starts_with(start));
    u32::try_from(at.unwrap_or_default() + 1).unwrap_or(u32::MAX)
}

/// The two values in Go sources.
#[derive(Clone, Copy)]
pub(crate) enum Quoted {
    Colour,
    Version,
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn files(path: &str) -> Option<String> {
        let text = match path {
            MAIN_GO => "package main\n\n// The colour.\nconst color = \"#34577c\" // ours\n",
            VERSION_GO => "package version\r\n\r\nvar VERSION = \"5.1.7\"\r\n",
            VALUES => {
                "replicaCount: 1\nimage:\n  repository: r\n  tag: 5.1.7 # the container\nui:\n  color: \"\"\n"
            }
            CHART => "apiVersion: v2\nname: podinfo\nversion: 1.1.6\nappVersion: \"5.1.7\"\n",
            _ => return None,
        };
        Some(text.to_owned())
    }

    #[test]
    fn the_four_files_say_what_is_released() {
        let read = ReleaseFiles::read(files).unwrap();
        assert_eq!(read.colour.to_string(), "#34577c");
        assert_eq!(read.version.0, "5.1.7");
        assert_eq!(read.image_tag, "5.1.7");
        assert_eq!(read.chart_version.to_string(), "1.1.6");
        assert_eq!(read.app_version, "5.1.7");
    }

    pub(crate) fn replaced(here: bool, text: String, from: &str, to: &str) -> String {
        if here {
            text.replacen(from, to, 1)
        } else {
            text
        }
    }

    #[test]
    fn what_a_file_lacks_is_said_with_its_name() {
        for (path, from, to, why) in [
            (
                CHART,
                "version: 1.1.6",
                "# none",
                "Chart.yaml has no version",
            ),
            (CHART, "1.1.6", "v1.1.6", "is not a chart version"),
            (CHART, "1.1.6", "1.1.6+1", "build metadata"),
            (CHART, "1.1.6", "1.01.6", "leading zero"),
            (VALUES, "  tag", "  tags", "has no image.tag"),
            (MAIN_GO, "#34577c", "blue", "cmd/podinfo/main.go: "),
            (MAIN_GO, "const", "var", "has no line const color = "),
            (VERSION_GO, "5.1.7", "v5", "pkg/version/version.go: "),
        ] {
            let read = |asked: &str| Some(replaced(asked == path, files(asked)?, from, to));
            let error = ReleaseFiles::read(read).unwrap_err().0;
            assert!(error.starts_with(path) && error.contains(why), "{error}");
        }
    }

    #[test]
    fn a_pin_is_that_of_the_helm_release_and_no_other_version() {
        let manifest = "kind: HelmChart\nspec:\n  chart: podinfo\n  version: 9.9.9\n---\n\
                        kind: HelmRelease\nspec:\n  chart:\n    spec:\n      version: 1.1.4 # {\"x\"}\n";
        assert_eq!(pin_of("f", manifest).unwrap().text, "1.1.4");
        let changed = set_pin("f", manifest, &ChartVersion::parse("1.1.5").unwrap()).unwrap();
        assert_eq!(changed, manifest.replace("1.1.4", "1.1.5"));
        let error = pin_of("f", "kind: HelmRelease\nspec: {chartRef: {name: x}}\n").unwrap_err();
        assert_eq!(error.0, "f has no HelmRelease with spec.chart.spec.version");
    }

    #[test]
    fn only_a_plain_version_is_no_range() {
        assert!(!is_range("1.1.7"));
        assert!(is_range(">=0.0.3") && is_range("1.x") && is_range("*"));
    }
}
