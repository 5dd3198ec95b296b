//! The checks of a pull request: the versions agree, increase, and can be told apart.

use std::fmt::Write as _;

use model::{ChartVersion, Colour};

use crate::release_files::{self, CHART, MAIN_GO, Quoted, VALUES, VERSION_GO};
use crate::yaml::Scalar;
use crate::{PROMOTION_FILE, PromotionOrder, is_range, pin_of, pin_path};

/// Whether a violation blocks the merge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Does not block the merge.
    Warning,
    /// Blocks the merge.
    Error,
}

impl Severity {
    fn word(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// One violation of the rules for versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub severity: Severity,
    pub path: String,
    /// From 1; `None` where the finding has no line.
    pub line: Option<u32>,
    /// The problem and its remedy.
    pub sentence: String,
}

/// Returns the text of a file of a commit; `None` for a missing file.
pub type Read<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Checks the files of a commit; with `base`, also that what changed since then has new versions.
#[must_use]
pub fn verify(head: Read<'_>, base: Option<Read<'_>>) -> Vec<Finding> {
    let mut findings = Findings::default();
    let versions = findings.versions(head);
    findings.colour(head);
    findings.promotion_order(head, base);
    if let Some(base) = base {
        findings.increase(head, base, &versions);
    }
    findings.0
}

#[derive(Default)]
struct Findings(Vec<Finding>);

/// The versions that could be read, with their lines.
#[derive(Default)]
struct Versions {
    chart: Option<(ChartVersion, u32)>,
    app: Option<(ChartVersion, u32)>,
}

impl Findings {
    fn add(&mut self, severity: Severity, path: &str, line: Option<u32>, sentence: String) {
        self.0.push(Finding {
            severity,
            path: path.to_owned(),
            line,
            sentence,
        });
    }

    fn error(&mut self, path: &str, line: Option<u32>, sentence: String) {
        self.add(Severity::Error, path, line, sentence);
    }

    fn file(&mut self, read: Read<'_>, path: &str) -> Option<String> {
        let text = read(path);
        if text.is_none() {
            self.error(path, None, "is missing".to_owned());
        }
        text
    }

    fn value(&mut self, path: &str, text: &str, keys: &[&str]) -> Option<Scalar> {
        match release_files::value(path, text, keys) {
            Ok(found) => Some(found),
            Err(invalid) => {
                self.invalid(path, &invalid);
                None
            }
        }
    }

    fn invalid(&mut self, path: &str, invalid: &crate::InvalidRelease) {
        let sentence = invalid.0.strip_prefix(path).unwrap_or(&invalid.0);
        let sentence = sentence.trim_start_matches([':', ' ']);
        self.error(path, None, sentence.to_owned());
    }

    fn strict(&mut self, path: &str, line: u32, text: &str) -> Option<(ChartVersion, u32)> {
        match ChartVersion::parse(text) {
            Ok(version) => Some((version, line)),
            Err(error) => {
                self.error(path, Some(line), error.to_string());
                None
            }
        }
    }

    fn versions(&mut self, read: Read<'_>) -> Versions {
        let mut versions = Versions::default();
        if let Some(chart) = self.file(read, CHART) {
            let found = self.value(CHART, &chart, &["version"]);
            versions.chart = found.and_then(|found| self.strict(CHART, found.line, &found.text));
        }
        let Some(version_go) = self.file(read, VERSION_GO) else {
            return versions;
        };
        let version = match release_files::version_in(&version_go) {
            Ok(version) => version.to_owned(),
            Err(invalid) => {
                self.invalid(VERSION_GO, &invalid);
                return versions;
            }
        };
        let line = release_files::line_of(&version_go, Quoted::Version);
        versions.app = self.strict(VERSION_GO, line, &version);
        for (path, keys, what) in [
            (VALUES, &["image", "tag"][..], "the image tag"),
            (CHART, &["appVersion"][..], "the chart's appVersion"),
        ] {
            // A missing file is reported elsewhere.
            let Some(text) = read(path) else { continue };
            if let Some(found) = self.value(path, &text, keys)
                && found.text != version
            {
                self.error(
                    path,
                    Some(found.line),
                    format!(
                        "{what} is {}, but VERSION is {version}; make them agree",
                        found.text
                    ),
                );
            }
        }
        if read(VALUES).is_none() {
            self.error(VALUES, None, "is missing".to_owned());
        }
        versions
    }

    fn colour(&mut self, read: Read<'_>) {
        if let Some(main_go) = self.file(read, MAIN_GO) {
            let line = release_files::line_of(&main_go, Quoted::Colour);
            match release_files::colour_in(&main_go) {
                Ok(text) => {
                    if let Err(error) = Colour::parse(text) {
                        self.error(MAIN_GO, Some(line), error.to_string());
                    }
                }
                Err(invalid) => self.invalid(MAIN_GO, &invalid),
            }
        }
        if let Some(values) = read(VALUES)
            && let Ok(Some(colour)) = release_files::optional(VALUES, &values, &["ui", "color"])
            && !colour.text.is_empty()
        {
            self.error(
                VALUES,
                Some(colour.line),
                format!(
                    "ui.color is {} and would hide the colour that is compiled into the container; \
                     leave it empty",
                    colour.text
                ),
            );
        }
    }

    fn promotion_order(&mut self, head: Read<'_>, base: Option<Read<'_>>) {
        let Some(text) = self.file(head, PROMOTION_FILE) else {
            return;
        };
        let order = match PromotionOrder::read(&text) {
            Ok(order) => order,
            Err(invalid) => return self.invalid(PROMOTION_FILE, &invalid),
        };
        for environment in &order.environments {
            let path = pin_path(environment);
            // An environment without a HelmRelease, such as one that Flux's image automation moves.
            let Some(manifest) = head(&path) else {
                continue;
            };
            let pin = match pin_of(&path, &manifest) {
                Ok(pin) => pin,
                Err(invalid) => {
                    self.invalid(&path, &invalid);
                    continue;
                }
            };
            if is_range(&pin.text) {
                continue;
            }
            let Some((version, line)) = self.strict(&path, pin.line, &pin.text) else {
                continue;
            };
            let before = base
                .and_then(|base| base(&path))
                .and_then(|text| ChartVersion::parse(&pin_of(&path, &text).ok()?.text).ok());
            if let Some(before) = before.filter(|before| version < *before) {
                self.add(
                    Severity::Warning,
                    &path,
                    Some(line),
                    format!("this goes back from {before} to {version}"),
                );
            }
        }
    }

    fn increase(&mut self, head: Read<'_>, base: Read<'_>, now: &Versions) {
        let mut of_base = Self::default();
        let before = of_base.versions(base);
        if let (Some((now, line)), Some((before, _))) = (&now.app, &before.app)
            && now < before
        {
            self.error(
                VERSION_GO,
                Some(*line),
                format!(
                    "VERSION goes back from {before} to {now}; take {}",
                    before.next_patch()
                ),
            );
        }
        let changed = [CHART, VALUES].iter().any(|path| head(path) != base(path));
        if let (true, Some((now, line)), Some((before, _))) = (changed, &now.chart, &before.chart)
            && now <= before
        {
            self.error(
                CHART,
                Some(*line),
                format!(
                    "the chart changed, so its version must be greater than {before}; take {}",
                    before.next_patch()
                ),
            );
        }
    }
}

/// Formats the findings as lines for people.
#[must_use]
pub fn as_text(findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        let line = finding
            .line
            .map(|line| format!(":{line}"))
            .unwrap_or_default();
        let word = finding.severity.word();
        // Writing to a text cannot fail.
        let _ = writeln!(text, "{word}: {}{line}: {}", finding.path, finding.sentence);
    }
    text
}

/// Formats the findings as GitHub's workflow commands, which annotate the files of a pull request.
/// <https://docs.github.com/actions/reference/workflow-commands-for-github-actions>
#[must_use]
pub fn as_annotations(findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        let word = finding.severity.word();
        let line = finding
            .line
            .map(|line| format!(",line={line}"))
            .unwrap_or_default();
        let _ = writeln!(
            text,
            "::{word} file={}{line}::{}",
            data(&finding.path).replace(':', "%3A").replace(',', "%2C"),
            data(&finding.sentence)
        );
    }
    text
}

fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::release_files::tests::{files, replaced};

    const STG: &str = "environments/stg/podinfo-helmrelease.yaml";

    fn whole(path: &str) -> Option<String> {
        match path {
            PROMOTION_FILE => {
                Some("namespace: a\nname: podinfo\nenvironments: [dev-test, stg]\n".to_owned())
            }
            STG => Some(
                "kind: HelmRelease\nspec:\n  chart:\n    spec:\n      version: 1.1.5\n".to_owned(),
            ),
            _ => files(path),
        }
    }

    fn changed(path: &str, from: &str, to: &str) -> impl Fn(&str) -> Option<String> {
        move |asked| {
            let text = whole(asked)?;
            Some(replaced(asked == path, text, from, to))
        }
    }

    #[test]
    fn what_agrees_is_not_complained_about() {
        assert_eq!(verify(&whole, Some(&whole)), []);
    }

    /// The file, the text that is replaced, what replaces it, the line of the finding, and its words.
    const DISAGREEMENTS: &str = "\
charts/podinfo/values.yaml | 5.1.7 | 5.1.8 | 4 | the image tag is 5.1.8, but VERSION is 5.1.7
charts/podinfo/Chart.yaml | \"5.1.7\" | \"5.1.6\" | 4 | appVersion is 5.1.6
charts/podinfo/Chart.yaml | 1.1.6 | v1.1.6 | 3 | is not a chart version
charts/podinfo/Chart.yaml | version: 1.1.6 | # none | | has no version
pkg/version/version.go | var VERSION | var Version | | has no line var VERSION
charts/podinfo/values.yaml | color: \"\" | color: \"#112233\" | 6 | would hide the colour
cmd/podinfo/main.go | #34577c | #34577 | 4 | #34577
environments/stg/podinfo-helmrelease.yaml | 1.1.5 | v1.1.5 | 5 | not a chart version
environments/stg/podinfo-helmrelease.yaml | version: | range: | | has no HelmRelease with spec.chart.spec.version";

    #[test]
    fn each_disagreement_is_found_where_it_stands() {
        for row in DISAGREEMENTS.lines() {
            let [path, from, to, line, why] = row.split('|').map(str::trim).collect::<Vec<_>>()[..]
            else {
                panic!("five columns: {row}");
            };
            let findings = verify(&changed(path, from, to), None);
            let found = findings.iter().find(|found| found.sentence.contains(why));
            let found = found.unwrap_or_else(|| panic!("{why}: {findings:?}"));
            let line = (!line.is_empty()).then(|| line.parse().unwrap());
            assert_eq!((found.path.as_str(), found.line), (path, line), "{found:?}");
        }
    }

    #[test]
    fn a_changed_chart_needs_a_greater_version_and_going_back_is_said() {
        let head = changed(VALUES, "replicaCount: 1", "replicaCount: 2");
        let findings = verify(&head, Some(&whole));
        assert!(findings[0].sentence.ends_with("take 1.1.7"), "{findings:?}");
        let head = changed(STG, "1.1.5", "1.1.4");
        let findings = verify(&head, Some(&whole));
        assert_eq!(findings[0].severity, Severity::Warning);
        assert_eq!(findings[0].sentence, "this goes back from 1.1.5 to 1.1.4");
    }

    #[test]
    fn annotations_are_in_github_s_format_and_cannot_be_broken_out_of() {
        let finding = Finding {
            severity: Severity::Error,
            path: "a:b,c".to_owned(),
            line: Some(3),
            sentence: "100 %\n::error::x".to_owned(),
        };
        assert_eq!(
            as_annotations(&[finding]),
            "::error file=a%3Ab%2Cc,line=3::100 %25%0A::error::x\n"
        );
    }
}
