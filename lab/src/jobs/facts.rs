//! Reading and writing the few lines of the promotion repository that a release is made of.

use anyhow::Context;
use semver::Version;

use crate::forge::git::Git;

/// Where the colour is written.
pub(crate) const MAIN_GO: &str = "cmd/podinfo/main.go";
/// Where the version is written.
pub(crate) const VERSION_GO: &str = "pkg/version/version.go";
/// Where the chart's image tag is written.
pub(crate) const VALUES: &str = "charts/podinfo/values.yaml";
/// Where the chart's version and app version are written.
pub(crate) const CHART: &str = "charts/podinfo/Chart.yaml";

/// What a commit says about the release that it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Facts {
    /// The colour in `main.go`.
    pub(crate) color: String,
    /// VERSION in `version.go`.
    pub(crate) version: String,
    /// The image tag in the chart's values.
    pub(crate) image_tag: String,
    /// The chart's version.
    pub(crate) chart_version: String,
    /// The chart's appVersion.
    pub(crate) app_version: String,
}

impl Facts {
    /// Reads a commit.
    ///
    /// # Errors
    /// When a file or the line looked for is missing.
    pub(crate) fn read(git: &Git, sha: &str) -> anyhow::Result<Self> {
        let file = |path: &str| {
            git.text(sha, path)?
                .with_context(|| format!("{path} is missing"))
        };
        let version = file(VERSION_GO)?;
        let chart = file(CHART)?;
        Ok(Self {
            color: color_of(&file(MAIN_GO)?).context("main.go has no color line")?,
            version: quoted_after(&version, "var VERSION = ")
                .context("version.go has no VERSION")?,
            image_tag: yaml_value(&file(VALUES)?, "  tag:").context("values.yaml has no tag")?,
            chart_version: yaml_value(&chart, "version:").context("Chart.yaml has no version")?,
            app_version: yaml_value(&chart, "appVersion:")
                .context("Chart.yaml has no appVersion")?,
        })
    }
}

/// The colour of the line `const color = "#rrggbb"`.
pub(crate) fn color_of(main_go: &str) -> Option<String> {
    quoted_after(main_go, "const color = ")
}

fn quoted_after(text: &str, start: &str) -> Option<String> {
    let line = text.lines().find_map(|line| line.strip_prefix(start))?;
    let inner = line.strip_prefix('"')?;
    Some(inner[..inner.find('"')?].to_owned())
}

/// The plain value of the first line that starts with `key`, without quotes or comment.
pub(crate) fn yaml_value(text: &str, key: &str) -> Option<String> {
    let value = text.lines().find_map(|line| line.strip_prefix(key))?;
    let value = value.split(" #").next().unwrap_or_default().trim();
    let bare = value.trim_matches(['"', '\'']);
    (!bare.is_empty()).then(|| bare.to_owned())
}

/// The text with the colour's line changed.
pub(crate) fn set_color(main_go: &str, color: &str) -> Option<String> {
    replace_line(
        main_go,
        "const color = ",
        &format!("const color = \"{color}\""),
    )
}

/// The text with VERSION changed.
pub(crate) fn set_version(version_go: &str, version: &str) -> Option<String> {
    replace_line(
        version_go,
        "var VERSION = ",
        &format!("var VERSION = \"{version}\""),
    )
}

/// The values with the image tag changed.
pub(crate) fn set_image_tag(values: &str, tag: &str) -> Option<String> {
    replace_line(values, "  tag:", &format!("  tag: {tag}"))
}

/// The `Chart.yaml` with version and appVersion changed.
pub(crate) fn set_chart(chart: &str, version: &str, app_version: &str) -> Option<String> {
    let chart = replace_line(chart, "version:", &format!("version: {version}"))?;
    replace_line(&chart, "appVersion:", &format!("appVersion: {app_version}"))
}

/// The chart version that a HelmRelease manifest pins or ranges over.
pub(crate) fn pin_of(helm_release: &str) -> Option<String> {
    yaml_value(helm_release, PIN)
}

/// The manifest with the pinned chart version changed, and nothing else.
pub(crate) fn set_pin(helm_release: &str, version: &str) -> Option<String> {
    replace_line(helm_release, PIN, &format!("{PIN} {version}"))
}

/// `spec.chart.spec.version`, by its indentation.
const PIN: &str = "      version:";

/// The text with the first line that starts with `start` replaced.
fn replace_line(text: &str, start: &str, line: &str) -> Option<String> {
    let old = text.lines().find(|other| other.starts_with(start))?;
    let at = text.find(&format!("\n{old}")).map_or(0, |at| at + 1);
    Some(format!("{}{line}{}", &text[..at], &text[at + old.len()..]))
}

/// A strict semantic version without what follows a `+`.
pub(crate) fn strict(version: &str) -> Option<Version> {
    let bare = version.split('+').next().unwrap_or_default();
    Version::parse(bare).ok()
}

/// Whether the text is a colour as the demo writes them.
pub(crate) fn is_color(text: &str) -> bool {
    text.strip_prefix('#')
        .is_some_and(|hex| hex.len() == 6 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = "kind: HelmRelease\nspec:\n  chart:\n    spec:\n      chart: podinfo\n      \
                            version: 1.1.4\n      interval: 1m\n";

    #[test]
    fn a_pin_is_changed_and_nothing_else() {
        let changed = set_pin(MANIFEST, "1.1.5").unwrap();
        assert_eq!(changed, MANIFEST.replace("1.1.4", "1.1.5"));
        assert_eq!(pin_of(&changed).as_deref(), Some("1.1.5"));
    }

    #[test]
    fn a_range_is_read_without_its_quotes() {
        let text = MANIFEST.replace("1.1.4", "\">=0.0.3\"");
        assert_eq!(pin_of(&text).as_deref(), Some(">=0.0.3"));
    }

    #[test]
    fn what_follows_a_plus_is_not_part_of_a_version() {
        assert_eq!(strict("6.6.1+0cc9a8446c95"), Some(Version::new(6, 6, 1)));
        assert_eq!(strict("v1.0"), None);
        assert_eq!(strict("1.0.0; rm -rf /"), None);
    }

    #[test]
    fn only_six_hex_digits_are_a_colour() {
        assert!(is_color("#34577c"));
        assert!(!is_color("#34577"));
        assert!(!is_color("red"));
    }
}
