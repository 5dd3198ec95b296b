//! Kubernetes objects as this world's stand-ins write them.

use kube::Api;
use kube::api::{Patch, PatchParams};
use kube::core::{DynamicObject, GroupVersionKind};
use kube::discovery::ApiResource;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The present time as Kubernetes writes it, to the second.
pub(crate) fn now() -> String {
    let now = OffsetDateTime::now_utc();
    stamp(now.replace_nanosecond(0).unwrap_or(now))
}

/// The present time to the millisecond.
pub(crate) fn instant() -> String {
    let now = OffsetDateTime::now_utc();
    stamp(
        now.replace_nanosecond(u32::from(now.millisecond()) * 1_000_000)
            .unwrap_or(now),
    )
}

fn stamp(at: OffsetDateTime) -> String {
    at.format(&Rfc3339).unwrap_or_default()
}

/// A condition that holds from now on.
pub(crate) fn condition(
    kind: &str,
    status: &str,
    reason: &str,
    message: &str,
    generation: i64,
) -> Value {
    json!({
        "type": kind, "status": status, "reason": reason, "message": message,
        "observedGeneration": generation, "lastTransitionTime": now(),
    })
}

/// The resource of a kind, which has one version of a group and a plural.
pub(crate) fn resource(group: &str, version: &str, kind: &str, plural: &str) -> ApiResource {
    let kind = GroupVersionKind::gvk(group, version, kind);
    ApiResource::from_gvk_with_plural(&kind, plural)
}

/// What `flux reconcile source` does: has Flux look now, as a Receiver of a webhook would.
pub(crate) async fn look(
    client: &kube::Client,
    (kind, plural): (&str, &str),
    namespace: &str,
    name: &str,
) -> Result<(), kube::Error> {
    let at = stamp(OffsetDateTime::now_utc());
    let patch = json!({ "metadata": { "annotations": {
        "reconcile.fluxcd.io/requestedAt": at,
    } } });
    let resource = resource("source.toolkit.fluxcd.io", "v1", kind, plural);
    let sources: Api<DynamicObject> = Api::namespaced_with(client.clone(), namespace, &resource);
    let parameters = PatchParams::default();
    sources
        .patch(name, &parameters, &Patch::Merge(&patch))
        .await?;
    Ok(())
}
