//! A pipeline as the file writes it, and what that means.

use std::path::Path;

use model::pipeline::{
    ChartSource, Deployer, EnvironmentSpec, FluxSpec, GateKind, ImageAutomation, ObjectName,
    PipelineName, PipelineSpec, RepositoryName, TargetSpec,
};
use serde::Deserialize;
use serde_saphyr::Spanned;
use url::Url;

use super::error::{ConfigError, repeated};

/// The names that targets may use.
pub(super) struct ClusterNames {
    /// Of clusters that Weft can look into.
    pub seen: Vec<String>,
    /// Of those that are known by their notifications only.
    pub notifying: Vec<String>,
}

/// One of `pipelines`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pipeline {
    /// The application's namespace.
    pub namespace: String,
    /// The application's name.
    pub name: Spanned<String>,
    /// The promotion repository, `owner/name`.
    pub repository: Spanned<String>,
    /// The branch that Flux follows; `main` unless said.
    pub branch: Option<String>,
    /// The row, in order; at least one.
    pub environments: Vec<Environment>,
}

/// One of `environments`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Environment {
    /// Its name, unique in its pipeline.
    pub name: Spanned<String>,
    /// `automatic`, or `approval` unless said.
    #[serde(default)]
    pub gate: GateKind,
    /// Whether users see it; only the last environment unless said. Files of 0.1.0 say `loud`.
    #[serde(alias = "loud")]
    pub user_facing: Option<bool>,
    /// The file in git that declares the version, from the repository's root.
    pub path: Spanned<String>,
    /// Where a person opens the app.
    pub link: Option<Url>,
    /// Where it runs; at least one.
    pub targets: Vec<Target>,
}

/// One of `targets`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Target {
    /// The cluster's name unless said.
    pub name: Option<String>,
    /// One of `clusters`.
    pub cluster: Spanned<String>,
    /// The GitRepository that the Kustomization reads.
    pub git_repository: ObjectName,
    /// The Kustomization that applies the declaration.
    pub kustomization: ObjectName,
    /// What deploys the application: this …
    pub helm_release: Option<ObjectName>,
    /// … or this.
    pub deployment: Option<ObjectName>,
    /// Where its HelmRelease has its chart from; a HelmRepository beside it unless said.
    pub chart_source: Option<ChartSource>,
    /// What chooses the image of its Deployment …
    pub image_policy: Option<ObjectName>,
    /// … and what writes it into git.
    pub image_update_automation: Option<ObjectName>,
    /// Where Weft asks the live app.
    pub live_url: Spanned<Url>,
}

impl Pipeline {
    /// Checks what it says.
    pub(super) fn checked(
        self,
        file: &Path,
        clusters: &ClusterNames,
    ) -> Result<PipelineSpec, ConfigError> {
        let wrong = |at, sentence: String| ConfigError::at(file, at, sentence);
        let name = PipelineName::new(&self.namespace, &self.name.value);
        if self.environments.is_empty() {
            let sentence = format!("the pipeline {name} has no environments");
            return Err(wrong(self.name.defined, sentence));
        }
        let repository = RepositoryName::parse(&self.repository.value).ok_or_else(|| {
            let written = &self.repository.value;
            let sentence = format!("the repository '{written}' must be written owner/name");
            wrong(self.repository.defined, sentence)
        })?;
        if let Some(twice) = repeated(self.environments.iter().map(|it| &it.name)) {
            let environment = &twice.value;
            let sentence =
                format!("the environment '{environment}' is there twice in the pipeline {name}");
            return Err(wrong(twice.defined, sentence));
        }
        let last = self.environments.len() - 1;
        let environments = self.environments.into_iter().enumerate();
        let environments = environments
            .map(|(at, environment)| environment.checked(file, clusters, at == last))
            .collect::<Result<_, _>>()?;
        Ok(PipelineSpec {
            name,
            repository,
            branch: self.branch.unwrap_or_else(|| "main".into()),
            environments,
        })
    }
}

impl Environment {
    fn checked(
        self,
        file: &Path,
        clusters: &ClusterNames,
        last: bool,
    ) -> Result<EnvironmentSpec, ConfigError> {
        let wrong = |at, sentence: String| ConfigError::at(file, at, sentence);
        let name = self.name.value;
        if self.targets.is_empty() {
            let sentence = format!("the environment '{name}' has no targets");
            return Err(wrong(self.name.defined, sentence));
        }
        if self.path.value.is_empty() || self.path.value.starts_with('/') {
            let sentence = format!(
                "the path of the environment '{name}' must name a file from the repository's root"
            );
            return Err(wrong(self.path.defined, sentence));
        }
        let mut targets: Vec<TargetSpec> = Vec::with_capacity(self.targets.len());
        for target in self.targets {
            let at = target.cluster.defined;
            let target = target.checked(file, clusters)?;
            if targets.iter().any(|known| known.name == target.name) {
                let sentence = format!(
                    "the target '{}' is there twice in the environment '{name}'",
                    target.name
                );
                return Err(wrong(at, sentence));
            }
            targets.push(target);
        }
        Ok(EnvironmentSpec {
            name: name.as_str().into(),
            gate: self.gate,
            user_facing: self.user_facing.unwrap_or(last),
            path: self.path.value,
            link: self.link.map(|link| link.to_string()),
            targets,
        })
    }
}

impl Target {
    fn checked(self, file: &Path, clusters: &ClusterNames) -> Result<TargetSpec, ConfigError> {
        let at = self.cluster.defined;
        let wrong = |sentence: String| Err(ConfigError::at(file, at, sentence));
        let cluster = self.cluster.value;
        let notifications_only = clusters.notifying.contains(&cluster);
        if !notifications_only && !clusters.seen.contains(&cluster) {
            let names = [clusters.seen.as_slice(), clusters.notifying.as_slice()].concat();
            return wrong(format!(
                "the cluster '{cluster}' is not one of clusters: {}",
                names.join(", ")
            ));
        }
        let deployer = match (self.helm_release, self.deployment) {
            (Some(name), None) => Deployer::HelmRelease(name),
            (None, Some(_)) if notifications_only => {
                return wrong(format!(
                    "the cluster '{cluster}' is known by its notifications only, and they tell nothing of a deployment"
                ));
            }
            (None, Some(name)) => Deployer::Deployment(name),
            _ => {
                return wrong(format!(
                    "the target in '{cluster}' needs either helm_release or deployment"
                ));
            }
        };
        let is_deployment = matches!(deployer, Deployer::Deployment(_));
        let image_automation = match (self.image_policy, self.image_update_automation) {
            (None, None) => None,
            (Some(policy), Some(automation)) if is_deployment => {
                Some(ImageAutomation { policy, automation })
            }
            _ => {
                return wrong(format!(
                    "the target in '{cluster}' needs image_policy and image_update_automation together, and only beside a deployment"
                ));
            }
        };
        if self.chart_source.is_some() && is_deployment {
            return wrong(format!(
                "the target in '{cluster}' has a chart_source, but no helm_release"
            ));
        }
        if !matches!(self.live_url.value.scheme(), "http" | "https") {
            let sentence = "live_url must begin with http:// or https://";
            return Err(ConfigError::at(file, self.live_url.defined, sentence));
        }
        let live_url = self.live_url.value.as_str().trim_end_matches('/');
        Ok(TargetSpec {
            name: self.name.unwrap_or_else(|| cluster.clone()),
            cluster,
            git_repository: self.git_repository,
            kustomization: self.kustomization,
            deployer,
            live_url: live_url.to_owned(),
            flux: FluxSpec {
                chart_source: self.chart_source,
                image_automation,
                notifications_only,
            },
        })
    }
}
