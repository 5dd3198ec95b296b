//! The kinds that a lab cluster serves, with group, version and plural of Kubernetes 1.34 and Flux 2.9.

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
    pub namespaced: bool,
    /// Whether a Flux controller reports in its status, from `observedGeneration: -1` on.
    pub reports: bool,
}

const SOURCE: &str = "source.toolkit.fluxcd.io";
const IMAGE: &str = "image.toolkit.fluxcd.io";
const NOTIFICATION: &str = "notification.toolkit.fluxcd.io";

type Text = &'static str;

const fn plain(group: Text, version: Text, kind: Text, plural: Text) -> Kind {
    Kind {
        group,
        version,
        kind,
        plural,
        namespaced: true,
        reports: false,
    }
}

const fn flux(group: Text, version: Text, kind: Text, plural: Text) -> Kind {
    Kind {
        reports: true,
        ..plain(group, version, kind, plural)
    }
}

pub static NAMESPACE: Kind = Kind {
    namespaced: false,
    ..plain("", "v1", "Namespace", "namespaces")
};
pub static SERVICE: Kind = plain("", "v1", "Service", "services");
pub static EVENT: Kind = plain("", "v1", "Event", "events");
pub static DEPLOYMENT: Kind = plain("apps", "v1", "Deployment", "deployments");
pub static INGRESS: Kind = plain("networking.k8s.io", "v1", "Ingress", "ingresses");
pub static HORIZONTAL_POD_AUTOSCALER: Kind = plain(
    "autoscaling",
    "v2",
    "HorizontalPodAutoscaler",
    "horizontalpodautoscalers",
);
pub static GIT_REPOSITORY: Kind = flux(SOURCE, "v1", "GitRepository", "gitrepositories");
pub static HELM_REPOSITORY: Kind = flux(SOURCE, "v1", "HelmRepository", "helmrepositories");
pub static HELM_CHART: Kind = flux(SOURCE, "v1", "HelmChart", "helmcharts");
pub static KUSTOMIZATION: Kind = flux(
    "kustomize.toolkit.fluxcd.io",
    "v1",
    "Kustomization",
    "kustomizations",
);
pub static HELM_RELEASE: Kind = flux(
    "helm.toolkit.fluxcd.io",
    "v2",
    "HelmRelease",
    "helmreleases",
);
pub static IMAGE_REPOSITORY: Kind = flux(IMAGE, "v1", "ImageRepository", "imagerepositories");
pub static IMAGE_POLICY: Kind = flux(IMAGE, "v1", "ImagePolicy", "imagepolicies");
pub static IMAGE_UPDATE_AUTOMATION: Kind = flux(
    IMAGE,
    "v1",
    "ImageUpdateAutomation",
    "imageupdateautomations",
);
/// Without a status, as in Flux.
pub static ALERT: Kind = plain(NOTIFICATION, "v1beta3", "Alert", "alerts");
/// Without a status, as in Flux.
pub static PROVIDER: Kind = plain(NOTIFICATION, "v1beta3", "Provider", "providers");

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
        Self::named(kind).filter(|known| known.api_version() == api_version)
    }

    /// The kind that a URL names.
    #[must_use]
    pub fn at(group: &str, version: &str, plural: &str) -> Option<&'static Self> {
        let mut kinds = KINDS.into_iter();
        kinds.find(|known| (known.group, known.version, known.plural) == (group, version, plural))
    }

    /// The kind of that name, whatever its group: how Flux's references name sources.
    #[must_use]
    pub fn named(kind: &str) -> Option<&'static Self> {
        KINDS.into_iter().find(|known| known.kind == kind)
    }

    /// The Flux controller that reconciles the kind.
    pub(super) fn controller(&self) -> &'static str {
        match self.kind {
            "Kustomization" => "kustomize-controller",
            "HelmRelease" => "helm-controller",
            "ImageRepository" | "ImagePolicy" => "image-reflector-controller",
            "ImageUpdateAutomation" => "image-automation-controller",
            _ => "source-controller",
        }
    }
}
