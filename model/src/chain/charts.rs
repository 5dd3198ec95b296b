//! Where a HelmRelease has its chart from: what that asks for, what it found, and why nothing comes.

use super::links::{Place, evidence, link, stalled};
use super::{Evidence, Link, LinkName, LinkState};
use crate::ChartVersion;
use crate::flux::{self, HelmReleaseReading, Outcome, SourceKind, Stage};
use crate::observation::Observations;
use crate::pipeline::{ChartSourceKind, Deployer, ObjectName, TargetSpec};

/// One object on a chart's way to Helm.
struct Source<'a> {
    kind: &'static str,
    name: &'a ObjectName,
    suspended: bool,
    stalled: bool,
    outcome: &'a Outcome,
    evidence: Evidence,
}

/// The version or range that decides which chart a HelmRelease gets.
fn asked(
    observations: &Observations,
    cluster: &str,
    reading: &HelmReleaseReading,
) -> Option<String> {
    match &reading.chart_ref {
        None => Some(reading.constraint.clone()),
        Some((ChartSourceKind::OCIRepository, name)) => {
            let seen = observations.supply(cluster, SourceKind::OCIRepository, name)?;
            seen.value.constraint.clone()
        }
        Some((_, name)) => {
            let seen = observations.helm_chart(cluster, name)?;
            Some(seen.value.constraint.clone())
        }
    }
}

/// The version that was found for what a HelmRelease asks for.
fn found_for(
    observations: &Observations,
    cluster: &str,
    reading: &HelmReleaseReading,
) -> Option<ChartVersion> {
    if let Some((ChartSourceKind::OCIRepository, name)) = &reading.chart_ref {
        let seen = observations.supply(cluster, SourceKind::OCIRepository, name)?;
        return ChartVersion::from_revision(seen.value.found.as_deref()?).ok();
    }
    let chart = observations
        .helm_chart(cluster, reading.chart.as_ref()?)?
        .value;
    let speaks_of_it = reading.chart_ref.is_some() || chart.constraint == reading.constraint;
    chart.found.clone().filter(|_| speaks_of_it)
}

/// The chart version that a target's range resolved to; `None` where the cluster asks for another range.
pub(crate) fn found(
    observations: &Observations,
    target: &TargetSpec,
    range: &str,
) -> Option<ChartVersion> {
    let Deployer::HelmRelease(name) = &target.deployer else {
        return None;
    };
    if target.flux.told_only {
        let chart = told_chart(target, name);
        let seen = observations.told(&target.cluster, "HelmChart", &chart, Stage::Done)?;
        let revision = seen.value.revision.as_deref()?;
        return ChartVersion::from_revision(revision).ok();
    }
    let reading = observations.helm_release(&target.cluster, name)?.value;
    let asks = asked(observations, &target.cluster, reading).is_some_and(|asked| asked == range);
    found_for(observations, &target.cluster, reading).filter(|_| asks)
}

/// The HelmChart that Flux keeps for a release: `<namespace>-<name>`, beside its HelmRepository.
pub(super) fn told_chart(target: &TargetSpec, release: &ObjectName) -> ObjectName {
    let source = target.flux.chart_source.as_ref();
    match source {
        Some(source) if source.kind == ChartSourceKind::HelmChart => ObjectName {
            namespace: source.namespace.clone(),
            name: source.name.clone(),
        },
        _ => ObjectName {
            namespace: source
                .map_or(&release.namespace, |source| &source.namespace)
                .clone(),
            name: format!("{}-{}", release.namespace, release.name),
        },
    }
}

impl Place<'_> {
    /// The version or range that the HelmRelease in the cluster asks for, or what it points at does.
    pub(super) fn asked(&self, release: &ObjectName) -> Option<String> {
        let cluster = &self.target.cluster;
        let reading = self.observations.helm_release(cluster, release)?.value;
        asked(self.observations, cluster, reading)
    }

    /// The version that Helm should hold: the pin, or what the range resolved to.
    pub(super) fn desired(&self, reading: &HelmReleaseReading) -> Option<ChartVersion> {
        self.pin(reading)
            .or_else(|| found_for(self.observations, &self.target.cluster, reading))
    }

    /// The one version that is asked for, where it is no range.
    pub(super) fn pin(&self, reading: &HelmReleaseReading) -> Option<ChartVersion> {
        let asked = asked(self.observations, &self.target.cluster, reading)?;
        ChartVersion::from_revision(&asked).ok()
    }

    /// Why the chart that is asked for does not come, where it has not and that is known.
    pub(super) fn why_no_chart(&self, reading: &HelmReleaseReading) -> Option<Link> {
        let found = found_for(self.observations, &self.target.cluster, reading);
        let pin = self.pin(reading);
        let sources = self.sources(reading);
        let is_there = found.is_some()
            && pin.is_none_or(|pin| found == Some(pin))
            && sources
                .last()
                .is_none_or(|source| *source.outcome == Outcome::Succeeded);
        if is_there {
            return None;
        }
        self.trouble(sources, "The chart cannot be had")
    }

    /// Why a range would not be followed any further, where that is so.
    pub(super) fn why_no_newer_chart(&self, reading: &HelmReleaseReading) -> Option<Link> {
        if self.pin(reading).is_some() {
            return None;
        }
        self.trouble(self.sources(reading), "Flux cannot look for newer charts")
    }

    /// A failure before a suspension, and that of the index before that of the chart in it.
    fn trouble(&self, sources: Vec<Source<'_>>, what: &str) -> Option<Link> {
        let suspended: Vec<String> = sources
            .iter()
            .filter(|source| source.suspended)
            .map(|source| format!("{} {}", source.kind, source.name))
            .collect();
        let mut failed = None;
        let mut halted = None;
        for source in sources {
            if let Outcome::Failed { reason, message } = source.outcome {
                let because = suspended.first().map_or(String::new(), |source| {
                    format!(" The {source} is suspended, so nothing newer is seen.")
                });
                let sentence = format!(
                    "{what} ({reason}): {}{}{because}",
                    flux::say(message, 160),
                    stalled(source.stalled)
                );
                failed.get_or_insert((LinkState::Failed, sentence, source.evidence));
            } else if source.suspended {
                let sentence = format!(
                    "The {} {} is suspended: Flux looks for no chart.",
                    source.kind, source.name
                );
                halted.get_or_insert((LinkState::Suspended, sentence, source.evidence));
            }
        }
        let (state, sentence, evidence) = failed.or(halted)?;
        Some(link(LinkName::Deployed, state, sentence, Some(evidence)))
    }

    /// What the chart comes from, the first source first.
    fn sources<'a>(&'a self, reading: &'a HelmReleaseReading) -> Vec<Source<'a>> {
        let supply = |kind: SourceKind, name: &'a ObjectName| {
            let seen = self.observations.supply(&self.target.cluster, kind, name)?;
            let reading = seen.value;
            let ready = reading.ready.as_ref();
            Some(Source {
                kind: kind.as_str(),
                name,
                suspended: reading.suspended,
                stalled: reading.stalled,
                outcome: &reading.outcome,
                evidence: evidence(
                    &seen,
                    kind.as_str(),
                    name,
                    reading.found.clone(),
                    ready,
                    &reading.outcome,
                ),
            })
        };
        if let Some((ChartSourceKind::OCIRepository, name)) = &reading.chart_ref {
            return supply(SourceKind::OCIRepository, name)
                .into_iter()
                .collect();
        }
        let Some(name) = &reading.chart else {
            return Vec::new();
        };
        let Some(seen) = self.observations.helm_chart(&self.target.cluster, name) else {
            return Vec::new();
        };
        let chart = seen.value;
        let repository = chart
            .repository
            .as_ref()
            .and_then(|name| supply(SourceKind::HelmRepository, name));
        let speaks_of_it = reading.chart_ref.is_some() || chart.constraint == reading.constraint;
        let ready = chart.ready.as_ref();
        let revision = chart.found.as_ref().map(ToString::to_string);
        let chart = speaks_of_it.then(|| Source {
            kind: "HelmChart",
            name,
            suspended: chart.suspended,
            stalled: chart.stalled,
            outcome: &chart.outcome,
            evidence: evidence(&seen, "HelmChart", name, revision, ready, &chart.outcome),
        });
        repository.into_iter().chain(chart).collect()
    }
}
