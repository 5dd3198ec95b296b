//! Which objects of a cluster a target is made of.

use crate::notifications::{TESTED, notification};
use crate::world::{live, name, target};
use model::flux::membership::{flux_objects, is_part_of, watched};
use model::flux::{FluxEvent, ObjectRef};
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

/// Objects behind `+` that a target is made of, and behind `-` that it is not.
const OBJECTS: &str = "\
uat +GitRepository/flux-system/podinfo -GitRepository/flux-system/other
uat +Kustomization/flux-system/uat -Kustomization/flux-system/prod
uat +HelmRelease/app-podinfo/podinfo -Deployment/app-podinfo/podinfo
uat +HelmChart/app-podinfo/app-podinfo-podinfo -HelmChart/app-podinfo/podinfo
uat +HelmChart/charts/app-podinfo-podinfo -OCIRepository/charts/podinfo
uat +HelmRepository/app-podinfo/any -HelmRepository/charts/any
uat -ImageUpdateAutomation/flux-system/images -ImagePolicy/app-podinfo/podinfo
HelmChart +HelmChart/charts/podinfo -HelmChart/app-podinfo/podinfo
HelmRepository +HelmRepository/charts/any -HelmRepository/app-podinfo/any
OCIRepository +OCIRepository/charts/podinfo -OCIRepository/charts/other
images +Deployment/app-podinfo/podinfo -HelmRelease/app-podinfo/podinfo
images +ImagePolicy/app-podinfo/podinfo -HelmChart/app-podinfo/podinfo
images +ImageRepository/app-podinfo/any -ImageRepository/flux-system/any
images +ImageUpdateAutomation/flux-system/images -HelmRepository/app-podinfo/any";

#[test]
fn a_target_is_made_of_what_it_names_and_of_what_that_needs() {
    for line in OBJECTS.lines() {
        let (of, objects) = line.split_once(' ').expect("objects");
        let target = match of {
            "uat" => target("uat", "uat"),
            "HelmChart" => with_source(ChartSourceKind::HelmChart),
            "HelmRepository" => with_source(ChartSourceKind::HelmRepository),
            "OCIRepository" => with_source(ChartSourceKind::OCIRepository),
            _ => with_images(),
        };
        for object in objects.split(' ') {
            let (sign, name) = object.split_at(1);
            let object = ObjectRef::parse(name).expect("a kind that Weft reads");
            let found = is_part_of(&target, object.kind, &object.name);
            assert_eq!(found, sign == "+", "{object} of {target:?}");
        }
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
    let all = |target: &TargetSpec| {
        let watched = watched(target).into_iter();
        let watched = watched.map(|(kind, namespace)| format!("{} {namespace}", kind.as_str()));
        watched.skip(2).collect::<Vec<_>>().join(", ")
    };
    assert_eq!(
        all(&with_source(ChartSourceKind::HelmChart)),
        "HelmRelease app-podinfo, HelmChart charts, HelmRepository charts"
    );
    assert_eq!(
        all(&with_source(ChartSourceKind::OCIRepository)),
        "HelmRelease app-podinfo, OCIRepository charts"
    );
    assert_eq!(
        all(&with_images()),
        "Deployment app-podinfo, ImageRepository app-podinfo, ImagePolicy app-podinfo, ImageUpdateAutomation flux-system"
    );
}

#[test]
fn a_fact_concerns_the_targets_of_its_cluster_and_a_source_is_only_observed() {
    let fact = |cluster: &str, text| {
        let event = FluxEvent::read(&notification(text)).expect("a notification");
        Fact::Notification(cluster.into(), Box::new(event))
    };
    let uat = target("uat", "uat");
    assert!(fact("uat", TESTED).concerns(&uat));
    assert!(!fact("prod", TESTED).concerns(&uat));
    let index = fact("uat", "HelmRepository 60 TestSucceeded 1.1.7");
    assert!(!index.concerns(&uat));
    assert!(!live("uat", "uat", "1.1.7").concerns(&uat));
}
