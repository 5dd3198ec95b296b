//! Planning a release: the next versions, the four edits, the branch and the pull request.

use model::{AppVersion, ChartVersion, Colour};

use crate::InvalidRelease;
use crate::release_files::{self, CHART, MAIN_GO, ReleaseFiles, VALUES, VERSION_GO};

/// The two colours that the demo goes back and forth between.
const COLOURS: [Colour; 2] = [Colour::new(0x34, 0x57, 0x7c), Colour::new(0xe3, 0xad, 0x64)];

/// The values of a release; `None` is replaced by a proposal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReleaseRequest {
    /// The colour compiled into the container, as `#rrggbb`.
    pub colour: Option<String>,
    pub version: Option<String>,
    pub chart_version: Option<String>,
}

/// The change of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// Relative to the repository's root.
    pub path: &'static str,
    pub before: String,
    pub after: String,
    /// The reason in one sentence, for people.
    pub why: String,
}

/// A release that can be pushed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The release before.
    pub was: ReleaseFiles,
    pub colour: Colour,
    /// The container's version.
    pub version: AppVersion,
    /// The chart's version: the release's identity.
    pub chart_version: ChartVersion,
    /// The four files, in the order in which people edit them.
    pub edits: Vec<Edit>,
}

impl Plan {
    /// Returns the name of the head branch.
    #[must_use]
    pub fn branch(&self) -> String {
        format!("release-{}", self.chart_version)
    }

    /// Returns the title of the commit and of the pull request.
    #[must_use]
    pub fn title(&self) -> String {
        format!("Release podinfo {}", self.chart_version)
    }

    /// Returns the body of the pull request, in Markdown.
    #[must_use]
    pub fn body(&self) -> String {
        format!(
            "| | before | after |\n|---|---|---|\n\
             | chart | {} | **{}** |\n| container | {} | **{}** |\n| colour | `{}` | `{}` |\n\n\
             Merging this releases the container and the chart once. The environments that follow a \
             range of the chart deploy it by themselves; the others each wait for a promotion.",
            self.was.chart_version,
            self.chart_version,
            self.was.version,
            self.version,
            self.was.colour,
            self.colour
        )
    }
}

/// Plans a release of the files that `read` returns.
///
/// # Errors
/// When a file lacks a value, the colour is invalid, or a version does not increase.
pub fn plan(
    read: impl Fn(&str) -> Option<String>,
    request: &ReleaseRequest,
) -> Result<Plan, InvalidRelease> {
    let was = ReleaseFiles::read(&read)?;
    let colour = match &request.colour {
        Some(text) => {
            Colour::parse(text).map_err(|error| InvalidRelease::new(error.to_string()))?
        }
        None => other(was.colour),
    };
    let before = ChartVersion::parse(&was.version.0)
        .map_err(|error| InvalidRelease::new(format!("{VERSION_GO}: {error}")))?;
    let version = increased("the version", request.version.as_deref(), &before)?;
    let chart_version = increased(
        "the chart version",
        request.chart_version.as_deref(),
        &was.chart_version,
    )?;
    let version = AppVersion(version.to_string());
    let file = |path: &str| read(path).unwrap_or_default();
    let edit = |path, why: String, change: &dyn Fn(&str) -> Result<String, InvalidRelease>| {
        let before = file(path);
        let after = change(&before)?;
        Ok(Edit {
            path,
            before,
            after,
            why,
        })
    };
    let edits = vec![
        edit(
            MAIN_GO,
            format!(
                "The container shows itself in {} ({colour}).",
                colour.name()
            ),
            &|text| release_files::set_colour(text, colour),
        )?,
        edit(
            VERSION_GO,
            format!("The container calls itself {version}."),
            &|text| release_files::set_version(text, &version),
        )?,
        edit(
            VALUES,
            format!("The chart deploys the container {version}."),
            &|text| release_files::set(VALUES, text, &["image", "tag"], &version.0),
        )?,
        edit(
            CHART,
            format!("The chart is released as {chart_version}."),
            &|text| {
                let text =
                    release_files::set(CHART, text, &["version"], &chart_version.to_string())?;
                release_files::set(CHART, &text, &["appVersion"], &version.0)
            },
        )?,
    ];
    Ok(Plan {
        was,
        colour,
        version,
        chart_version,
        edits,
    })
}

/// Returns the other one of the two colours.
fn other(colour: Colour) -> Colour {
    let [one, two] = COLOURS;
    if colour == one { two } else { one }
}

fn increased(
    what: &str,
    wanted: Option<&str>,
    before: &ChartVersion,
) -> Result<ChartVersion, InvalidRelease> {
    let next = before.next_patch();
    let Some(text) = wanted else {
        return Ok(next);
    };
    let version = ChartVersion::parse(text)
        .map_err(|error| InvalidRelease::new(format!("{error}; {what} could be {next}")))?;
    if version <= *before {
        return Err(InvalidRelease::new(format!(
            "{what} must increase: {version} does not follow {before}; take {next}"
        )));
    }
    Ok(version)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::release_files::tests::files;
    use proptest::prelude::*;

    fn request(
        colour: Option<&str>,
        version: Option<&str>,
        chart_version: Option<&str>,
    ) -> ReleaseRequest {
        ReleaseRequest {
            colour: colour.map(ToOwned::to_owned),
            version: version.map(ToOwned::to_owned),
            chart_version: chart_version.map(ToOwned::to_owned),
        }
    }

    #[test]
    fn the_next_versions_and_the_other_colour_are_proposed() {
        let plan = plan(files, &ReleaseRequest::default()).unwrap();
        assert_eq!(plan.colour.to_string(), "#e3ad64");
        assert_eq!(plan.version.0, "5.1.8");
        assert_eq!(plan.chart_version.to_string(), "1.1.7");
        assert_eq!(plan.branch(), "release-1.1.7");
    }

    #[test]
    fn only_the_lines_concerned_change() {
        let plan = plan(
            files,
            &request(Some("#112233"), Some("6.0.0"), Some("2.0.0")),
        )
        .unwrap();
        let changed: Vec<_> = plan
            .edits
            .iter()
            .flat_map(|edit| {
                let lines = edit
                    .before
                    .split_inclusive('\n')
                    .zip(edit.after.split_inclusive('\n'));
                assert_eq!(edit.before.lines().count(), edit.after.lines().count());
                lines.filter(|(old, new)| old != new).map(|(_, new)| new)
            })
            .collect();
        assert_eq!(
            changed,
            [
                "const color = \"#112233\" // ours\n",
                "var VERSION = \"6.0.0\"\r\n",
                "  tag: 6.0.0 # the container\n",
                "version: 2.0.0\n",
                "appVersion: \"6.0.0\"\n",
            ]
        );
    }

    #[test]
    fn what_cannot_be_released_is_refused_with_a_way_on() {
        for (request, why) in [
            (request(Some("blue"), None, None), "blue"),
            (request(None, Some("5.1.7"), None), "take 5.1.8"),
            (request(None, Some("5.1.6"), None), "must increase"),
            (request(None, None, Some("1.0.9")), "take 1.1.7"),
            (request(None, None, Some("v2.0.0")), "could be 1.1.7"),
            (request(None, None, Some("2.0.0+1")), "build metadata"),
            (request(None, Some("05.1.8"), None), "leading zero"),
        ] {
            let error = plan(files, &request).unwrap_err().0;
            assert!(error.contains(why), "{error}");
        }
    }

    proptest! {
        #[test]
        fn what_was_planned_is_what_the_files_then_say(major in 2_u64..50, minor in 0_u64..50, r: u8, g: u8, b: u8) {
            let colour = Colour::new(r, g, b);
            let chart = format!("{major}.{minor}.0");
            let plan = plan(files, &request(Some(&colour.to_string()), Some("7.0.0-rc.1"), Some(&chart))).unwrap();
            let after = |path: &str| {
                plan.edits.iter().find(|edit| edit.path == path).map(|edit| edit.after.clone())
            };
            let files = ReleaseFiles::read(after).unwrap();
            prop_assert_eq!(files.colour, colour);
            prop_assert_eq!(files.version.0, "7.0.0-rc.1");
            prop_assert_eq!(files.image_tag, "7.0.0-rc.1");
            prop_assert_eq!(files.app_version, "7.0.0-rc.1");
            prop_assert_eq!(files.chart_version.to_string(), chart);
        }
    }
}
