//! Links to the pages of objects in Weave GitOps 0.38.

use model::flux::ObjectRef;

use crate::config::WeaveGitOpsConfig;

/// Returns the page of an object, from the origin's root; `None` where the dashboard has none.
pub(crate) fn dashboard_page(
    dashboard: Option<&WeaveGitOpsConfig>,
    cluster: &str,
    object: &ObjectRef,
) -> Option<String> {
    let cluster_name = dashboard?.clusters.get(cluster)?;
    let page = object.kind.dashboard_page()?;
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("clusterName", cluster_name)
        .append_pair("name", &object.name.name)
        .append_pair("namespace", &object.name.namespace)
        .finish();
    Some(format!("/{page}/details?{query}"))
}
