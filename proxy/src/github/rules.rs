//! The rulesets of a branch.

use model::pipeline::RepositoryName;
use serde::Deserialize;
use serde_json::Value;

use super::transport::{CachePolicy, repository_path};
use super::{Credentials, Error, GitHub};

/// The requirements of a merge into a branch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// The number of required approvals.
    pub approvals: u32,
    /// The names of required checks.
    pub checks: Vec<String>,
}

impl Rules {
    /// Joins two sets of rules: the stricter count and all checks.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.approvals = self.approvals.max(other.approvals);
        self.checks.extend(other.checks);
        self.checks.sort();
        self.checks.dedup();
        self
    }
}

#[derive(Deserialize)]
struct Rule {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    parameters: Value,
}

impl GitHub {
    /// Returns the rulesets of a branch (`repos/get-branch-rules`). Classic protection comes with the pull request.
    pub async fn branch_rules(
        &self,
        credentials: Credentials<'_>,
        repository: &RepositoryName,
        branch: &str,
    ) -> Result<Rules, Error> {
        let path = repository_path(repository, &["rules", "branches", branch]);
        let rules: Vec<Rule> = self
            .get(
                credentials,
                &path,
                &[("per_page", "100")],
                CachePolicy::Revalidate,
            )
            .await?;
        Ok(rules.iter().map(read).fold(Rules::default(), Rules::and))
    }
}

fn read(rule: &Rule) -> Rules {
    match rule.kind.as_str() {
        "pull_request" => Rules {
            approvals: rule
                .parameters
                .get("required_approving_review_count")
                .and_then(Value::as_u64)
                .and_then(|count| u32::try_from(count).ok())
                .unwrap_or(0),
            checks: Vec::new(),
        },
        "required_status_checks" => Rules {
            approvals: 0,
            checks: rule
                .parameters
                .get("required_status_checks")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(|check| check.get("context")?.as_str().map(ToOwned::to_owned))
                .collect(),
        },
        _ => Rules::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stricter_of_two_rules_holds_and_unknown_rules_are_left_to_github() {
        let rules: Vec<Rule> = serde_json::from_value(serde_json::json!([
            {"type": "pull_request", "parameters": {"required_approving_review_count": 1}},
            {"type": "pull_request", "parameters": {"required_approving_review_count": 2}},
            {"type": "required_status_checks", "parameters": {"required_status_checks": [{"context": "test"}]}},
            {"type": "tomorrow"},
        ]))
        .unwrap();
        let rules = rules.iter().map(read).fold(Rules::default(), Rules::and);
        assert_eq!(
            rules,
            Rules {
                approvals: 2,
                checks: vec!["test".into()]
            }
        );
    }
}
