//! The API resources that serve the kinds of objects.

use kube::core::GroupVersionKind;
use kube::discovery::ApiResource;
use model::flux::Kind;

/// Returns the API resource that serves a kind.
pub(super) fn api_resource(kind: Kind) -> ApiResource {
    let name = GroupVersionKind::gvk(kind.group(), kind.version(), kind.as_str());
    ApiResource::from_gvk(&name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kube::Resource;
    use kube::api::DynamicObject;

    #[test]
    fn a_kind_is_served_at_its_group_version_and_plural() {
        assert_eq!(
            DynamicObject::url_path(&api_resource(Kind::HelmRelease), Some("app-podinfo")),
            "/apis/helm.toolkit.fluxcd.io/v2/namespaces/app-podinfo/helmreleases"
        );
        let plurals = Kind::ALL.map(|kind| api_resource(kind).plural).join(" ");
        assert_eq!(
            plurals,
            "gitrepositories kustomizations helmcharts helmreleases deployments helmrepositories \
             ocirepositories imagerepositories imagepolicies imageupdateautomations"
        );
    }
}
