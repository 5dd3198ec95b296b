//! The facts of the seeded history.

use serde::Serialize;
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

/// The files of the promotion repository, `(path, contents)`, as they were when the lab was built.
pub(crate) static FILES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/gitops.rs"));

/// The history that a forge starts with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seed {
    /// One commit and the release 1.1.4, everywhere.
    Fresh,
    /// A week: three releases carried to prod, a fourth waiting for its approval into stg, a branch
    /// build in dev.
    Week,
}

/// The outcome of a Helm action of the seeded history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeployedStatus {
    /// The first install.
    Installed,
    /// An upgrade that succeeded, its tests too.
    Upgraded,
    /// An upgrade that failed.
    Failed,
    /// The rollback to an older version that followed a failure.
    RolledBack,
}

/// One Helm action of the seeded history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Deployed {
    /// The environment: `dev-test`, `uat`, `stg` or `prod`.
    pub environment: &'static str,
    /// The chart's version; of a rollback, the one rolled back to.
    pub chart_version: &'static str,
    /// The container's version.
    pub app_version: &'static str,
    /// The end of the action.
    #[serde(serialize_with = "time::serde::rfc3339::serialize")]
    pub at: OffsetDateTime,
    pub status: DeployedStatus,
}

/// The UID of an environment's commit-status Provider: its first group is part of each status's
/// context, so the seeded statuses and the live ones must agree on it.
#[must_use]
pub fn provider_uid(environment: &str) -> String {
    let digest = hex::encode(Sha256::digest(format!("commit-status {environment}")));
    format!(
        "{}-{}-4{}-a{}-{}",
        &digest[..8],
        &digest[8..12],
        &digest[13..16],
        &digest[17..20],
        &digest[20..32]
    )
}

/// The context of an environment's commit statuses, as notification-controller forms it.
#[must_use]
pub fn status_context(environment: &str) -> String {
    format!(
        "kustomization/app-promo-podinfo-{environment}/{}",
        &provider_uid(environment)[..8]
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_repository_has_its_charts_and_environments() {
        for path in [
            "charts/podinfo/Chart.yaml",
            "environments/prod/podinfo-helmrelease.yaml",
        ] {
            assert!(FILES.iter().any(|(name, _)| *name == path), "{path}");
        }
    }

    #[test]
    fn a_provider_uid_looks_like_one_and_stays_the_same() {
        let uid = provider_uid("uat");
        assert_eq!(uid.len(), 36);
        assert_eq!(uid, provider_uid("uat"));
        assert_ne!(uid, provider_uid("stg"));
    }
}
