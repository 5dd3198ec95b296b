//! Which objects of a cluster a target is made of.

use crate::notifications::{TESTED, body, release};
use crate::world::{live, name, target};
use model::flux::membership::{flux_objects, is_part_of, watched};
use model::flux::{FluxEvent, Kind, ObjectRef, SourceKind};
use model::observation::Fact;
use model::pipeline::{ChartSource, ChartSourceKind, Deployer, ImageAutomation, TargetSpec};

/// uat with a chart source in the namespace `charts`.
fn with_source(kind: ChartSourceKind) -> TargetSpec {
    let mut target = target("uat", "uat");
    target.flux.chart_source = Some(ChartSource {
        kind,
        namespace: "charts".into(),
        name: "podinfo".into(),
    });
    target
}

/// dev, whose images are chosen and committed by automation.
fn with_images() -> TargetSpec {
    let mut target = target("dev", "dev");
    target.deployer = Deployer::Deployment(name("app-podinfo", "podinfo"));
    target.flux.image_automation = Some(ImageAutomation {
        policy: name("app-podinfo", "podinfo"),
        automation: name("flux-system", "images"),
    });
    target
}

#[test]
fn a_target_is_made_of_what_it_names_and_of_what_that_needs() {
    use ChartSourceKind::{HelmChart, HelmRepository, OCIRepository};
    let plain = || target("uat", "uat");
    for (what, target, object, expected) in [
        (
            "its source",
            plain(),
            "GitRepository/flux-system/podinfo",
            true,
        ),
        (
            "another source",
            plain(),
            "GitRepository/flux-system/other",
            false,
        ),
        (
            "its Kustomization",
            plain(),
            "Kustomization/flux-system/uat",
            true,
        ),
        (
            "its release",
            plain(),
            "HelmRelease/app-podinfo/podinfo",
            true,
        ),
        (
            "no Deployment",
            plain(),
            "Deployment/app-podinfo/podinfo",
            false,
        ),
        (
            "its chart",
            plain(),
            "HelmChart/app-podinfo/app-podinfo-podinfo",
            true,
        ),
        (
            "its chart elsewhere",
            plain(),
            "HelmChart/charts/app-podinfo-podinfo",
            true,
        ),
        (
            "another chart",
            plain(),
            "HelmChart/app-podinfo/podinfo",
            false,
        ),
        (
            "a shared chart",
            with_source(HelmChart),
            "HelmChart/charts/podinfo",
            true,
        ),
        (
            "one of that name",
            with_source(HelmChart),
            "HelmChart/app-podinfo/podinfo",
            false,
        ),
        (
            "any index beside it",
            plain(),
            "HelmRepository/app-podinfo/any",
            true,
        ),
        (
            "an index elsewhere",
            plain(),
            "HelmRepository/charts/any",
            false,
        ),
        (
            "that namespace",
            with_source(HelmRepository),
            "HelmRepository/charts/any",
            true,
        ),
        (
            "no registry",
            plain(),
            "OCIRepository/charts/podinfo",
            false,
        ),
        (
            "its registry",
            with_source(OCIRepository),
            "OCIRepository/charts/podinfo",
            true,
        ),
        (
            "its Deployment",
            with_images(),
            "Deployment/app-podinfo/podinfo",
            true,
        ),
        (
            "no chart",
            with_images(),
            "HelmChart/app-podinfo/app-podinfo-podinfo",
            false,
        ),
        (
            "its policy",
            with_images(),
            "ImagePolicy/app-podinfo/podinfo",
            true,
        ),
        (
            "any tags beside it",
            with_images(),
            "ImageRepository/app-podinfo/any",
            true,
        ),
        (
            "its automation",
            with_images(),
            "ImageUpdateAutomation/flux-system/images",
            true,
        ),
        (
            "no automation",
            plain(),
            "ImageUpdateAutomation/flux-system/images",
            false,
        ),
    ] {
        let object = ObjectRef::parse(object).expect("a kind that Weft reads");
        let found = is_part_of(&target, object.kind, &object.name);
        assert_eq!(found, expected, "{what}: {object}");
    }
}

#[test]
fn flux_reconciles_all_of_it_but_a_deployment() {
    let kinds = |target: &TargetSpec| -> Vec<&str> {
        flux_objects(target)
            .map(|object| object.kind.as_str())
            .collect()
    };
    let source = ["GitRepository", "Kustomization"];
    assert_eq!(kinds(&with_images()), source);
    assert_eq!(
        kinds(&target("uat", "uat")),
        [&source[..], &["HelmRelease"]].concat()
    );
}

#[test]
fn what_is_watched_is_where_the_objects_of_a_target_are() {
    let oci = with_source(ChartSourceKind::OCIRepository);
    let shared = with_source(ChartSourceKind::HelmChart);
    let images = with_images();
    for (target, kind, namespace) in [
        (&shared, Kind::HelmChart, Some("charts")),
        (
            &oci,
            Kind::Source(SourceKind::OCIRepository),
            Some("charts"),
        ),
        (&oci, Kind::HelmChart, None),
        (&oci, Kind::HelmRelease, Some("app-podinfo")),
        (
            &images,
            Kind::Source(SourceKind::ImagePolicy),
            Some("app-podinfo"),
        ),
        (
            &images,
            Kind::Source(SourceKind::ImageUpdateAutomation),
            Some("flux-system"),
        ),
        (&images, Kind::HelmChart, None),
    ] {
        let watched = watched(target);
        let found = watched.iter().find(|(watched, _)| *watched == kind);
        assert_eq!(
            found.map(|(_, namespace)| *namespace),
            namespace,
            "{kind:?}"
        );
    }
}

#[test]
fn a_fact_concerns_the_targets_of_its_cluster_and_a_source_is_only_observed() {
    let fact = |cluster: &str, body| {
        let event = FluxEvent::read(&body).expect("a notification");
        Fact::Notification(cluster.into(), Box::new(event))
    };
    let uat = target("uat", "uat");
    assert!(fact("uat", release(&TESTED)).concerns(&uat));
    assert!(!fact("prod", release(&TESTED)).concerns(&uat));
    let index = body("HelmRepository", ("app-podinfo", "any"), &TESTED);
    assert!(!fact("uat", index).concerns(&uat));
    assert!(!live("uat", "uat", "1.1.7").concerns(&uat));
}
