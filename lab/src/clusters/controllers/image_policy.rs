//! ImagePolicy: chooses one tag of an ImageRepository.

use regex::Regex;
use semver::{Version, VersionReq};
use serde_json::{Value, json};

use super::{Next, Reconciler};
use crate::clusters::kinds::IMAGE_REPOSITORY;
use crate::clusters::object::{Key, text};
use crate::clusters::registry::parts;

impl Reconciler<'_> {
    pub(super) async fn image_policy(&self) -> Next {
        let reference = &self.object["spec"]["imageRepositoryRef"];
        let namespace = text(reference, "/namespace").unwrap_or(&self.key.namespace);
        let name = text(reference, "/name").unwrap_or_default();
        let repository = Key::new(&IMAGE_REPOSITORY, namespace, name);
        let tags = self.context.artifacts.tags.get(&repository);
        let (Some(tags), Some(repository)) = (tags, self.context.store.get(&repository)) else {
            let message = "referenced ImageRepository has not been scanned yet";
            self.edit(|status| status.set("Ready", "False", "DependencyNotReady", message))
                .await;
            return Next::WhenTriggered;
        };
        let (host, path, _) = parts(text(&repository, "/spec/image").unwrap_or_default());
        let image = format!("{host}/{path}");
        let chosen = choose(&self.object["spec"], &tags);
        self.edit(|status| {
            status.observe();
            match chosen {
                Ok(tag) => {
                    let message = format!("Latest image tag for {image} resolved to {tag}");
                    status.put("latestRef", json!({"name": image, "tag": tag}));
                    status.set("Ready", "True", "Succeeded", &message);
                }
                Err(error) => status.set("Ready", "False", "Failure", &error),
            }
        })
        .await;
        Next::WhenTriggered
    }
}

/// The tag that an ImagePolicy with this spec chooses.
///
/// # Errors
/// With image-reflector-controller's message, when none fits.
pub fn choose(spec: &Value, tags: &[String]) -> Result<String, String> {
    let pattern = text(spec, "/filterTags/pattern").unwrap_or(".*");
    let pattern = Regex::new(pattern).map_err(|error| format!("invalid filterTags: {error}"))?;
    let extract = text(spec, "/filterTags/extract").filter(|extract| !extract.is_empty());
    let candidates = tags.iter().filter_map(|tag| {
        let captures = pattern.captures(tag)?;
        let mut key = String::new();
        match extract {
            Some(extract) => captures.expand(extract, &mut key),
            None => key.push_str(tag),
        }
        Some((key, tag))
    });
    let candidates: Vec<(String, &String)> = candidates.collect();
    if candidates.is_empty() {
        return Err("version list argument cannot be empty".to_owned());
    }
    let candidates = candidates.into_iter();
    let policy = &spec["policy"];
    let orders = ["numerical", "alphabetical"].map(|kind| &policy[kind]["order"]);
    let descending = orders.into_iter().any(|order| order == "desc");
    let chosen = if policy.get("numerical").is_some() {
        let keyed = candidates.filter_map(|(key, tag)| Some((key.parse::<u64>().ok()?, tag)));
        last(keyed, descending)
    } else if let Some(range) = text(policy, "/semver/range") {
        let range = VersionReq::parse(range).map_err(|error| format!("invalid range: {error}"))?;
        let keyed = candidates.filter_map(|(key, tag)| Some((Version::parse(&key).ok()?, tag)));
        last(keyed.filter(|(version, _)| range.matches(version)), false)
    } else {
        last(candidates, descending)
    };
    chosen.ok_or_else(|| "unable to determine latest version from provided list".to_owned())
}

fn last<'a, K: Ord>(
    keyed: impl Iterator<Item = (K, &'a String)>,
    descending: bool,
) -> Option<String> {
    let last = keyed.max_by(|(one, _), (other, _)| match descending {
        true => other.cmp(one),
        false => one.cmp(other),
    });
    last.map(|(_, tag)| tag.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_branch_build_with_the_newest_time_is_chosen_whatever_its_branch() {
        let spec = json!({
            "filterTags": {"pattern": "^.+-[a-f0-9]{7}-(?P<ts>[0-9]+)$", "extract": "$ts"},
            "policy": {"numerical": {"order": "asc"}},
        });
        let tags = ["5.1.8", "zebra-aaaaaaa-900", "fix-ui-1a2b3c4-1700000000"].map(str::to_owned);
        assert_eq!(choose(&spec, &tags).unwrap(), "fix-ui-1a2b3c4-1700000000");
        assert!(choose(&spec, &tags[..1]).is_err());
    }

    #[test]
    fn a_semver_policy_takes_the_highest_in_its_range() {
        let spec = json!({"policy": {"semver": {"range": "5.1.x"}}});
        let tags = ["5.1.9", "5.1.10", "6.0.0"].map(str::to_owned);
        assert_eq!(choose(&spec, &tags).unwrap(), "5.1.10");
    }
}
