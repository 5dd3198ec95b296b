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
    PushBranch(&'static str, &'static str),
    /// Image automation wrote the build of a branch into dev.
    AutomateImage(&'static str),
    /// `ana` opened a release.
    OpenRelease(&'static Release),
    /// Someone approved and merged the release that is open.
    MergeRelease(&'static str),
    /// The bot opened the promotion of a release into an environment.
    Promote(&'static str, &'static Release),
    /// Someone approved and merged the promotion into an environment.
    Merge(&'static str, &'static str),
    /// Helm acted in an environment.
    Helm(&'static str, &'static Release, DeployedStatus),
}

use DeployedStatus::{Failed, Installed, RolledBack, Upgraded};
use SeedEvent::{
    AutomateImage, Begin, Helm, Merge, MergeRelease, OpenRelease, Promote, PushBranch,
};

/// The beginning alone, in minutes ago.
pub(super) static FRESH: [(i64, SeedEvent); 5] = [
    (10, Begin),
    (8, Helm("dev-test", &FIRST, Installed)),
    (7, Helm("uat", &FIRST, Installed)),
    (6, Helm("stg", &FIRST, Installed)),
    (5, Helm("prod", &FIRST, Installed)),
];

/// The week, oldest first, in minutes ago.
pub(super) static WEEK: [(i64, SeedEvent); 44] = [
    (8640, Begin),
    (8636, Helm("dev-test", &FIRST, Installed)),
    (8635, Helm("uat", &FIRST, Installed)),
    (8634, Helm("stg", &FIRST, Installed)),
    (8633, Helm("prod", &FIRST, Installed)),
    (8400, PushBranch("green-header", "#2f6b52")),
    (8398, AutomateImage("green-header")),
    (8290, OpenRelease(&GREEN)),
    (8262, MergeRelease("li")),
    (8260, Helm("dev-test", &GREEN, Upgraded)),
    (8259, Promote("uat", &GREEN)),
    (8170, Merge("uat", "sam")),
    (8168, Helm("uat", &GREEN, Upgraded)),
    (8167, Promote("stg", &GREEN)),
    (7320, Merge("stg", "li")),
    (7318, Helm("stg", &GREEN, Upgraded)),
    (7317, Promote("prod", &GREEN)),
    (7005, Merge("prod", "li")),
    (7003, Helm("prod", &GREEN, Upgraded)),
    (5900, PushBranch("blue-header", "#34577c")),
    (5898, AutomateImage("blue-header")),
    (5760, OpenRelease(&BLUE)),
    (5698, MergeRelease("li")),
    (5696, Helm("dev-test", &BLUE, Upgraded)),
    (5695, Promote("uat", &BLUE)),
    (5599, Merge("uat", "sam")),
    (5597, Helm("uat", &BLUE, Upgraded)),
    (5596, Promote("stg", &BLUE)),
    (4559, Merge("stg", "sam")),
    (4557, Helm("stg", &BLUE, Upgraded)),
    (4556, Promote("prod", &BLUE)),
    (4259, Merge("prod", "li")),
    (4257, Helm("prod", &BLUE, Failed)),
    (4256, Helm("prod", &GREEN, RolledBack)),
    (4040, Helm("prod", &BLUE, Upgraded)),
    (430, OpenRelease(&AMBER)),
    (378, MergeRelease("li")),
    (376, Helm("dev-test", &AMBER, Upgraded)),
    (375, Promote("uat", &AMBER)),
    (190, PushBranch("fix-ui-spacing", "#7a4fb5")),
    (188, AutomateImage("fix-ui-spacing")),
    (46, Merge("uat", "sam")),
    (44, Helm("uat", &AMBER, Upgraded)),
    (42, Promote("stg", &AMBER)),
];

/// The Helm actions among the events.
pub(super) fn deployments(
    events: &'static [(i64, SeedEvent)],
    now: OffsetDateTime,
) -> Vec<Deployed> {
    events
        .iter()
        .filter_map(|(ago, event)| match event {
            Helm(environment, release, status) => Some(Deployed {
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
