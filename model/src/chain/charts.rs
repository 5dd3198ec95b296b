//! The sources of the chart of a HelmRelease: the version that is asked for, the one that was found, and why
//! none comes.

use super::link::{Evidence, Link, LinkName, LinkState};
use super::target_context::{Status, TargetContext, failure, link, stalled};
use crate::ChartVersion;
use crate::flux::membership::helm_chart;
use crate::flux::{HelmReleaseReading, Kind, ObjectRef, Outcome, SourceKind, Stage};
use crate::observation::Observations;
use crate::pipeline::{Deployer, ObjectName, TargetSpec};

/// One object that a chart comes from.
struct Source<'a> {
    kind: Kind,
    name: &'a ObjectName,
    suspended: bool,
    stalled: bool,
    outcome: &'a Outcome,
    evidence: Evidence,
}

/// Returns the OCIRepository that a HelmRelease takes its chart from.
fn oci_repository(reading: &HelmReleaseReading) -> Option<&ObjectName> {
    let source = reading.chart_ref.as_ref();
    let source = source.filter(|source| source.kind == Kind::Source(SourceKind::OCIRepository));
    source.map(|source| &source.name)
}

/// Returns the version or range that decides which chart a HelmRelease gets.
fn asked(
    observations: &Observations,
    cluster: &str,
    reading: &HelmReleaseReading,
) -> Option<String> {
    if let Some(name) = oci_repository(reading) {
        let observed = observations.source(cluster, SourceKind::OCIRepository, name)?;
        return observed.value.constraint.clone();
    }
    match &reading.chart_ref {
        None => Some(reading.constraint.clone()),
        Some(chart) => {
            let observed = observations.helm_chart(cluster, &chart.name)?;
            Some(observed.value.constraint.clone())
        }
    }
}

/// Returns the version that was found for what a HelmRelease asks for.
fn found_for(
    observations: &Observations,
    cluster: &str,
    reading: &HelmReleaseReading,
) -> Option<ChartVersion> {
    if let Some(name) = oci_repository(reading) {
        let observed = observations.source(cluster, SourceKind::OCIRepository, name)?;
        return ChartVersion::from_revision(observed.value.found.as_deref()?).ok();
    }
    let chart = observations
        .helm_chart(cluster, reading.chart.as_ref()?)?
        .value;
    let is_current = reading.chart_ref.is_some() || chart.constraint == reading.constraint;
    chart.found.clone().filter(|_| is_current)
}

/// Returns the chart version that a target's range resolved to; `None` where the cluster asks for another range.
pub(crate) fn found(
    observations: &Observations,
    target: &TargetSpec,
    range: &str,
) -> Option<ChartVersion> {
    let Deployer::HelmRelease(name) = &target.deployer else {
        return None;
    };
    if target.flux.notifications_only {
        let chart = helm_chart(target, name);
        let observed =
            observations.notification(&target.cluster, Kind::HelmChart, &chart, Stage::Done)?;
        let revision = observed.value.revision.as_deref()?;
        return ChartVersion::from_revision(revision).ok();
    }
    let reading = observations.helm_release(&target.cluster, name)?.value;
    let asks = asked(observations, &target.cluster, reading).is_some_and(|asked| asked == range);
    found_for(observations, &target.cluster, reading).filter(|_| asks)
}

impl TargetContext<'_> {
    /// Returns the version or range that the HelmRelease in the cluster asks for, itself or by its `chartRef`.
    pub(super) fn asked(&self, release: &ObjectName) -> Option<String> {
        let cluster = &self.target.cluster;
        let reading = self.observations.helm_release(cluster, release)?.value;
        asked(self.observations, cluster, reading)
    }

    /// Returns the version that Helm should hold: the pinned one, or what the range resolved to.
    pub(super) fn desired(&self, reading: &HelmReleaseReading) -> Option<ChartVersion> {
        self.pin(reading)
            .or_else(|| found_for(self.observations, &self.target.cluster, reading))
    }

    /// Returns the version that is asked for, unless that is a range.
    pub(super) fn pin(&self, reading: &HelmReleaseReading) -> Option<ChartVersion> {
        let asked = asked(self.observations, &self.target.cluster, reading)?;
        ChartVersion::from_revision(&asked).ok()
    }

    /// Returns why the chart that is asked for is missing, where that is known.
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
        self.source_failure(sources, "The chart cannot be had")
    }

    /// Returns why a range is not followed any further, where that is so.
    pub(super) fn why_no_newer_chart(&self, reading: &HelmReleaseReading) -> Option<Link> {
        if self.pin(reading).is_some() {
            return None;
        }
        self.source_failure(self.sources(reading), "Flux cannot look for newer charts")
    }

    /// Prefers a failure to a suspension, and that of the repository to that of the chart in it.
    fn source_failure(&self, sources: Vec<Source<'_>>, what: &str) -> Option<Link> {
        let suspended: Vec<String> = sources
            .iter()
            .filter(|source| source.suspended)
            .map(|source| format!("{} {}", source.kind.as_str(), source.name))
            .collect();
        let mut failed = None;
        let mut halted = None;
        for source in sources {
            if let Outcome::Failed { reason, message } = source.outcome {
                let because = suspended.first().map_or(String::new(), |source| {
                    format!(" The {source} is suspended, so nothing newer is seen.")
                });
                let failure = failure(what, reason, message);
                let sentence = format!("{failure}{}{because}", stalled(source.stalled));
                failed.get_or_insert((LinkState::Failed, sentence, source.evidence));
            } else if source.suspended {
                let sentence = format!(
                    "The {} {} is suspended: Flux looks for no chart.",
                    source.kind.as_str(),
                    source.name
                );
                halted.get_or_insert((LinkState::Suspended, sentence, source.evidence));
            }
        }
        let (state, sentence, evidence) = failed.or(halted)?;
        Some(link(LinkName::Deployed, state, sentence, Some(evidence)))
    }

    /// Returns the objects that the chart comes from, the first source first.
    fn sources<'a>(&'a self, reading: &'a HelmReleaseReading) -> Vec<Source<'a>> {
        let cluster = &self.target.cluster;
        let source = |kind: SourceKind, name: &'a ObjectName| {
            let observed = self.observations.source(cluster, kind, name)?;
            let reading = observed.value;
            let kind = Kind::Source(kind);
            let status = Status {
                revision: reading.found.clone(),
                ready: reading.ready.as_ref(),
                outcome: &reading.outcome,
            };
            Some(Source {
                kind,
                name,
                suspended: reading.suspended,
                stalled: reading.stalled,
                outcome: &reading.outcome,
                evidence: self.evidence(&observed, kind, name, status),
            })
        };
        if let Some(name) = oci_repository(reading) {
            return source(SourceKind::OCIRepository, name)
                .into_iter()
                .collect();
        }
        let Some(name) = &reading.chart else {
            return Vec::new();
        };
        let Some(observed) = self.observations.helm_chart(cluster, name) else {
            return Vec::new();
        };
        let chart = observed.value;
        let repository = match &chart.source {
            Some(ObjectRef { kind, name }) if *kind == Kind::Source(SourceKind::HelmRepository) => {
                source(SourceKind::HelmRepository, name)
            }
            _ => None,
        };
        let is_current = reading.chart_ref.is_some() || chart.constraint == reading.constraint;
        let chart = is_current.then(|| {
            let status = Status {
                revision: chart.found.as_ref().map(ToString::to_string),
                ready: chart.ready.as_ref(),
                outcome: &chart.outcome,
            };
            Source {
                kind: Kind::HelmChart,
                name,
                suspended: chart.suspended,
                stalled: chart.stalled,
                outcome: &chart.outcome,
                evidence: self.evidence(&observed, Kind::HelmChart, name, status),
            }
        });
        repository.into_iter().chain(chart).collect()
    }
}
