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
const KUSTOMIZE: &str = "kustomize.toolkit.fluxcd.io";
const HELM: &str = "helm.toolkit.fluxcd.io";
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

/// Declares the kinds, and `KINDS` with all of them.
macro_rules! kinds {
    ($($name:ident = $kind:expr;)*) => {
        $(pub static $name: Kind = $kind;)*
        /// Every kind served, sources before what reads them.
        pub static KINDS: [&Kind; 16] = [$(&$name),*];
    };
}

kinds! {
    NAMESPACE = Kind { namespaced: false, ..plain("", "v1", "Namespace", "namespaces") };
    SERVICE = plain("", "v1", "Service", "services");
    EVENT = plain("", "v1", "Event", "events");
    DEPLOYMENT = plain("apps", "v1", "Deployment", "deployments");
    INGRESS = plain("networking.k8s.io", "v1", "Ingress", "ingresses");
    AUTOSCALER = plain("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers");
    GIT_REPOSITORY = flux(SOURCE, "v1", "GitRepository", "gitrepositories");
    KUSTOMIZATION = flux(KUSTOMIZE, "v1", "Kustomization", "kustomizations");
    HELM_REPOSITORY = flux(SOURCE, "v1", "HelmRepository", "helmrepositories");
    HELM_RELEASE = flux(HELM, "v2", "HelmRelease", "helmreleases");
    HELM_CHART = flux(SOURCE, "v1", "HelmChart", "helmcharts");
    IMAGE_REPOSITORY = flux(IMAGE, "v1", "ImageRepository", "imagerepositories");
    IMAGE_POLICY = flux(IMAGE, "v1", "ImagePolicy", "imagepolicies");
    IMAGE_UPDATE = flux(IMAGE, "v1", "ImageUpdateAutomation", "imageupdateautomations");
    ALERT = plain(NOTIFICATION, "v1beta3", "Alert", "alerts");
    PROVIDER = plain(NOTIFICATION, "v1beta3", "Provider", "providers");
}

impl Kind {
    /// `v1` or `group/version`, as in `apiVersion:`.
    pub fn api_version(&self) -> String {
        match self.group {
            "" => self.version.to_owned(),
            group => format!("{group}/{}", self.version),
        }
    }

    /// The kind that a URL names.
    pub fn at(group: &str, version: &str, plural: &str) -> Option<&'static Self> {
        let mut kinds = KINDS.into_iter();
        kinds.find(|known| (known.group, known.version, known.plural) == (group, version, plural))
    }

    /// The kind of that name, whatever its group: how Flux's references name sources.
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
