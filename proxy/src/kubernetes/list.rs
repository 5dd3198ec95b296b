//! List and watch requests for one kind of a cluster, with time limits.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::BoxStream;
use kube::api::{Api, DynamicObject, ListParams, WatchParams};
use kube::core::{Request, Status, WatchEvent};
use model::flux::Kind;
use tokio::time::timeout;

use super::api_resource::api_resource;
use super::client::ClusterClient;
use super::error::{Error, Operation, short};
use super::object::{ListPage, ObjectJson};

/// How long one page may take.
const LIST_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a watch may take to begin.
const WATCH_TIMEOUT: Duration = Duration::from_secs(10);

/// The changes of a kind.
pub(super) type WatchStream = BoxStream<'static, kube::Result<WatchEvent<ObjectJson>>>;

/// Lists and watches one kind of a cluster.
pub(crate) struct ResourceClient {
    pub(super) client: Arc<ClusterClient>,
    pub(super) kind: Kind,
    /// `None` for all namespaces.
    namespace: Option<String>,
}

impl ResourceClient {
    /// In the one namespace, which needs the least rights, or else in all.
    pub(crate) fn new(
        client: Arc<ClusterClient>,
        kind: Kind,
        namespaces: &BTreeSet<String>,
    ) -> Self {
        let namespace = namespaces.first().filter(|_| namespaces.len() == 1);
        Self {
            client,
            kind,
            namespace: namespace.cloned(),
        }
    }

    /// Asks for one page of the present objects.
    pub(super) async fn list(&self, limit: u32, next: Option<String>) -> Result<ListPage, Error> {
        let client = self.client.current().await?;
        let path = self.path(&client);
        let params = ListParams {
            limit: Some(limit),
            continue_token: next,
            ..ListParams::default()
        };
        let request = Request::new(path.as_str())
            .list(&params)
            .map_err(|error| Error::unavailable(short(&error)))?;
        let answer = async {
            let text = client.request_text(request).await?;
            serde_json::from_str(&text).map_err(kube::Error::SerdeError)
        };
        match timeout(LIST_TIMEOUT, answer).await {
            Ok(page) => page.map_err(|error| Error::new(&error, self.operation("list"))),
            Err(_) => Err(self.timed_out("list", LIST_TIMEOUT)),
        }
    }

    /// Returns whether the cluster's store counts from further back than `version`, as one does that was
    /// restored from a copy: a watch from that version would wait until the store has reached it.
    pub(super) async fn is_restored(&self, version: &str) -> Result<bool, Error> {
        let now = self.list(1, None).await?.metadata.resource_version;
        let number = |version: &str| version.parse::<u64>().ok();
        let now = now.as_deref().and_then(number);
        Ok(now
            .zip(number(version))
            .is_some_and(|(now, known)| now < known))
    }

    /// Asks for every change after a version, for so many seconds, with bookmarks.
    pub(super) async fn watch(&self, seconds: u32, version: &str) -> Result<WatchStream, Error> {
        let client = self.client.current().await?;
        let path = self.path(&client);
        let params = WatchParams {
            timeout: Some(seconds),
            bookmarks: true,
            ..WatchParams::default()
        };
        let request = Request::new(path.as_str())
            .watch(&params, version)
            .map_err(|error| Error::unavailable(short(&error)))?;
        match timeout(WATCH_TIMEOUT, client.request_events::<ObjectJson>(request)).await {
            Ok(Ok(stream)) => Ok(stream.boxed()),
            Ok(Err(error)) => Err(Error::new(&error, self.operation("watch"))),
            Err(_) => Err(self.timed_out("watch", WATCH_TIMEOUT)),
        }
    }

    /// The error of a status that came as an event of a watch.
    pub(super) fn watch_error(&self, status: &Status) -> Error {
        Error::from_status(status, self.operation("watch"))
    }

    fn path(&self, client: &kube::Client) -> String {
        let resource = api_resource(self.kind);
        let api: Api<DynamicObject> = match &self.namespace {
            Some(namespace) => Api::namespaced_with(client.clone(), namespace, &resource),
            None => Api::all_with(client.clone(), &resource),
        };
        api.resource_url().to_owned()
    }

    fn operation<'a>(&'a self, verb: &'a str) -> Operation<'a> {
        Operation::Collection {
            verb,
            kind: self.kind,
            namespace: self.namespace.as_deref(),
        }
    }

    fn timed_out(&self, verb: &str, after: Duration) -> Error {
        Error::unavailable(format!(
            "the API server did not begin to {verb} {} within {} s",
            self.kind.as_str(),
            after.as_secs()
        ))
    }
}
