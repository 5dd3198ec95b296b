//! The state of one environment and of its targets, as a board holds it.

use serde::{Deserialize, Serialize};

use crate::chain::{Link, Verdict, VerdictState};
use crate::{ChartVersion, EnvironmentName, Release, Timestamp};

/// One target of an environment that has several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TargetView {
    pub name: String,
    /// What the live app answers, and the chart that Helm deployed where both agree.
    pub release: Release,
    pub links: Vec<Link>,
    pub state: VerdictState,
}

/// One environment of a pipeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EnvironmentView {
    pub name: EnvironmentName,
    /// Whether users see this environment.
    pub user_facing: bool,
    /// The URL at which a person opens the app.
    pub link: Option<String>,
    /// What the live app serves, in the colour that it answered.
    pub release: Release,
    /// What git asks for: a version, a range that nothing was found for yet, or an image tag.
    pub desired: Option<String>,
    /// The chart version to hold: the pinned one, or the newest that a target's range resolved to.
    pub desired_chart: Option<ChartVersion>,
    /// The worst verdict of the targets.
    pub verdict: Verdict,
    /// The four links of the target with that verdict.
    pub links: Vec<Link>,
    /// A line such as `follows >=0.0.3` or `approved by sam in #64`; empty where there is none.
    pub note: String,
    /// Whether Flux's commit status is `success` while the verdict is failed.
    pub status_is_misleading: bool,
    /// A sentence about Flux's commit status where it contradicts the verdict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit_status: Option<String>,
    /// When the live app last answered; of several apps the earliest, `None` if one never did.
    pub seen_at: Option<Timestamp>,
    /// Empty where there is only one target.
    pub targets: Vec<TargetView>,
}
