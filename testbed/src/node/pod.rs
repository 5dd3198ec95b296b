//! One Pod from its binding to its end, as a kubelet keeps it. A Pod here has one container; its port
//! is one of this machine's, told to it by `PORT`.

use std::fs::File;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use k8s_openapi::api::core::v1::{Container, Pod};
use kube::api::{DeleteParams, Patch, PatchParams, PostParams, Preconditions};
use kube::{Api, ResourceExt as _};
use serde_json::{Value, json};
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep};
use tokio_util::task::AbortOnDropHandle;

use super::context::{NAME, NodeContext};
use super::probes::Plan;
use super::status::{Report, State, now};
use crate::process::{free_ports, terminate};

/// Between two tries to pull an image or to restart a container; it doubles each time, as a kubelet's.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(300);
/// How often a readiness that is still missing is looked at, however seldom the Pod asks for it.
const POLL_INTERVAL: Duration = Duration::from_millis(250);

type Changes = watch::Receiver<Option<Arc<Pod>>>;

/// Keeps a Pod until it is gone.
pub(super) async fn keep(context: NodeContext, changes: Changes) {
    let Some(pod) = changes.borrow().clone() else {
        return;
    };
    let name = pod.name_any();
    let Some(container) = pod.spec.as_ref().and_then(|spec| spec.containers.first()) else {
        return;
    };
    let report = Report::new(
        &container.name,
        container.image.as_deref().unwrap_or_default(),
    );
    let namespace = pod.namespace().unwrap_or_default();
    let mut task = PodTask {
        pods: Api::namespaced(context.client.clone(), &namespace),
        context,
        namespace,
        name,
        container: container.clone(),
        report,
    };
    if let Err(error) = task.run(&pod, changes).await {
        tracing::warn!(pod = task.name, "the node gave a Pod up: {error:#}");
    }
}

struct PodTask {
    context: NodeContext,
    pods: Api<Pod>,
    namespace: String,
    name: String,
    container: Container,
    report: Report,
}

impl PodTask {
    async fn run(&mut self, pod: &Pod, mut changes: Changes) -> anyhow::Result<()> {
        let spec = pod.spec.as_ref().context("a Pod without a spec")?;
        if spec.node_name.is_none() {
            self.bind().await?;
        }
        let again = spec.restart_policy.as_deref() != Some("Never");
        let mut child = None;
        tokio::select! {
            () = is_deleted(&mut changes) => {}
            ended = self.lives(&mut child, again) => {
                ended?;
                is_deleted(&mut changes).await;
            }
        }
        let grace = spec.termination_grace_period_seconds.unwrap_or(30);
        if let Some(mut child) = child {
            let grace = Duration::from_secs(u64::try_from(grace).unwrap_or(0));
            end(&mut child, grace).await;
        }
        self.context.running.lock().remove(&self.name);
        self.confirm_deletion(pod, &changes).await
    }

    async fn bind(&self) -> anyhow::Result<()> {
        let binding = json!({
            "apiVersion": "v1", "kind": "Binding", "metadata": { "name": self.name },
            "target": { "apiVersion": "v1", "kind": "Node", "name": NAME },
        });
        let _: Value = self
            .pods
            .create_subresource("binding", &self.name, &PostParams::default(), &binding)
            .await
            .context("binding it")?;
        Ok(())
    }

    /// Runs the container, again and again where the Pod wants that.
    async fn lives(&mut self, child: &mut Option<Child>, again: bool) -> anyhow::Result<()> {
        let mut pause = FIRST_PAUSE;
        loop {
            let program = self.pulled().await?;
            let since = now();
            let (port, names) = self.start(child, program).await?;
            let Some(running) = child else { continue };
            let status = self.supervise(running, port, &since).await?;
            drop(names);
            *child = None;
            self.context.running.lock().remove(&self.name);
            let code = status.code().unwrap_or(137);
            self.report(&State::Terminated { code, since }, !again)
                .await?;
            if !again {
                return Ok(());
            }
            self.report.restarts += 1;
            let reason = "CrashLoopBackOff";
            let message = format!("back-off {} s restarting failed container", pause.as_secs());
            self.report(&State::Waiting { reason, message }, false)
                .await?;
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// The image's program, however long it takes to come.
    async fn pulled(&mut self) -> anyhow::Result<Option<PathBuf>> {
        let image = self.container.image.clone().unwrap_or_default();
        if self.report.restarts == 0 {
            let (reason, message) = ("ContainerCreating", String::new());
            self.report(&State::Waiting { reason, message }, false)
                .await?;
        }
        let mut pause = FIRST_PAUSE;
        loop {
            let error = match self.context.images.pull(&image).await {
                Ok(program) => return Ok(program),
                Err(error) => format!("{error:#}"),
            };
            for reason in ["ErrImagePull", "ImagePullBackOff"] {
                let message = error.clone();
                self.report(&State::Waiting { reason, message }, false)
                    .await?;
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Starts the container's command with its arguments and environment.
    async fn start(
        &self,
        child: &mut Option<Child>,
        entrypoint: Option<PathBuf>,
    ) -> anyhow::Result<(u16, AbortOnDropHandle<()>)> {
        let [port] = free_ports()?;
        let (proxy, names) = self.context.network.names(&self.namespace).await?;
        let container = &self.container;
        let mut words = container.command.iter().flatten();
        let program = words
            .next()
            .map(PathBuf::from)
            .or(entrypoint)
            .context("the Pod does not say what it runs, and this machine has no such image")?;
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.context.logs.join(format!("{}.log", self.name)))?;
        let mut command = Command::new(program);
        command
            .args(words)
            .args(container.args.iter().flatten())
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("HOSTNAME", &self.name)
            .envs(
                container
                    .env
                    .iter()
                    .flatten()
                    .filter_map(|variable| Some((&variable.name, variable.value.as_ref()?))),
            )
            .env("PORT", port.to_string())
            // How the names of Services are found.
            .env("http_proxy", format!("http://127.0.0.1:{proxy}"))
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true);
        let started = command.spawn().context("starting the container")?;
        if let Some(pid) = started.id() {
            let mut running = self.context.running.lock();
            running.insert(self.name.clone(), (pid, port));
        }
        *child = Some(started);
        Ok((port, names))
    }

    /// Probes the container and reports until it ends.
    async fn supervise(
        &mut self,
        child: &mut Child,
        port: u16,
        since: &str,
    ) -> anyhow::Result<ExitStatus> {
        let readiness = Plan::of(self.container.readiness_probe.as_ref());
        let liveness = Plan::of(self.container.liveness_probe.as_ref());
        let mut ready = readiness.is_none();
        let running = |ready| State::Running {
            since: since.to_owned(),
            ready,
        };
        self.report(&running(ready), false).await?;
        let mut asking = ticks(readiness.as_ref(), POLL_INTERVAL);
        let mut feeling = ticks(liveness.as_ref(), LONGEST_PAUSE);
        let (mut unready, mut lifeless) = (0, 0);
        let mut asked = Instant::now();
        loop {
            tokio::select! {
                status = child.wait() => return Ok(status?),
                _ = asking.tick() => {
                    let Some(plan) = &readiness else { continue };
                    if ready && asked.elapsed() < plan.every {
                        continue;
                    }
                    asked = Instant::now();
                    let well = plan.asks(&self.context.http, port).await;
                    unready = if well { 0 } else { unready + 1 };
                    let now_ready = well || (ready && unready < plan.failures);
                    if now_ready != ready {
                        ready = now_ready;
                        self.report(&running(ready), false).await?;
                    }
                }
                _ = feeling.tick() => {
                    let Some(plan) = &liveness else { continue };
                    let well = plan.asks(&self.context.http, port).await;
                    lifeless = if well { 0 } else { lifeless + 1 };
                    if lifeless >= plan.failures {
                        child.start_kill()?;
                    }
                }
            }
        }
    }

    /// Reports, and goes on trying while the API server is away.
    async fn report(&mut self, state: &State, last: bool) -> anyhow::Result<()> {
        let status = self.report.status(state, last);
        let mut pause = FIRST_PAUSE;
        loop {
            let parameters = PatchParams::default();
            let patch = Patch::Merge(&status);
            match self
                .pods
                .patch_status(&self.name, &parameters, &patch)
                .await
            {
                Ok(_) => return Ok(()),
                // It is gone; the watch says so as well.
                Err(kube::Error::Api(answer)) if answer.code == 404 => return Ok(()),
                Err(kube::Error::Api(answer)) if answer.code < 500 && answer.code != 429 => {
                    anyhow::bail!("its status was refused: {}", answer.message);
                }
                Err(error) => tracing::debug!(%error, pod = self.name, "a status waits"),
            }
            sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(4));
        }
    }

    /// Lets the cluster forget it.
    async fn confirm_deletion(&self, pod: &Pod, changes: &Changes) -> anyhow::Result<()> {
        if changes.borrow().is_none() {
            return Ok(());
        }
        let parameters = DeleteParams {
            grace_period_seconds: Some(0),
            preconditions: Some(Preconditions {
                uid: pod.uid(),
                resource_version: None,
            }),
            ..DeleteParams::default()
        };
        match self.pods.delete(&self.name, &parameters).await {
            Ok(_) => Ok(()),
            Err(kube::Error::Api(answer)) if answer.code == 404 => Ok(()),
            Err(error) => Err(error).context("confirming its deletion"),
        }
    }
}

/// Waits until the Pod is to end, or is gone.
async fn is_deleted(changes: &mut Changes) {
    // The sender goes when the node does; then there is nothing left to keep.
    let _ = changes
        .wait_for(|pod| {
            pod.as_ref()
                .is_none_or(|pod| pod.metadata.deletion_timestamp.is_some())
        })
        .await;
}

/// Asks a process to end, and ends it when its grace is over.
async fn end(child: &mut Child, grace: Duration) {
    if let Some(pid) = child.id() {
        terminate(pid);
    }
    if tokio::time::timeout(grace, child.wait()).await.is_err() {
        // Fails only when it has ended already, which is what is wanted.
        let _ = child.kill().await;
    }
}

/// When a probe is due.
fn ticks(plan: Option<&Plan>, at_most: Duration) -> tokio::time::Interval {
    let (first, every) = plan.map_or((LONGEST_PAUSE, LONGEST_PAUSE), |plan| {
        (plan.first, plan.every.min(at_most))
    });
    let mut ticks = interval_at(Instant::now() + first, every.max(POLL_INTERVAL));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}
