//! Starting a release: the next versions proposed, the four edits, the branch and the pull request.

use model::{AppVersion, ChartVersion, Colour};

use crate::Refused;
use crate::facts::{self, CHART, Facts, MAIN_GO, VALUES, VERSION_GO};

/// The two colours that the demo goes back and forth between.
const COLOURS: [Colour; 2] = [Colour::new(0x34, 0x57, 0x7c), Colour::new(0xe3, 0xad, 0x64)];

/// What somebody asked for; what is left open is proposed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// The colour compiled into the container.
    pub colour: Option<String>,
    /// The container's version.
    pub version: Option<String>,
    /// The chart's version.
    pub chart_version: Option<String>,
}

/// One file of the release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// Its path from the repository's root.
    pub path: &'static str,
    /// Its text until now.
    pub before: String,
    /// Its text in the release.
    pub after: String,
    /// Why it changes, in one sentence.
    pub why: String,
}

/// A release that can be pushed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// What was released before it.
    pub was: Facts,
    /// Its colour.
    pub colour: Colour,
    /// The container's version.
    pub version: AppVersion,
    /// The chart's version: the release's identity.
    pub chart_version: ChartVersion,
    /// The four files in the order of the process.
    pub edits: Vec<Edit>,
}

impl Plan {
    /// The branch that carries it.
    #[must_use]
    pub fn branch(&self) -> String {
        format!("release-{}", self.chart_version)
    }

    /// The title of its commit and of its pull request.
    #[must_use]
    pub fn title(&self) -> String {
        format!("Release podinfo {}", self.chart_version)
    }

    /// The text of its pull request.
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

/// Plans a release over the files that `read` gives.
///
/// # Errors
/// When a file is not as it must be, the colour is none, or a version does not increase.
pub fn plan(read: impl Fn(&str) -> Option<String>, wish: &Wish) -> Result<Plan, Refused> {
    let was = Facts::read(&read)?;
    let colour = match &wish.colour {
        Some(text) => Colour::parse(text).map_err(|error| Refused::new(error.to_string()))?,
        None => other(was.colour),
    };
    let before = ChartVersion::parse(&was.version.0)
        .map_err(|error| Refused::new(format!("{VERSION_GO}: {error}")))?;
    let version = increased("the version", wish.version.as_deref(), &before)?;
    let chart_version = increased(
        "the chart version",
        wish.chart_version.as_deref(),
        &was.chart_version,
    )?;
    let version = AppVersion(version.to_string());
    let file = |path: &str| read(path).unwrap_or_default();
    let edit = |path, why: String, change: &dyn Fn(&str) -> Result<String, Refused>| {
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
            &|text| facts::set_colour(text, colour),
        )?,
        edit(
            VERSION_GO,
            format!("The container calls itself {version}."),
            &|text| facts::set_version(text, &version),
        )?,
        edit(
            VALUES,
            format!("The chart deploys the container {version}."),
            &|text| facts::set(VALUES, text, &["image", "tag"], &version.0),
        )?,
        edit(
            CHART,
            format!("The chart is released as {chart_version}."),
            &|text| {
                let text = facts::set(CHART, text, &["version"], &chart_version.to_string())?;
                facts::set(CHART, &text, &["appVersion"], &version.0)
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

/// The colour that a viewer tells apart from this one.
fn other(colour: Colour) -> Colour {
    let [one, two] = COLOURS;
    if colour == one { two } else { one }
}

fn increased(
    what: &str,
    wanted: Option<&str>,
    before: &ChartVersion,
) -> Result<ChartVersion, Refused> {
    let next = before.next_patch();
    let Some(text) = wanted else {
        return Ok(next);
    };
    let version = ChartVersion::parse(text)
        .map_err(|error| Refused::new(format!("{error}; {what} could be {next}")))?;
    if version <= *before {
        return Err(Refused::new(format!(
            "{what} must increase: {version} does not follow {before}; take {next}"
        )));
    }
    Ok(version)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::tests::files;
    use proptest::prelude::*;

    fn wish(colour: Option<&str>, version: Option<&str>, chart_version: Option<&str>) -> Wish {
        Wish {
            colour: colour.map(ToOwned::to_owned),
            version: version.map(ToOwned::to_owned),
            chart_version: chart_version.map(ToOwned::to_owned),
        }
    }

    #[test]
    fn the_next_versions_and_the_other_colour_are_proposed() {
        let plan = plan(files, &Wish::default()).unwrap();
        assert_eq!(plan.colour.to_string(), "#e3ad64");
        assert_eq!(plan.version.0, "5.1.8");
        assert_eq!(plan.chart_version.to_string(), "1.1.7");
        assert_eq!(plan.branch(), "release-1.1.7");
    }

    #[test]
    fn only_the_lines_concerned_change() {
        let plan = plan(files, &wish(Some("#112233"), Some("6.0.0"), Some("2.0.0"))).unwrap();
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
        for (wish, why) in [
            (wish(Some("blue"), None, None), "blue"),
            (wish(None, Some("5.1.7"), None), "take 5.1.8"),
            (wish(None, Some("5.1.6"), None), "must increase"),
            (wish(None, None, Some("1.0.9")), "take 1.1.7"),
            (wish(None, None, Some("v2.0.0")), "could be 1.1.7"),
            (wish(None, None, Some("2.0.0+1")), "build metadata"),
            (wish(None, Some("05.1.8"), None), "leading zero"),
        ] {
            let error = plan(files, &wish).unwrap_err().0;
            assert!(error.contains(why), "{error}");
        }
    }

    proptest! {
        #[test]
        fn what_was_planned_is_what_the_files_then_say(major in 2_u64..50, minor in 0_u64..50, r: u8, g: u8, b: u8) {
            let colour = Colour::new(r, g, b);
            let chart = format!("{major}.{minor}.0");
            let plan = plan(files, &wish(Some(&colour.to_string()), Some("7.0.0-rc.1"), Some(&chart))).unwrap();
            let after = |path: &str| {
                plan.edits.iter().find(|edit| edit.path == path).map(|edit| edit.after.clone())
            };
            let facts = Facts::read(after).unwrap();
            prop_assert_eq!(facts.colour, colour);
            prop_assert_eq!(facts.version.0, "7.0.0-rc.1");
            prop_assert_eq!(facts.image_tag, "7.0.0-rc.1");
            prop_assert_eq!(facts.app_version, "7.0.0-rc.1");
            prop_assert_eq!(facts.chart_version.to_string(), chart);
        }
    }
}
