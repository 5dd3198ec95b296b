//! Services: names and ports that lead to whichever Pods are ready, as EndpointSlices say.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use futures::StreamExt as _;
use http::StatusCode;
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::runtime::reflector::{self, Store};
use kube::runtime::{WatchStreamExt as _, watcher};
use kube::{Api, ResourceExt as _};
use parking_lot::Mutex;
use tokio_util::task::AbortOnDropHandle;
use url::Url;

use crate::egress_proxy::{any_port, forward};

/// The process id and the port of each Pod that runs, by its name.
pub(super) type Running = Arc<Mutex<BTreeMap<String, (u32, u16)>>>;

/// The label by which an EndpointSlice names its Service.
const SERVICE: &str = "kubernetes.io/service-name";

/// Who is behind which Service.
#[derive(Clone)]
pub(super) struct Network {
    slices: Store<EndpointSlice>,
    running: Running,
    http: reqwest::Client,
}

impl Network {
    /// The network, and the task that keeps it informed.
    pub(super) async fn start(
        client: kube::Client,
        running: Running,
    ) -> anyhow::Result<(Self, AbortOnDropHandle<()>)> {
        let http = reqwest::Client::builder()
            .no_proxy()
            // A Pod that ended must not be asked by a connection that was kept.
            .pool_max_idle_per_host(0)
            .build()?;
        let (slices, writer) = reflector::store();
        let watched = watcher(Api::all(client), watcher::Config::default()).default_backoff();
        let following = reflector::reflector(writer, watched);
        let task = tokio::spawn(following.for_each(|_| std::future::ready(())));
        let task = AbortOnDropHandle::new(task);
        let network = Self {
            slices,
            running,
            http,
        };
        Ok((network, task))
    }

    /// The port of a Pod that is ready behind a Service.
    fn endpoint(&self, namespace: &str, service: &str) -> Option<u16> {
        let running = self.running.lock();
        let mut ready = self
            .slices
            .state()
            .into_iter()
            .filter(|slice| {
                slice.namespace().as_deref() == Some(namespace)
                    && slice.labels().get(SERVICE).map(String::as_str) == Some(service)
            })
            .flat_map(|slice| slice.endpoints.clone())
            .filter(|endpoint| {
                let conditions = endpoint.conditions.as_ref();
                conditions.and_then(|conditions| conditions.ready) == Some(true)
            })
            .filter_map(|endpoint| endpoint.target_ref?.name)
            .filter_map(|pod| running.get(&pod).map(|(_, port)| *port));
        ready.next()
    }

    /// Serves the names of Services to what runs in `namespace`, as an HTTP proxy; gives its port.
    pub(super) async fn names(
        &self,
        namespace: &str,
    ) -> anyhow::Result<(u16, AbortOnDropHandle<()>)> {
        let namespace = namespace.to_owned();
        let (address, serving) = self
            .serve(move |request| {
                let host = request.uri().host()?;
                let mut parts = host.split('.');
                let service = parts.next()?.to_owned();
                let namespace = parts.next().unwrap_or(&namespace).to_owned();
                Some((namespace, service))
            })
            .await?;
        Ok((address.port(), serving))
    }

    /// Serves one Service on a port of its own.
    pub(super) async fn publish(
        &self,
        namespace: &str,
        service: &str,
    ) -> anyhow::Result<(Url, AbortOnDropHandle<()>)> {
        let behind = (namespace.to_owned(), service.to_owned());
        let (address, serving) = self.serve(move |_| Some(behind.clone())).await?;
        Ok((Url::parse(&format!("http://{address}/"))?, serving))
    }

    async fn serve(
        &self,
        which: impl Fn(&Request) -> Option<(String, String)> + Clone + Send + Sync + 'static,
    ) -> anyhow::Result<(SocketAddr, AbortOnDropHandle<()>)> {
        let (listener, address) = any_port().await?;
        let network = self.clone();
        let handler = move |request: Request| {
            let (network, which) = (network.clone(), which.clone());
            async move {
                match which(&request) {
                    Some((namespace, service)) => network.ask(&namespace, &service, request).await,
                    None => StatusCode::BAD_REQUEST.into_response(),
                }
            }
        };
        let router = Router::new().fallback(handler);
        let serving = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!(%error, "a Service stopped answering");
            }
        });
        Ok((address, AbortOnDropHandle::new(serving)))
    }

    async fn ask(&self, namespace: &str, service: &str, request: Request) -> Response {
        let Some(port) = self.endpoint(namespace, service) else {
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        };
        let path = request
            .uri()
            .path_and_query()
            .map_or("/", |path| path.as_str());
        let Ok(url) = Url::parse(&format!("http://127.0.0.1:{port}{path}")) else {
            return StatusCode::BAD_REQUEST.into_response();
        };
        match forward(&self.http, url, request).await {
            Ok(answer) => answer,
            Err(error) => {
                tracing::debug!(%error, service, "a Pod does not answer");
                StatusCode::BAD_GATEWAY.into_response()
            }
        }
    }
}
