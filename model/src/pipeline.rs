//! One application's ordered row of environments, as it is configured.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The name of an environment, such as `uat`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct EnvironmentName(pub String);

impl EnvironmentName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for EnvironmentName {
    fn from(name: &str) -> Self {
        Self(name.to_owned())
    }
}

impl fmt::Display for EnvironmentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a pipeline is called: the application's namespace and name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema, utoipa::IntoParams), into_params(parameter_in = Path))]
pub struct PipelineName {
    /// The application's namespace.
    pub namespace: String,
    /// The application's name.
    pub name: String,
}

impl fmt::Display for PipelineName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// A repository on GitHub.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RepositoryName {
    /// The user or organisation.
    pub owner: String,
    /// The repository's name.
    pub name: String,
}

impl fmt::Display for RepositoryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.name)
    }
}

/// The namespace and name of a Kubernetes object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ObjectName {
    /// The object's namespace.
    pub namespace: String,
    /// The object's name.
    pub name: String,
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// How a release gets into an environment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum GateKind {
    /// By itself: image automation, or a version range that Flux follows.
    Automatic,
    /// By a promotion pull request that a person approves.
    #[default]
    Approval,
}

/// What deploys the application in a target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deployer {
    /// A HelmRelease of Flux.
    HelmRelease(ObjectName),
    /// A plain Deployment, as in dev.
    Deployment(ObjectName),
}

/// Where a HelmRelease has its chart from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ChartSourceKind {
    /// An index of charts, in which Flux keeps a HelmChart for each release.
    HelmRepository,
    /// A chart in a registry (`spec.chartRef`).
    OCIRepository,
    /// A HelmChart that several releases may share (`spec.chartRef`).
    HelmChart,
}

/// A source of charts by its kind and name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChartSource {
    /// `HelmRepository`, `OCIRepository` or `HelmChart`.
    pub kind: ChartSourceKind,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// The objects that write the newest image into git.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageAutomation {
    /// The ImagePolicy that chooses the image.
    pub policy: ObjectName,
    /// The ImageUpdateAutomation that commits it.
    pub automation: ObjectName,
}

/// What else is known of how Flux serves a target.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FluxSpec {
    /// Where the chart comes from, where that is not a HelmRepository beside the HelmRelease.
    pub chart_source: Option<ChartSource>,
    /// What writes the image into git, where something does.
    pub image_automation: Option<ImageAutomation>,
    /// Whether Weft cannot look into the cluster and knows it by its notifications only.
    pub told_only: bool,
}

/// One place where the application runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetSpec {
    /// What people call it; the cluster's name by default.
    pub name: String,
    /// The cluster it is in.
    pub cluster: String,
    /// The GitRepository that the Kustomization reads.
    pub git_repository: ObjectName,
    /// The Kustomization that applies the declaration.
    pub kustomization: ObjectName,
    /// What deploys the application.
    pub deployer: Deployer,
    /// Where Weft asks the live app, such as `http://podinfo.app-podinfo:9898`.
    pub live_url: String,
    /// What else is known of how Flux serves it.
    #[serde(default)]
    pub flux: FluxSpec,
}

/// One stage of the row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvironmentSpec {
    /// Its name.
    pub name: EnvironmentName,
    /// How a release gets in.
    pub gate: GateKind,
    /// Whether users see this environment, so that its card must be user_facing.
    pub user_facing: bool,
    /// The file in git that declares the version, from the repository's root.
    pub path: String,
    /// Where a person opens the app.
    pub link: Option<String>,
    /// Where it runs; at least one.
    pub targets: Vec<TargetSpec>,
}

/// A pipeline as it is configured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PipelineSpec {
    /// Its name.
    pub name: PipelineName,
    /// The promotion repository.
    pub repository: RepositoryName,
    /// The branch that Flux follows.
    pub branch: String,
    /// The row, in order.
    pub environments: Vec<EnvironmentSpec>,
}

impl PipelineSpec {
    /// The environment of that name.
    #[must_use]
    pub fn environment(&self, name: &EnvironmentName) -> Option<&EnvironmentSpec> {
        self.environments
            .iter()
            .find(|environment| environment.name == *name)
    }

    /// The branch of the pull request that promotes into `environment`.
    #[must_use]
    pub fn promotion_branch(&self, environment: &EnvironmentName) -> String {
        promotion_branch(&self.name.namespace, &self.name.name, environment)
    }
}

/// The branch of the pull request that promotes an application into `environment`.
#[must_use]
pub fn promotion_branch(namespace: &str, name: &str, environment: &EnvironmentName) -> String {
    format!("promotion-{namespace}-{name}-{environment}")
}
