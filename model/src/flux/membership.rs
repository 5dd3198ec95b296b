//! Which objects of a cluster a target is made of.

use super::{Kind, ObjectRef, SourceKind};
use crate::pipeline::{ChartSourceKind, Deployer, ObjectName, TargetSpec};

/// Returns the objects that the configuration of a target names, in the order of the chain.
pub fn named_objects(target: &TargetSpec) -> impl Iterator<Item = (Kind, &ObjectName)> {
    let (kind, name) = deployer(target);
    [
        (Kind::GitRepository, &target.git_repository),
        (Kind::Kustomization, &target.kustomization),
        (kind, name),
    ]
    .into_iter()
}

/// Returns what deploys the application in a target.
#[must_use]
pub fn deployer(target: &TargetSpec) -> (Kind, &ObjectName) {
    match &target.deployer {
        Deployer::HelmRelease(name) => (Kind::HelmRelease, name),
        Deployer::Deployment(name) => (Kind::Deployment, name),
    }
}

/// Returns the HelmChart of a HelmRelease: the one that the configuration names as its source, else the one
/// that Flux creates as `<namespace>-<name>` beside the HelmRepository.
#[must_use]
pub fn helm_chart(target: &TargetSpec, release: &ObjectName) -> ObjectName {
    match &target.flux.chart_source {
        Some(source) if source.kind == ChartSourceKind::HelmChart => source.object_name(),
        _ => ObjectName::new(
            source_namespace(target, release),
            &format!("{}-{}", release.namespace, release.name),
        ),
    }
}

/// Returns the namespace that the chart of a HelmRelease and its source are in.
fn source_namespace<'a>(target: &'a TargetSpec, release: &'a ObjectName) -> &'a str {
    let source = target.flux.chart_source.as_ref();
    source.map_or(&release.namespace, |source| &source.namespace)
}

/// Whether a target is made of an object.
///
/// The HelmRepository of a chart is only named by the HelmChart, and the ImageRepository of an ImagePolicy by
/// the policy, so that every one in the same namespace may be part of the target.
#[must_use]
pub fn is_part_of(target: &TargetSpec, kind: Kind, name: &ObjectName) -> bool {
    let source = target.flux.chart_source.as_ref();
    let images = target.flux.image_automation.as_ref();
    let release = match &target.deployer {
        Deployer::HelmRelease(release) => Some(release),
        Deployer::Deployment(_) => None,
    };
    match kind {
        Kind::HelmChart => release.is_some_and(|release| {
            let chart = helm_chart(target, release);
            // Without a configured source the HelmRepository may be in another namespace.
            let shared = source.is_some_and(|source| source.kind == ChartSourceKind::HelmChart);
            chart.name == name.name && (!shared || chart.namespace == name.namespace)
        }),
        Kind::Source(SourceKind::HelmRepository) => {
            release.is_some_and(|release| name.namespace == source_namespace(target, release))
        }
        Kind::Source(SourceKind::OCIRepository) => {
            release.is_some() && source.is_some_and(|source| source.object_name() == *name)
        }
        Kind::Source(SourceKind::ImageRepository) => {
            images.is_some_and(|images| images.policy.namespace == name.namespace)
        }
        Kind::Source(SourceKind::ImagePolicy) => {
            images.is_some_and(|images| images.policy == *name)
        }
        Kind::Source(SourceKind::ImageUpdateAutomation) => {
            images.is_some_and(|images| images.automation == *name)
        }
        _ => named_objects(target).any(|named| named == (kind, name)),
    }
}

/// Returns the kinds to watch for a target, each with the namespace that its objects are in.
#[must_use]
pub fn watched(target: &TargetSpec) -> Vec<(Kind, &str)> {
    let mut watched: Vec<(Kind, &str)> = named_objects(target)
        .map(|(kind, name)| (kind, name.namespace.as_str()))
        .collect();
    if let Deployer::HelmRelease(release) = &target.deployer {
        let namespace = source_namespace(target, release);
        let source = target.flux.chart_source.as_ref();
        if source.is_some_and(|source| source.kind == ChartSourceKind::OCIRepository) {
            watched.push((Kind::Source(SourceKind::OCIRepository), namespace));
        } else {
            watched.push((Kind::HelmChart, namespace));
            watched.push((Kind::Source(SourceKind::HelmRepository), namespace));
        }
    }
    if let Some(images) = &target.flux.image_automation {
        // An ImagePolicy may choose from another namespace only where that is allowed, which is rare.
        let policy = &images.policy.namespace;
        watched.push((Kind::Source(SourceKind::ImageRepository), policy));
        watched.push((Kind::Source(SourceKind::ImagePolicy), policy));
        let automation = &images.automation.namespace;
        watched.push((Kind::Source(SourceKind::ImageUpdateAutomation), automation));
    }
    watched
}

/// Returns the objects that Flux reconciles for a target by name; a Deployment is none of Flux's.
pub fn flux_objects(target: &TargetSpec) -> impl Iterator<Item = ObjectRef> {
    named_objects(target)
        .filter(|(kind, _)| *kind != Kind::Deployment)
        .map(|(kind, name)| ObjectRef::new(kind, name))
}
