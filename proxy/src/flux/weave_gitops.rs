//! Links to the pages of objects in Weave GitOps 0.38.

use model::flux::{Kind, SourceKind};

use crate::config::WeaveGitOpsConfig;
use crate::kubernetes::ObjectRef;

/// Returns the page of an object, from the origin's root; `None` where the dashboard has none.
pub(crate) fn dashboard_page(
    dashboard: Option<&WeaveGitOpsConfig>,
    cluster: &str,
    object: &ObjectRef,
) -> Option<String> {
    let cluster_name = dashboard?.clusters.get(cluster)?;
    let page = route(object.kind)?;
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("clusterName", cluster_name)
        .append_pair("name", &object.name.name)
        .append_pair("namespace", &object.name.namespace)
        .finish();
    Some(format!("/{page}/details?{query}"))
}

fn route(kind: Kind) -> Option<&'static str> {
    Some(match kind {
        Kind::GitRepository => "git_repo",
        Kind::Kustomization => "kustomization",
        Kind::HelmChart => "helm_chart",
        Kind::HelmRelease => "helm_release",
        Kind::Deployment => return None,
        Kind::Source(kind) => match kind {
            SourceKind::HelmRepository => "helm_repo",
            SourceKind::OCIRepository => "oci",
            SourceKind::ImageRepository => "image_repo",
            SourceKind::ImagePolicy => "image_policy",
            SourceKind::ImageUpdateAutomation => "image_update",
        },
    })
}
