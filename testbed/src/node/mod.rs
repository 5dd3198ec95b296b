//! The node: a stand-in for the kubelet, the container runtime and the network of one cluster. It
//! binds Pods, runs their commands as processes of this machine, and reports how they really are.

mod context;
mod images;
mod network;
mod pod;
mod probes;
mod status;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use futures::TryStreamExt as _;
use k8s_openapi::api::core::v1::{Node as NodeObject, Pod};
use kube::api::{Patch, PatchParams};
use kube::runtime::{WatchStreamExt as _, watcher};
use kube::{Api, ResourceExt as _};
use parking_lot::Mutex;
use serde_json::json;
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;
use url::Url;

use self::context::{NAME, NodeContext};
pub use self::images::Images;
use self::network::{Network, Running};

/// A running node. Its Pods' processes end when it is dropped.
pub struct Node {
    context: NodeContext,
    _tasks: Vec<AbortOnDropHandle<()>>,
}

impl Node {
    /// Starts it for one cluster; what Pods say goes to files in `logs`.
    pub async fn start(
        client: kube::Client,
        images: Arc<Images>,
        logs: PathBuf,
    ) -> anyhow::Result<Self> {
        std::fs::create_dir_all(&logs)?;
        let http = reqwest::Client::builder().no_proxy().build()?;
        let running = Running::default();
        let (network, endpoints) = Network::start(client.clone(), Arc::clone(&running)).await?;
        let context = NodeContext {
            client,
            http,
            images,
            network,
            running,
            logs,
        };
        context.join().await?;
        let watching = AbortOnDropHandle::new(tokio::spawn(context.clone().watch()));
        Ok(Self {
            context,
            _tasks: vec![endpoints, watching],
        })
    }

    /// Where a Service answers people, whatever Pods are behind it: a port of this machine that stays.
    pub async fn publish(&mut self, namespace: &str, service: &str) -> anyhow::Result<Url> {
        let (url, serving) = self.context.network.publish(namespace, service).await?;
        self._tasks.push(serving);
        Ok(url)
    }

    /// The processes of Pods: `(Pod, pid)`.
    #[must_use]
    pub fn processes(&self) -> Vec<(String, u32)> {
        let running = self.context.running.lock();
        running
            .iter()
            .map(|(pod, (pid, _))| (pod.clone(), *pid))
            .collect()
    }
}

impl NodeContext {
    /// Tells the cluster that there is a node.
    async fn join(&self) -> anyhow::Result<()> {
        let node = json!({
            "apiVersion": "v1", "kind": "Node", "metadata": { "name": NAME },
        });
        let parameters = PatchParams::apply("node").force();
        let nodes: Api<NodeObject> = Api::all(self.client.clone());
        nodes.patch(NAME, &parameters, &Patch::Apply(&node)).await?;
        let status = json!({
            "apiVersion": "v1", "kind": "Node", "metadata": { "name": NAME },
            "status": { "conditions": [{
                "type": "Ready", "status": "True", "reason": "KubeletReady",
                "message": "the stand-in is ready",
                "lastHeartbeatTime": status::now(), "lastTransitionTime": status::now(),
            }] },
        });
        nodes
            .patch_status(NAME, &parameters, &Patch::Apply(&status))
            .await?;
        Ok(())
    }

    /// Keeps every Pod that there is, each by a task of its own that hears of its changes.
    async fn watch(self) {
        let tasks_by_pod: Mutex<BTreeMap<String, watch::Sender<Option<Arc<Pod>>>>> =
            Mutex::default();
        // Dropping the set at the end of this task ends all tasks_by_pod, and these their processes.
        let tasks = Mutex::new(tokio::task::JoinSet::new());
        let pods: Api<Pod> = Api::all(self.client.clone());
        let changes = watcher(pods, watcher::Config::default()).default_backoff();
        let mut changes = std::pin::pin!(changes);
        loop {
            let change = match changes.try_next().await {
                Ok(Some(change)) => change,
                Ok(None) => return,
                Err(error) => {
                    tracing::debug!(%error, "the node cannot watch its Pods");
                    continue;
                }
            };
            match change {
                watcher::Event::Apply(pod) | watcher::Event::InitApply(pod) => {
                    let Some(uid) = pod.uid() else { continue };
                    let pod = Arc::new(pod);
                    let mut tasks_by_pod = tasks_by_pod.lock();
                    if let Some(keeper) = tasks_by_pod.get(&uid) {
                        keeper.send_replace(Some(pod));
                    } else {
                        let (keeper, changes) = watch::channel(Some(pod));
                        tasks_by_pod.insert(uid, keeper);
                        tasks.lock().spawn(pod::keep(self.clone(), changes));
                    }
                }
                watcher::Event::Delete(pod) => {
                    if let Some(keeper) = pod.uid().and_then(|uid| tasks_by_pod.lock().remove(&uid))
                    {
                        keeper.send_replace(None);
                    }
                }
                watcher::Event::Init | watcher::Event::InitDone => {}
            }
        }
    }
}
