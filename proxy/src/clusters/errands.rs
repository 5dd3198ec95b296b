//! Single questions to a cluster's API: one object, a right of Weft's own, and the annotation that has
//! Flux look at an object now.

use std::time::{Duration, Instant};

use http::Request as HttpRequest;
use kube::api::{ListParams, Patch, PatchParams, PostParams};
use kube::core::Request;
use model::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::kinds::{Address, Object};
use super::{Cluster, RIGHTS, Trouble};
use crate::sources::why;

/// How long one question may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// What has Flux look at an object now, as `flux reconcile` sets it.
const REQUESTED: &str = "reconcile.fluxcd.io/requestedAt";
/// The verb that annotating takes.
pub(crate) const PATCH: &str = "patch";
const REVIEWS: &str = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";

/// The text at a JSON pointer.
pub(crate) fn text<'a>(object: &'a Value, pointer: &str) -> Option<&'a str> {
    object.pointer(pointer).and_then(Value::as_str)
}

/// Whether Flux was told not to act on an object.
pub(crate) fn suspended(object: &Value) -> bool {
    object.pointer("/spec/suspend") == Some(&Value::Bool(true))
}

/// Whether Flux has taken up what was asked for at a time, or something asked for later.
pub(crate) fn is_handled(object: &Value, asked: Timestamp) -> bool {
    let handled = text(object, "/status/lastHandledReconcileAt");
    let handled = handled.and_then(|at| Timestamp::parse(at).ok());
    handled.is_some_and(|at| at >= asked)
}

impl Cluster {
    /// Sends a request and reads its answer.
    pub(super) async fn ask<T: DeserializeOwned>(
        &self,
        request: Result<HttpRequest<Vec<u8>>, kube::core::request::Error>,
    ) -> Result<T, Trouble> {
        let request = request.map_err(|error| Trouble::Away(error.to_string()))?;
        let client = self.access.client().await.map_err(Trouble::Away)?;
        let answer = tokio::time::timeout(PATIENCE, client.request::<T>(request)).await;
        let Ok(answer) = answer else {
            return Err(Trouble::Away(format!(
                "the API server gives no answer within {} s",
                PATIENCE.as_secs()
            )));
        };
        match answer {
            Ok(answer) => Ok(answer),
            Err(kube::Error::Api(status)) if status.code == 403 => Err(Trouble::Forbidden),
            Err(kube::Error::Api(status)) if status.code == 404 => Err(Trouble::Missing),
            Err(error) => {
                if matches!(&error, kube::Error::Api(status) if status.code == 401) {
                    self.access.refused().await;
                }
                Err(Trouble::Away(why(&error)))
            }
        }
    }

    /// An object as it is now. Asked for as a list, since that is what Weft's role allows.
    pub(crate) async fn read(&self, object: &Object) -> Result<Value, Trouble> {
        let params = ListParams::default().fields(&format!("metadata.name={}", object.name.name));
        let mut found: Value = self.ask(Request::new(object.path()).list(&params)).await?;
        let first = found.pointer_mut("/items/0").map(Value::take);
        first.ok_or(Trouble::Missing)
    }

    /// Asks Flux to look at an object.
    pub(crate) async fn request(&self, object: &Object, at: Timestamp) -> Result<(), Trouble> {
        let patch = json!({"metadata": {"annotations": {REQUESTED: at.to_string()}}});
        let params = PatchParams {
            field_manager: Some("weft".to_owned()),
            ..PatchParams::default()
        };
        let request = Request::new(object.path());
        let request = request.patch(&object.name.name, &params, &Patch::Merge(patch));
        self.ask::<Value>(request).await.map(drop)
    }

    /// Whether Weft's account may do `verb` with an object.
    pub(crate) async fn may(&self, verb: &str, object: &Object) -> Result<bool, Trouble> {
        let mut rights = self.rights.lock().await;
        if let Some((at, may)) = rights.get(object)
            && at.elapsed() < RIGHTS
        {
            return Ok(*may);
        }
        let address = Address::of(object.kind);
        let review = json!({
            "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": {
                "verb": verb, "group": address.group, "resource": address.plural,
                "namespace": object.name.namespace, "name": object.name.name,
            }},
        });
        let request = Request::new(REVIEWS);
        let request = request.create(&PostParams::default(), review.to_string().into_bytes());
        let answer: Value = self.ask(request).await?;
        let may = answer.pointer("/status/allowed") == Some(&Value::Bool(true));
        rights.insert(object.clone(), (Instant::now(), may));
        Ok(may)
    }
}
