//! The configuration of a pipeline: the environments of one application in the order of promotion.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The name of an environment, such as `uat`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct EnvironmentName(pub String);

impl EnvironmentName {
    /// Returns the name as text.
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

/// The name of a pipeline: the namespace and name of the application.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema, utoipa::IntoParams), into_params(parameter_in = Path))]
pub struct PipelineName {
    pub namespace: String,
    pub name: String,
}

impl PipelineName {
    /// The pipeline of an application.
    #[must_use]
    pub fn new(namespace: &str, name: &str) -> Self {
        Self {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        }
    }

    /// Reads `namespace/name`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (namespace, name) = text.split_once('/')?;
        Some(Self::new(namespace, name))
    }
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
    /// A user or an organisation.
    pub owner: String,
    pub name: String,
}

impl RepositoryName {
    /// The repository of an owner.
    #[must_use]
    pub fn new(owner: &str, name: &str) -> Self {
        Self {
            owner: owner.to_owned(),
            name: name.to_owned(),
        }
    }

    /// Reads `owner/name`, of which neither is empty and nothing follows.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (owner, name) = text.split_once('/')?;
        let is_whole = !owner.is_empty() && !name.is_empty() && !name.contains('/');
        is_whole.then(|| Self::new(owner, name))
    }
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
    pub namespace: String,
    pub name: String,
}

impl ObjectName {
    /// The object of a namespace.
    #[must_use]
    pub fn new(namespace: &str, name: &str) -> Self {
        Self {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        }
    }
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// How a release enters an environment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum GateKind {
    /// By image automation, or a version range that Flux follows.
    Automatic,
    /// By a promotion pull request that a person approves.
    #[default]
    Approval,
}

/// What deploys the application in a target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deployer {
    HelmRelease(ObjectName),
    /// A plain Deployment, as in dev.
    Deployment(ObjectName),
}

/// The kinds of source of a chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ChartSourceKind {
    /// An index of charts; Flux creates a HelmChart for each HelmRelease.
    HelmRepository,
    /// A chart in a registry (`spec.chartRef`).
    OCIRepository,
    /// A HelmChart that several releases may share (`spec.chartRef`).
    HelmChart,
}

/// The source of a chart by kind and name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChartSource {
    pub kind: ChartSourceKind,
    pub namespace: String,
    pub name: String,
}

impl ChartSource {
    /// Returns the namespace and name of the source.
    #[must_use]
    pub fn object_name(&self) -> ObjectName {
        ObjectName::new(&self.namespace, &self.name)
    }
}

/// The objects that write the newest image into git.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageAutomation {
    /// The ImagePolicy that chooses the image.
    pub policy: ObjectName,
    /// The ImageUpdateAutomation that commits it.
    pub automation: ObjectName,
}

/// Further configuration of Flux for a target.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FluxSpec {
    /// The source of the chart; `None` for a HelmRepository in the namespace of the HelmRelease.
    pub chart_source: Option<ChartSource>,
    /// The automation that writes the image tag into git.
    pub image_automation: Option<ImageAutomation>,
    /// Whether Weft has no access to the cluster and only receives its notifications.
    pub notifications_only: bool,
}

/// One place where the application runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetSpec {
    /// The name on screen; by default that of the cluster.
    pub name: String,
    pub cluster: String,
    /// The source of the Kustomization.
    pub git_repository: ObjectName,
    /// The Kustomization that applies the declaration.
    pub kustomization: ObjectName,
    pub deployer: Deployer,
    /// The base URL of the live app, such as `http://podinfo.app-podinfo:9898`.
    pub live_url: String,
    #[serde(default)]
    pub flux: FluxSpec,
}

/// One environment of a pipeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvironmentSpec {
    pub name: EnvironmentName,
    pub gate: GateKind,
    /// Whether users see this environment, so that its promotion card is marked.
    pub user_facing: bool,
    /// The path of the file that declares the version, from the root of the repository.
    pub path: String,
    /// The URL at which a person opens the app.
    pub link: Option<String>,
    /// At least one.
    pub targets: Vec<TargetSpec>,
}

/// The configuration of one pipeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PipelineSpec {
    pub name: PipelineName,
    pub repository: RepositoryName,
    /// The branch that Flux follows.
    pub branch: String,
    /// The environments in the order of promotion.
    pub environments: Vec<EnvironmentSpec>,
}

impl PipelineSpec {
    /// Returns the environment with a name.
    #[must_use]
    pub fn environment(&self, name: &EnvironmentName) -> Option<&EnvironmentSpec> {
        self.environments
            .iter()
            .find(|environment| environment.name == *name)
    }

    /// Returns the branch of the pull request that promotes into `environment`.
    #[must_use]
    pub fn promotion_branch(&self, environment: &EnvironmentName) -> String {
        promotion_branch(&self.name.namespace, &self.name.name, environment)
    }
}

/// Returns the branch of the pull request that promotes an application into `environment`.
#[must_use]
pub fn promotion_branch(namespace: &str, name: &str, environment: &EnvironmentName) -> String {
    format!("promotion-{namespace}-{name}-{environment}")
}
