//! The order in which environments are promoted, as the repository declares it.

use model::EnvironmentName;
use model::pipeline::promotion_branch;
use serde::Deserialize;

use crate::InvalidRelease;

/// The path of the file that declares it.
pub const PROMOTION_FILE: &str = "promotion.yaml";

/// The largest number of environments.
const LIMIT: usize = 20;

/// An application and its environments in the order of promotion.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PromotionOrder {
    /// The namespace of its HelmRelease.
    pub namespace: String,
    /// The name of its HelmRelease.
    pub name: String,
    pub environments: Vec<EnvironmentName>,
}

impl PromotionOrder {
    /// Parses `promotion.yaml`.
    ///
    /// # Errors
    /// When it is malformed, has fewer than 2 or more than 20 environments, or names one twice or in letters
    /// that Kubernetes does not allow.
    pub fn read(text: &str) -> Result<Self, InvalidRelease> {
        let wrong = |why: String| InvalidRelease::new(format!("{PROMOTION_FILE}: {why}"));
        let order: Self = serde_saphyr::from_str(text).map_err(|error| {
            let message = error.to_string();
            wrong(message.lines().next().unwrap_or_default().to_owned())
        })?;
        let names = order.environments.iter().map(EnvironmentName::as_str);
        for name in names.chain([order.namespace.as_str(), order.name.as_str()]) {
            if !is_label(name) {
                return Err(wrong(format!("{name:?} is no Kubernetes name")));
            }
        }
        for (at, environment) in order.environments.iter().enumerate() {
            if order.environments[..at].contains(environment) {
                return Err(wrong(format!("{} is named twice", environment.as_str())));
            }
        }
        if order.environments.len() < 2 || order.environments.len() > LIMIT {
            return Err(wrong(format!("name 2 to {LIMIT} environments")));
        }
        Ok(order)
    }

    /// Returns the environment that follows; `None` after the last, and for one that is not on the order.
    #[must_use]
    pub fn after(&self, environment: &str) -> Option<&EnvironmentName> {
        let at = self.at(environment)?;
        self.environments.get(at + 1)
    }

    /// Returns the index of an environment.
    #[must_use]
    pub fn at(&self, environment: &str) -> Option<usize> {
        let mut names = self.environments.iter();
        names.position(|name| name.as_str() == environment)
    }

    /// Returns the head branch of the promotion into an environment.
    #[must_use]
    pub fn branch(&self, environment: &EnvironmentName) -> String {
        promotion_branch(&self.namespace, &self.name, environment)
    }
}

/// Whether a name is an RFC 1123 label, as Kubernetes requires.
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

    pub(crate) fn order() -> PromotionOrder {
        PromotionOrder::read("namespace: app-podinfo\nname: podinfo\nenvironments: [dev, dev-test, uat, stg, prod]\n")
            .unwrap()
    }

    #[test]
    fn what_follows_is_said_by_the_row() {
        let order = order();
        assert_eq!(order.after("dev-test").unwrap().as_str(), "uat");
        assert_eq!(order.after("prod"), None);
        assert_eq!(order.after("nowhere"), None);
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
            let error = PromotionOrder::read(&format!("{start}{rest}\n"))
                .unwrap_err()
                .0;
            assert!(
                error.starts_with("promotion.yaml: ") && error.contains(why),
                "{error}"
            );
        }
    }
}
