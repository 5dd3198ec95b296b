//! The kinds that a lab cluster serves: their names in URLs, and the defaults that their schemas
//! fill in. Group, version and plural are those of Kubernetes 1.34 and Flux 2.9.

use serde_json::{Map, Value, json};

/// One kind of object.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kind {
    /// API group; empty for the core group.
    pub group: &'static str,
    /// The one version served.
    pub version: &'static str,
    /// As in `kind:`.
    pub kind: &'static str,
    /// As in URLs.
    pub plural: &'static str,
    /// What `kubectl` accepts for short.
    pub short: &'static [&'static str],
    /// Whether objects live in a namespace.
    pub namespaced: bool,
    /// Whether a Flux controller reports in its status, from `observedGeneration: -1` on.
    pub reports: bool,
}

const SOURCE: &str = "source.toolkit.fluxcd.io";
const IMAGE: &str = "image.toolkit.fluxcd.io";
const NOTIFICATION: &str = "notification.toolkit.fluxcd.io";

const fn flux(
    group: &'static str,
    version: &'static str,
    kind: &'static str,
    plural: &'static str,
    short: &'static [&'static str],
) -> Kind {
    Kind {
        group,
        version,
        kind,
        plural,
        short,
        namespaced: true,
        reports: true,
    }
}

const fn plain(
    group: &'static str,
    kind: &'static str,
    plural: &'static str,
    short: &'static [&'static str],
    namespaced: bool,
) -> Kind {
    Kind {
        group,
        version: "v1",
        kind,
        plural,
        short,
        namespaced,
        reports: false,
    }
}

/// `v1` Namespace.
pub static NAMESPACE: Kind = plain("", "Namespace", "namespaces", &["ns"], false);
/// `v1` Service.
pub static SERVICE: Kind = plain("", "Service", "services", &["svc"], true);
/// `v1` Event.
pub static EVENT: Kind = plain("", "Event", "events", &["ev"], true);
/// `apps/v1` Deployment.
pub static DEPLOYMENT: Kind = plain("apps", "Deployment", "deployments", &["deploy"], true);
/// `networking.k8s.io/v1` Ingress; kept as applied, nothing acts on it.
pub static INGRESS: Kind = plain("networking.k8s.io", "Ingress", "ingresses", &["ing"], true);
/// `autoscaling/v2` HorizontalPodAutoscaler; kept as applied, nothing acts on it.
pub static HORIZONTAL_POD_AUTOSCALER: Kind = Kind {
    version: "v2",
    ..plain(
        "autoscaling",
        "HorizontalPodAutoscaler",
        "horizontalpodautoscalers",
        &["hpa"],
        true,
    )
};
/// `source.toolkit.fluxcd.io/v1` GitRepository.
pub static GIT_REPOSITORY: Kind = flux(
    SOURCE,
    "v1",
    "GitRepository",
    "gitrepositories",
    &["gitrepo"],
);
/// `source.toolkit.fluxcd.io/v1` HelmRepository.
pub static HELM_REPOSITORY: Kind = flux(
    SOURCE,
    "v1",
    "HelmRepository",
    "helmrepositories",
    &["helmrepo"],
);
/// `source.toolkit.fluxcd.io/v1` HelmChart.
pub static HELM_CHART: Kind = flux(SOURCE, "v1", "HelmChart", "helmcharts", &["hc"]);
/// `kustomize.toolkit.fluxcd.io/v1` Kustomization.
pub static KUSTOMIZATION: Kind = flux(
    "kustomize.toolkit.fluxcd.io",
    "v1",
    "Kustomization",
    "kustomizations",
    &["ks"],
);
/// `helm.toolkit.fluxcd.io/v2` HelmRelease.
pub static HELM_RELEASE: Kind = flux(
    "helm.toolkit.fluxcd.io",
    "v2",
    "HelmRelease",
    "helmreleases",
    &["hr"],
);
/// `image.toolkit.fluxcd.io/v1` ImageRepository.
pub static IMAGE_REPOSITORY: Kind = flux(
    IMAGE,
    "v1",
    "ImageRepository",
    "imagerepositories",
    &["imgrepo"],
);
/// `image.toolkit.fluxcd.io/v1` ImagePolicy.
pub static IMAGE_POLICY: Kind = flux(IMAGE, "v1", "ImagePolicy", "imagepolicies", &["imgpol"]);
/// `image.toolkit.fluxcd.io/v1` ImageUpdateAutomation.
pub static IMAGE_UPDATE_AUTOMATION: Kind = flux(
    IMAGE,
    "v1",
    "ImageUpdateAutomation",
    "imageupdateautomations",
    &["imgupd"],
);
/// `notification.toolkit.fluxcd.io/v1beta3` Alert; without a status, as in Flux.
pub static ALERT: Kind = Kind {
    reports: false,
    ..flux(NOTIFICATION, "v1beta3", "Alert", "alerts", &[])
};
/// `notification.toolkit.fluxcd.io/v1beta3` Provider; without a status, as in Flux.
pub static PROVIDER: Kind = Kind {
    reports: false,
    ..flux(NOTIFICATION, "v1beta3", "Provider", "providers", &[])
};

/// Every kind served, sources before what reads them.
pub static KINDS: [&Kind; 16] = [
    &NAMESPACE,
    &SERVICE,
    &EVENT,
    &DEPLOYMENT,
    &INGRESS,
    &HORIZONTAL_POD_AUTOSCALER,
    &GIT_REPOSITORY,
    &KUSTOMIZATION,
    &HELM_REPOSITORY,
    &HELM_RELEASE,
    &HELM_CHART,
    &IMAGE_REPOSITORY,
    &IMAGE_POLICY,
    &IMAGE_UPDATE_AUTOMATION,
    &ALERT,
    &PROVIDER,
];

impl Kind {
    /// `v1` or `group/version`, as in `apiVersion:`.
    #[must_use]
    pub fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.to_owned()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// The kind that a manifest's `apiVersion` and `kind` name.
    #[must_use]
    pub fn of(api_version: &str, kind: &str) -> Option<&'static Self> {
        KINDS
            .into_iter()
            .find(|known| known.kind == kind && known.api_version() == api_version)
    }

    /// The kind that a URL names.
    #[must_use]
    pub fn at(group: &str, version: &str, plural: &str) -> Option<&'static Self> {
        KINDS
            .into_iter()
            .find(|known| (known.group, known.version, known.plural) == (group, version, plural))
    }

    /// The kind of that name, whatever its group: how Flux's references name sources.
    #[must_use]
    pub fn named(kind: &str) -> Option<&'static Self> {
        KINDS.into_iter().find(|known| known.kind == kind)
    }

    /// Fills in what the kind's schema defaults in `spec`.
    pub fn fill_defaults(&self, spec: &mut Map<String, Value>) {
        let mut default = |name: &str, value: Value| {
            spec.entry(name).or_insert(value);
        };
        match self.kind {
            "GitRepository" => default("timeout", json!("60s")),
            "Kustomization" => default("force", json!(false)),
            "HelmRepository" => default("provider", json!("generic")),
            "HelmChart" => default("reconcileStrategy", json!("ChartVersion")),
            "ImageRepository" => {
                default("provider", json!("generic"));
                default("exclusionList", json!(["^.*\\.sig$"]));
            }
            "Deployment" => {
                default("replicas", json!(1));
                default("progressDeadlineSeconds", json!(600));
            }
            "Alert" => default("eventSeverity", json!("info")),
            "HelmRelease" => {
                if let Some(chart) = spec
                    .get_mut("chart")
                    .and_then(|chart| chart.get_mut("spec"))
                    .and_then(Value::as_object_mut)
                {
                    chart
                        .entry("reconcileStrategy")
                        .or_insert(json!("ChartVersion"));
                }
            }
            _ => {}
        }
    }
}
