//! Chart repositories and charts as source-controller and Helm read them: the index, the choice of a
//! version, the package.

use std::collections::BTreeMap;
use std::io::Read as _;

use anyhow::{Context as _, bail};
use flate2::read::GzDecoder;
use semver::{Version, VersionReq};
use serde::Deserialize;
use serde_json::{Map, Value};
use url::Url;

/// A chart repository's `index.yaml`.
#[derive(Debug, Deserialize)]
pub struct Index {
    /// The versions of each chart.
    #[serde(default)]
    pub entries: BTreeMap<String, Vec<Entry>>,
}

/// One version of one chart in an index.
#[derive(Clone, Debug, Deserialize)]
pub struct Entry {
    /// The chart's version.
    pub version: String,
    /// Where its package is, absolute or relative to the index.
    pub urls: Vec<String>,
}

impl Index {
    /// Reads an `index.yaml`.
    ///
    /// # Errors
    /// When it is none.
    pub fn read(text: &str) -> anyhow::Result<Self> {
        serde_saphyr::from_str(text).context("reading index.yaml")
    }

    /// The newest version of a chart that `wanted` allows: an exact version or a range.
    ///
    /// # Errors
    /// With source-controller's message when there is none.
    pub fn choose(&self, chart: &str, wanted: &str) -> Result<&Entry, String> {
        let none = || format!("no '{chart}' chart with version matching '{wanted}' found");
        let range = Range::read(wanted).ok_or_else(none)?;
        self.entries
            .get(chart)
            .into_iter()
            .flatten()
            .filter_map(|entry| Some((Version::parse(&entry.version).ok()?, entry)))
            .filter(|(version, _)| range.allows(version))
            .max_by(|(one, _), (other, _)| one.cmp(other))
            .map(|(_, entry)| entry)
            .ok_or_else(none)
    }
}

impl Entry {
    /// The address of the package.
    ///
    /// # Errors
    /// When the entry has none.
    pub fn address(&self, repository: &str) -> anyhow::Result<String> {
        let url = self.urls.first().context("the chart has no URL")?;
        if url.contains("://") {
            return Ok(url.clone());
        }
        let base = format!("{}/", repository.trim_end_matches('/'));
        Ok(Url::parse(&base)?.join(url)?.to_string())
    }
}

/// What a `version:` allows, as Helm reads it: `1.2.3` is exact, the rest are ranges.
enum Range {
    Exact(Version),
    AnyOf(Vec<VersionReq>),
}

impl Range {
    fn read(text: &str) -> Option<Self> {
        let text = text.trim().trim_start_matches('v');
        if let Ok(version) = Version::parse(text) {
            return Some(Self::Exact(version));
        }
        let alternatives = if text.is_empty() { "*" } else { text };
        alternatives
            .split("||")
            .map(|alternative| {
                // Helm separates comparators by spaces too; the semver crate only by commas.
                let joined = alternative.trim().replace(", ", ",");
                let joined = joined
                    .replace(" - ", " <=")
                    .replace("> ", ">")
                    .replace("< ", "<");
                VersionReq::parse(&joined.replace("= ", "=").replace(' ', ",")).ok()
            })
            .collect::<Option<Vec<_>>>()
            .map(Self::AnyOf)
    }

    fn allows(&self, version: &Version) -> bool {
        match self {
            Self::Exact(wanted) => wanted == version,
            Self::AnyOf(ranges) => ranges.iter().any(|range| range.matches(version)),
        }
    }
}

/// A chart's package, read.
#[derive(Clone, Debug)]
pub struct Chart {
    /// The chart's name.
    pub name: String,
    /// The chart's version.
    pub version: String,
    /// The version of what it deploys.
    pub app_version: String,
    /// Its `values.yaml`.
    pub values: Value,
    /// The names of its test hooks, for a release named as it is.
    pub tests: Vec<String>,
    /// SHA-256 of the package, hexadecimal.
    pub digest: String,
    /// Size of the package in bytes.
    pub size: usize,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    name: String,
    version: String,
    #[serde(default)]
    app_version: String,
}

impl Chart {
    /// Reads a package (`.tgz`).
    ///
    /// # Errors
    /// When it is none, or has no `Chart.yaml`.
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
        let Some(metadata) = files.get("Chart.yaml") else {
            bail!("Chart.yaml file is missing");
        };
        let metadata: Metadata = serde_saphyr::from_str(metadata).context("reading Chart.yaml")?;
        let values = match files.get("values.yaml") {
            Some(values) => super::yaml::document(values).context("reading values.yaml")?,
            None => Value::Object(Map::new()),
        };
        let tests = files
            .iter()
            .filter(|(path, text)| path.starts_with("templates/") && is_test_hook(text))
            .filter_map(|(_, text)| hook_name(text, &metadata.name))
            .collect();
        Ok(Self {
            name: metadata.name,
            version: metadata.version,
            app_version: metadata.app_version,
            values,
            tests,
            digest: super::sha256(package),
            size: package.len(),
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
    let name = template
        .lines()
        .find_map(|line| line.trim().strip_prefix("name:"))?;
    Some(
        name.replace("{{ .Release.Name }}", release)
            .trim()
            .trim_matches('"')
            .to_owned(),
    )
}

/// Lays one set of values over another, as Helm does: objects merge, null takes away, the rest
/// replaces.
#[must_use]
pub fn overlay(mut values: Value, over: &Value) -> Value {
    let (Some(fields), Some(over)) = (values.as_object_mut(), over.as_object()) else {
        return over.clone();
    };
    for (name, value) in over {
        if value.is_null() {
            fields.remove(name);
        } else {
            let present = fields.remove(name).unwrap_or(Value::Null);
            fields.insert(name.clone(), overlay(present, value));
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn index() -> Index {
        Index::read(
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
            let found = index()
                .choose("podinfo", wanted)
                .map(|entry| entry.version.clone());
            assert_eq!(found.ok().as_deref(), chosen, "{wanted}");
        }
    }

    #[test]
    fn what_cannot_be_had_is_said_in_the_words_of_flux() {
        assert_eq!(
            index().choose("podinfo", "6.9.9").unwrap_err(),
            "no 'podinfo' chart with version matching '6.9.9' found"
        );
    }

    #[test]
    fn a_relative_package_lies_beside_the_index() {
        let entry = index().choose("podinfo", "1.1.7").unwrap().clone();
        assert_eq!(
            entry.address("https://demo.github.io/podinfo").unwrap(),
            "https://demo.github.io/podinfo/podinfo-1.1.7.tgz"
        );
    }

    #[test]
    fn values_are_laid_over_those_of_the_chart() {
        let chart = json!({"image": {"repository": "r", "tag": "1"}, "ui": {"color": ""}});
        let over = json!({"image": {"tag": "2"}, "ui": null});
        assert_eq!(
            overlay(chart, &over),
            json!({"image": {"repository": "r", "tag": "2"}})
        );
    }

    #[test]
    fn the_chart_of_the_promotion_repository_has_three_tests() {
        let names: Vec<String> = crate::seed::FILES
            .iter()
            .filter(|(path, _)| path.starts_with("charts/podinfo/templates/"))
            .map(|(_, contents)| std::str::from_utf8(contents).unwrap())
            .filter(|text| is_test_hook(text))
            .filter_map(|text| hook_name(text, "podinfo"))
            .collect();
        let expected = ["healthz", "info", "version"].map(|name| format!("podinfo-{name}-test"));
        assert_eq!(names, expected);
    }
}
