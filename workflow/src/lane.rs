//! The row in which a release travels, as the repository itself says it.

use model::EnvironmentName;
use model::pipeline::promotion_branch;
use serde::Deserialize;

use crate::Refused;

/// The file that says it.
pub const LANE: &str = "promotion.yaml";

/// The most environments that a row may have.
const LIMIT: usize = 20;

/// The application and its environments in their order.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lane {
    /// The namespace of its HelmRelease.
    pub namespace: String,
    /// The name of its HelmRelease.
    pub name: String,
    /// The environments in their order.
    pub environments: Vec<EnvironmentName>,
}

impl Lane {
    /// Reads `promotion.yaml`.
    ///
    /// # Errors
    /// When it is not one, or names an environment twice, or in letters that no folder has.
    pub fn read(text: &str) -> Result<Self, Refused> {
        let wrong = |why: String| Refused::new(format!("{LANE}: {why}"));
        let lane: Self = serde_saphyr::from_str(text).map_err(|error| {
            let message = error.to_string();
            wrong(message.lines().next().unwrap_or_default().to_owned())
        })?;
        let names = lane.environments.iter().map(EnvironmentName::as_str);
        for name in names.chain([lane.namespace.as_str(), lane.name.as_str()]) {
            if !is_label(name) {
                return Err(wrong(format!("{name:?} is no Kubernetes name")));
            }
        }
        for (at, environment) in lane.environments.iter().enumerate() {
            if lane.environments[..at].contains(environment) {
                return Err(wrong(format!("{} is named twice", environment.as_str())));
            }
        }
        if lane.environments.len() < 2 || lane.environments.len() > LIMIT {
            return Err(wrong(format!("name 2 to {LIMIT} environments")));
        }
        Ok(lane)
    }

    /// The environment that follows; `None` after the last, and for one that is not on the lane.
    #[must_use]
    pub fn after(&self, environment: &str) -> Option<&EnvironmentName> {
        let at = self.at(environment)?;
        self.environments.get(at + 1)
    }

    /// The place of an environment.
    #[must_use]
    pub fn at(&self, environment: &str) -> Option<usize> {
        let mut names = self.environments.iter();
        names.position(|name| name.as_str() == environment)
    }

    /// The branch of the promotion into an environment.
    #[must_use]
    pub fn branch(&self, environment: &EnvironmentName) -> String {
        promotion_branch(&self.namespace, &self.name, environment)
    }
}

/// An RFC 1123 label, as Kubernetes names things.
fn is_label(name: &str) -> bool {
    (1..=63).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !name.starts_with('-')
        && !name.ends_with('-')
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn lane() -> Lane {
        Lane::read("namespace: app-podinfo\nname: podinfo\nenvironments: [dev, dev-test, uat, stg, prod]\n")
            .unwrap()
    }

    #[test]
    fn what_follows_is_said_by_the_row() {
        let lane = lane();
        assert_eq!(lane.after("dev-test").unwrap().as_str(), "uat");
        assert_eq!(lane.after("prod"), None);
        assert_eq!(lane.after("nowhere"), None);
    }

    #[test]
    fn a_row_that_cannot_be_right_is_refused_with_its_reason() {
        let start = "namespace: a\nname: b\n";
        for (rest, why) in [
            ("environments: [dev, dev]", "dev is named twice"),
            ("environments: [dev, ../x]", "no Kubernetes name"),
            ("environments: [dev]", "2 to 20"),
            ("environments: [dev, uat]\nother: 1", "unknown"),
        ] {
            let error = Lane::read(&format!("{start}{rest}\n")).unwrap_err().0;
            assert!(
                error.starts_with("promotion.yaml: ") && error.contains(why),
                "{error}"
            );
        }
    }
}
