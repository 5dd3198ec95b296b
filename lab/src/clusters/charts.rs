//! Chart repositories and charts as source-controller and Helm read them: the index, the choice of a
//! version, the package.

use std::collections::BTreeMap;
use std::io::Read as _;

use anyhow::Context as _;
use flate2::read::GzDecoder;
use semver::{Version, VersionReq};
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

/// `index.yaml` of a chart repository.
#[derive(Debug, Deserialize)]
pub struct Index {
    #[serde(default)]
    pub entries: BTreeMap<String, Vec<IndexEntry>>,
}

/// One version of one chart in an index.
#[derive(Clone, Debug, Deserialize)]
pub struct IndexEntry {
    pub version: String,
    /// Addresses of the package, absolute or relative to the index.
    pub urls: Vec<String>,
}

impl Index {
    /// The newest version of a chart that `wanted`, an exact version or a range, allows; else
    /// source-controller's message.
    pub fn choose(&self, chart: &str, wanted: &str) -> Result<&IndexEntry, String> {
        let range = range(wanted);
        let entries = self.entries.get(chart).into_iter().flatten();
        let allowed = entries.filter_map(|entry| {
            let version = Version::parse(&entry.version).ok()?;
            range
                .as_ref()?
                .matches(&version)
                .then_some((version, entry))
        });
        let newest = allowed.max_by(|(one, _), (other, _)| one.cmp(other));
        let newest = newest.map(|(_, entry)| entry);
        newest.ok_or_else(|| format!("no '{chart}' chart with version matching '{wanted}' found"))
    }
}

impl IndexEntry {
    /// The absolute address of the package.
    pub fn address(&self, repository: &str) -> anyhow::Result<String> {
        let url = self.urls.first().context("the chart has no URL")?;
        let base = Url::parse(&format!("{}/", repository.trim_end_matches('/')))?;
        Ok(base.join(url)?.to_string())
    }
}

/// A constraint as Helm reads it: a version is exact, and comparators are separated by spaces.
fn range(constraint: &str) -> Option<VersionReq> {
    let constraint = match Version::parse(constraint) {
        Ok(version) => format!("={version}"),
        Err(_) => {
            let comparators = constraint.split([' ', ',']).filter(|part| !part.is_empty());
            comparators.collect::<Vec<_>>().join(",")
        }
    };
    VersionReq::parse(&constraint).ok()
}

/// The content of a chart's package.
#[derive(Clone, Debug)]
pub struct ChartPackage {
    pub name: String,
    pub version: String,
    /// The version of what it deploys.
    pub app_version: String,
    pub values: Value,
    /// The names of its test hooks, for a release with the chart's name.
    pub tests: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ChartMetadata {
    name: String,
    version: String,
    #[serde(default)]
    app_version: String,
}

impl ChartPackage {
    /// Reads a package (`.tgz`).
    pub fn read(package: &[u8]) -> anyhow::Result<Self> {
        let mut files = BTreeMap::new();
        for entry in tar::Archive::new(GzDecoder::new(package)).entries()? {
            let mut entry = entry?;
            let path = entry.path()?.to_string_lossy().into_owned();
            let mut text = String::new();
            if entry.header().entry_type().is_file() && entry.read_to_string(&mut text).is_ok() {
                let (_, inner) = path.split_once('/').unwrap_or(("", &path));
                files.insert(inner.to_owned(), text);
            }
        }
        let metadata = files.get("Chart.yaml");
        let metadata = metadata.context("Chart.yaml file is missing")?;
        let metadata: ChartMetadata =
            serde_saphyr::from_str(metadata).context("reading Chart.yaml")?;
        let values = match files.get("values.yaml") {
            Some(values) => super::yaml::document(values).context("reading values.yaml")?,
            None => json!({}),
        };
        let templates = files.iter();
        let templates = templates.filter(|(path, _)| path.starts_with("templates/"));
        let tests = templates.filter(|(_, text)| is_test_hook(text));
        let tests = tests.filter_map(|(_, text)| hook_name(text, &metadata.name));
        Ok(Self {
            tests: tests.collect(),
            name: metadata.name,
            version: metadata.version,
            app_version: metadata.app_version,
            values,
        })
    }
}

fn is_test_hook(template: &str) -> bool {
    template.lines().any(|line| {
        let line = line.trim().replace('"', "");
        line == "helm.sh/hook: test" || line == "helm.sh/hook: test-success"
    })
}

fn hook_name(template: &str, release: &str) -> Option<String> {
    let mut lines = template.lines();
    let name = lines.find_map(|line| line.trim().strip_prefix("name:"))?;
    let name = name.replace("{{ .Release.Name }}", release);
    Some(name.trim().trim_matches('"').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index() -> Index {
        serde_saphyr::from_str(
            "apiVersion: v1\nentries:\n  podinfo:\n  - {version: 1.1.7, urls: [podinfo-1.1.7.tgz]}\n  \
             - {version: 1.1.10, urls: [podinfo-1.1.10.tgz]}\n  - {version: 2.0.0-rc.1, urls: [x.tgz]}\n",
        )
        .unwrap()
    }

    #[test]
    fn a_range_takes_the_newest_and_a_pin_only_itself() {
        for (wanted, chosen) in [
            (">=0.0.3", Some("1.1.10")),
            ("1.1.7", Some("1.1.7")),
            ("1.1.x", Some("1.1.10")),
            (">=1.0.0 <1.1.10", Some("1.1.7")),
            ("*", Some("1.1.10")),
            ("1.1.8", None),
            ("nonsense", None),
        ] {
            let index = index();
            let found = index.choose("podinfo", wanted).ok();
            let found = found.map(|entry| entry.version.as_str());
            assert_eq!(found, chosen, "{wanted}");
        }
    }

    #[test]
    fn what_cannot_be_had_is_said_in_the_words_of_flux() {
        let message = "no 'podinfo' chart with version matching '6.9.9' found";
        assert_eq!(index().choose("podinfo", "6.9.9").unwrap_err(), message);
    }

    #[test]
    fn a_relative_package_lies_beside_the_index() {
        let index = index();
        let entry = index.choose("podinfo", "1.1.7").unwrap();
        let address = entry.address("https://demo.github.io/podinfo").unwrap();
        assert_eq!(address, "https://demo.github.io/podinfo/podinfo-1.1.7.tgz");
    }

    #[test]
    fn the_chart_of_the_promotion_repository_has_three_tests() {
        let templates = crate::seed::FILES
            .iter()
            .filter(|(path, _)| path.starts_with("charts/podinfo/templates/"))
            .map(|(_, contents)| std::str::from_utf8(contents).unwrap());
        let tests = templates.filter(|text| is_test_hook(text));
        let names = tests.filter_map(|text| hook_name(text, "podinfo"));
        let expected = ["healthz", "info", "version"].map(|name| format!("podinfo-{name}-test"));
        assert!(names.eq(expected));
    }
}
