//! HelmChart: chooses the version that its range allows and pulls the package.

use anyhow::Context as _;

use super::sources::NewArtifact;
use super::{Next, Reconciler};
use crate::clusters::charts::ChartPackage;
use crate::clusters::object::{
    artifact_revision, condition, generation, is_current, is_true, observed_generation, text,
};

impl Reconciler<'_> {
    pub(super) async fn helm_chart(&self) -> anyhow::Result<Next> {
        let chart = self.text("/spec/chart");
        // A repository without an index triggers its charts when it has one.
        let source = self.source();
        let Some((source, index)) = source.and_then(|source| {
            let index = self.context.artifacts.indexes.get(&source)?;
            Some((source, index))
        }) else {
            return Ok(Next::WhenTriggered);
        };
        // What is stalled at this generation was observed, though `observedGeneration` follows later.
        let stalled = condition(self.object, "Stalled");
        let stalled = stalled.is_some_and(|stalled| is_current(self.object, stalled));
        if !stalled {
            self.begin_source().await;
        }
        let wanted = text(self.object, "/spec/version").unwrap_or("*");
        let entry = match index.choose(chart, wanted) {
            Ok(entry) => entry,
            Err(error) => {
                let reason = "InvalidChartReference";
                let message = format!(
                    "invalid chart reference: failed to get chart version for remote reference: {error}"
                );
                self.edit(|status| {
                    status.clear(&["Reconciling"]);
                    status.set("Stalled", "True", reason, &message);
                    status.set("Ready", "False", reason, &message);
                    status.set("FetchFailed", "True", reason, &message);
                })
                .await;
                if !stalled {
                    self.report("error", reason, &message, "");
                }
                return Ok(Next::WhenTriggered);
            }
        };
        let charts = &self.context.artifacts.charts;
        if artifact_revision(self.object) == Some(entry.version.as_str())
            && observed_generation(self.object) == generation(self.object)
            && is_true(self.object, "Ready")
            && charts.get(self.key).is_some()
        {
            return Ok(self.after_interval());
        }
        let repository = self.context.store.get(&source);
        let repository = repository.as_deref();
        let repository = repository.and_then(|repository| text(repository, "/spec/url"));
        let address = entry.address(repository.unwrap_or_default())?;
        let pulled = self.download(&address).await;
        let package = pulled.and_then(|package| ChartPackage::read(&package));
        let failure = "chart pull error: failed to download chart for remote reference";
        let package = match package.context(failure) {
            Ok(package) => package,
            Err(error) => return self.fail_source("ChartPullError", &error).await,
        };
        let version = package.version.clone();
        let message = format!("pulled '{chart}' chart with version '{version}'");
        let artifact = NewArtifact {
            revision: &version,
            outdated: ("NewChart", &message),
            stored: ("ChartPullSucceeded", &message),
        };
        self.store_artifact(&artifact, || charts.put(self.key, package))
            .await;
        self.report("info", "ChartPullSucceeded", &message, &version);
        Ok(self.after_interval())
    }
}
