//! ImagePolicy: chooses one tag of an ImageRepository.

use regex::Regex;
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

/// The tag that an ImagePolicy with this spec chooses: of those that its pattern matches, the one with
/// the highest number, which is all that the promotion repository asks for; else
/// image-reflector-controller's message.
pub fn choose(spec: &Value, tags: &[String]) -> Result<String, String> {
    let pattern = text(spec, "/filterTags/pattern").unwrap_or(".*");
    let pattern = Regex::new(pattern).map_err(|error| format!("invalid filterTags: {error}"))?;
    let extract = text(spec, "/filterTags/extract").unwrap_or("$0");
    let candidates = tags.iter().filter_map(|tag| {
        let mut number = String::new();
        pattern.captures(tag)?.expand(extract, &mut number);
        Some((number.parse::<u64>().ok()?, tag))
    });
    let newest = candidates.max_by_key(|(number, _)| *number);
    let newest = newest.map(|(_, tag)| tag.clone());
    newest.ok_or_else(|| "version list argument cannot be empty".to_owned())
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
}
