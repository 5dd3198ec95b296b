//! Requests about single objects of a cluster: read, annotate, review Weft's own access, ping.

use std::time::Duration;

use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
};
use kube::api::{Api, DynamicObject, ListParams, Patch, PatchParams, PostParams};
use model::flux::ObjectRef;
use serde_json::{Value, json};

use super::api_resource::api_resource;
use super::cluster::Cluster;
use super::error::{Error, Operation, Reason};

/// How long one request may take.
pub(super) const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the API server may take to say that it is there.
const PING_TIMEOUT: Duration = Duration::from_secs(5);
/// The verb that annotating takes.
const PATCH: &str = "patch";

impl Cluster {
    /// Sends a request and waits for its answer, but not for longer than `limit`.
    pub(super) async fn request<T, F>(
        &self,
        limit: Duration,
        operation: Operation<'_>,
        request: impl FnOnce(kube::Client) -> F,
    ) -> Result<T, Error>
    where
        F: Future<Output = kube::Result<T>>,
    {
        let client = self.client.current().await?;
        let Ok(answer) = tokio::time::timeout(limit, request(client)).await else {
            return Err(Error::unavailable(format!(
                "the API server gives no answer within {} s",
                limit.as_secs()
            )));
        };
        match answer {
            Ok(answer) => Ok(answer),
            Err(error) => {
                let error = Error::new(&error, operation);
                if error.reason == Reason::Unauthorized {
                    self.client.invalidate().await;
                }
                Err(error)
            }
        }
    }

    /// Asks the API server for its version, to learn whether it is there.
    pub(crate) async fn ping(&self) -> Result<(), Error> {
        let request = async |client: kube::Client| client.apiserver_version().await;
        match self.request(PING_TIMEOUT, Operation::Other, request).await {
            // Not everybody may ask for the version; that it says so is answer enough.
            Err(error) if error.reason != Reason::Forbidden => Err(error),
            _ => Ok(()),
        }
    }

    /// Reads an object as it is now. It is asked for as a list, since that is what Weft's role allows.
    pub(crate) async fn read(&self, object: &ObjectRef) -> Result<Value, Error> {
        let params = ListParams::default().fields(&format!("metadata.name={}", object.name.name));
        let request = async |client| api(client, object).list(&params).await;
        let list = self.request(REQUEST_TIMEOUT, Operation::Object, request);
        let found = list.await?.items.into_iter().next();
        let found = found.map(serde_json::to_value).transpose();
        found.ok().flatten().ok_or_else(Error::not_found)
    }

    /// Sets an annotation of an object.
    pub(crate) async fn annotate(
        &self,
        object: &ObjectRef,
        annotation: &str,
        value: &str,
    ) -> Result<(), Error> {
        let patch = Patch::Merge(json!({"metadata": {"annotations": {annotation: value}}}));
        let params = PatchParams {
            field_manager: Some("weft".to_owned()),
            ..PatchParams::default()
        };
        let name = &object.name.name;
        let request = async |client| api(client, object).patch(name, &params, &patch).await;
        let patched = self.request(REQUEST_TIMEOUT, Operation::Object, request);
        patched.await.map(drop)
    }

    /// Returns whether Weft's account may annotate an object.
    pub(crate) async fn may_annotate(&self, object: &ObjectRef) -> Result<bool, Error> {
        let resource = api_resource(object.kind);
        let attributes = ResourceAttributes {
            verb: Some(PATCH.to_owned()),
            group: Some(resource.group),
            resource: Some(resource.plural),
            namespace: Some(object.name.namespace.clone()),
            name: Some(object.name.name.clone()),
            ..ResourceAttributes::default()
        };
        let review = SelfSubjectAccessReview {
            spec: SelfSubjectAccessReviewSpec {
                resource_attributes: Some(attributes),
                ..SelfSubjectAccessReviewSpec::default()
            },
            ..SelfSubjectAccessReview::default()
        };
        let request = async |client| {
            let reviews = Api::<SelfSubjectAccessReview>::all(client);
            reviews.create(&PostParams::default(), &review).await
        };
        let review = async {
            let answer = self.request(REQUEST_TIMEOUT, Operation::Object, request);
            Ok(answer.await?.status.is_some_and(|status| status.allowed))
        };
        self.permissions.get_or_request(object, review).await
    }
}

fn api(client: kube::Client, object: &ObjectRef) -> Api<DynamicObject> {
    let resource = api_resource(object.kind);
    Api::namespaced_with(client, &object.name.namespace, &resource)
}
