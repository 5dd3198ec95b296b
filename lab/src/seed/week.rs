//! The seeded week: each event with its age in minutes.

use time::{Duration, OffsetDateTime};

use super::history::{Deployed, DeployedStatus};

/// One release of the week.
pub(super) struct Release {
    pub(super) chart: &'static str,
    pub(super) app: &'static str,
    pub(super) color: &'static str,
}

/// The release that the repository's first commit is.
pub(super) static FIRST: Release = Release {
    chart: "1.1.4",
    app: "5.1.5",
    color: "#8a8f99",
};

/// The releases after it.
static GREEN: Release = Release {
    chart: "1.1.5",
    app: "5.1.6",
    color: "#2f6b52",
};
static BLUE: Release = Release {
    chart: "1.1.6",
    app: "5.1.7",
    color: "#34577c",
};
static AMBER: Release = Release {
    chart: "1.1.7",
    app: "5.1.8",
    color: "#b8791f",
};

/// An event of the seeded history.
pub(super) enum SeedEvent {
    /// The repository's first commit.
    Begin,
    /// `ana` pushed a branch with another colour.
    PushBranch {
        branch: &'static str,
        color: &'static str,
    },
    /// Image automation wrote that branch's build into dev.
    AutomateImage { branch: &'static str },
    /// `ana` opened a release.
    OpenRelease(&'static Release),
    /// The bot opened a promotion.
    OpenPromotion {
        to: &'static str,
        release: &'static Release,
    },
    /// Someone approved and merged the release or promotion that is open.
    Merge {
        to: Option<&'static str>,
        by: &'static str,
    },
    /// Helm acted in an environment.
    Helm {
        environment: &'static str,
        release: &'static Release,
        status: DeployedStatus,
    },
}

use DeployedStatus::{Failed, Installed, RolledBack, Upgraded};
use SeedEvent::{AutomateImage, Begin, Helm, Merge, OpenPromotion, OpenRelease, PushBranch};

const fn helm(
    environment: &'static str,
    release: &'static Release,
    status: DeployedStatus,
) -> SeedEvent {
    Helm {
        environment,
        release,
        status,
    }
}

const fn push_branch(branch: &'static str, color: &'static str) -> SeedEvent {
    PushBranch { branch, color }
}

const fn automate_image(branch: &'static str) -> SeedEvent {
    AutomateImage { branch }
}

const fn promote(to: &'static str, release: &'static Release) -> SeedEvent {
    OpenPromotion { to, release }
}

const fn merge(to: &'static str, by: &'static str) -> SeedEvent {
    Merge { to: Some(to), by }
}

const fn merge_release(by: &'static str) -> SeedEvent {
    Merge { to: None, by }
}

/// The beginning alone, in minutes ago.
pub(super) static FRESH: [(i64, SeedEvent); 5] = [
    (10, Begin),
    (8, helm("dev-test", &FIRST, Installed)),
    (7, helm("uat", &FIRST, Installed)),
    (6, helm("stg", &FIRST, Installed)),
    (5, helm("prod", &FIRST, Installed)),
];

/// The week, oldest first, in minutes ago.
pub(super) static WEEK: [(i64, SeedEvent); 44] = [
    (8640, Begin),
    (8636, helm("dev-test", &FIRST, Installed)),
    (8635, helm("uat", &FIRST, Installed)),
    (8634, helm("stg", &FIRST, Installed)),
    (8633, helm("prod", &FIRST, Installed)),
    (8400, push_branch("green-header", "#2f6b52")),
    (8398, automate_image("green-header")),
    (8290, OpenRelease(&GREEN)),
    (8262, merge_release("li")),
    (8260, helm("dev-test", &GREEN, Upgraded)),
    (8259, promote("uat", &GREEN)),
    (8170, merge("uat", "sam")),
    (8168, helm("uat", &GREEN, Upgraded)),
    (8167, promote("stg", &GREEN)),
    (7320, merge("stg", "li")),
    (7318, helm("stg", &GREEN, Upgraded)),
    (7317, promote("prod", &GREEN)),
    (7005, merge("prod", "li")),
    (7003, helm("prod", &GREEN, Upgraded)),
    (5900, push_branch("blue-header", "#34577c")),
    (5898, automate_image("blue-header")),
    (5760, OpenRelease(&BLUE)),
    (5698, merge_release("li")),
    (5696, helm("dev-test", &BLUE, Upgraded)),
    (5695, promote("uat", &BLUE)),
    (5599, merge("uat", "sam")),
    (5597, helm("uat", &BLUE, Upgraded)),
    (5596, promote("stg", &BLUE)),
    (4559, merge("stg", "sam")),
    (4557, helm("stg", &BLUE, Upgraded)),
    (4556, promote("prod", &BLUE)),
    (4259, merge("prod", "li")),
    (4257, helm("prod", &BLUE, Failed)),
    (4256, helm("prod", &GREEN, RolledBack)),
    (4040, helm("prod", &BLUE, Upgraded)),
    (430, OpenRelease(&AMBER)),
    (378, merge_release("li")),
    (376, helm("dev-test", &AMBER, Upgraded)),
    (375, promote("uat", &AMBER)),
    (190, push_branch("fix-ui-spacing", "#7a4fb5")),
    (188, automate_image("fix-ui-spacing")),
    (46, merge("uat", "sam")),
    (44, helm("uat", &AMBER, Upgraded)),
    (42, promote("stg", &AMBER)),
];

/// The Helm actions among the events.
pub(super) fn deployments(
    events: &'static [(i64, SeedEvent)],
    now: OffsetDateTime,
) -> Vec<Deployed> {
    events
        .iter()
        .filter_map(|(ago, event)| match event {
            Helm {
                environment,
                release,
                status,
            } => Some(Deployed {
                environment,
                chart_version: release.chart,
                app_version: release.app,
                at: now - Duration::minutes(*ago),
                status: *status,
            }),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_week_is_told_in_order() {
        assert!(WEEK.windows(2).all(|pair| pair[0].0 > pair[1].0));
    }

    #[test]
    fn no_environment_has_more_entries_than_flux_keeps() {
        let history = deployments(&WEEK, OffsetDateTime::UNIX_EPOCH);
        for environment in ["dev-test", "uat", "stg", "prod"] {
            let entries = history
                .iter()
                .filter(|entry| entry.environment == environment);
            assert!(entries.count() <= 5, "{environment}");
        }
    }

    #[test]
    fn prod_failed_once_and_succeeded_hours_later() {
        let history = deployments(&WEEK, OffsetDateTime::UNIX_EPOCH);
        let prod: Vec<_> = history
            .iter()
            .filter(|entry| entry.environment == "prod")
            .map(|entry| (entry.chart_version, entry.status))
            .collect();
        assert_eq!(
            prod,
            [
                ("1.1.4", Installed),
                ("1.1.5", Upgraded),
                ("1.1.6", Failed),
                ("1.1.5", RolledBack),
                ("1.1.6", Upgraded),
            ]
        );
    }
}
