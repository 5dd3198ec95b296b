//! Flux's controllers, each a process that speaks to one cluster.

use std::path::Path;
use std::process::Command;

use anyhow::Context as _;

use crate::control_plane::ControlPlane;
use crate::egress_proxy::EgressProxy;
use crate::process::{Server, free_ports, program};

/// The controllers of one cluster.
pub struct Flux {
    controllers: Vec<(&'static str, Server)>,
}

impl Flux {
    /// Starts them; with image automation where `images` says so. Their requests leave through `egress_proxy`.
    pub fn start(
        plane: &ControlPlane,
        folder: &Path,
        egress_proxy: &EgressProxy,
        images: bool,
    ) -> anyhow::Result<Self> {
        let [events, receiver, storage] = free_ports()?;
        let storage = format!("127.0.0.1:{storage}");
        let files = folder.join("artifacts");
        std::fs::create_dir_all(&files)?;
        let mut named = vec![
            (
                "notification-controller",
                vec![
                    format!("--events-addr=127.0.0.1:{events}"),
                    format!("--receiverAddr=127.0.0.1:{receiver}"),
                ],
            ),
            (
                "source-controller",
                vec![
                    format!("--storage-path={}", files.display()),
                    format!("--storage-addr={storage}"),
                    format!("--storage-adv-addr={storage}"),
                    "--helm-cache-max-size=0".to_owned(),
                ],
            ),
            ("kustomize-controller", vec![]),
            ("helm-controller", vec![]),
        ];
        if images {
            named.push(("image-automation-controller", vec![]));
        }
        let mut controllers = Vec::with_capacity(named.len());
        let mut ports = Vec::with_capacity(named.len());
        for (name, words) in named {
            let [metrics, health] = free_ports()?;
            let variable = format!("WEFT_REAL_{}", name.to_uppercase().replace('-', "_"));
            let mut command = Command::new(program(&variable)?);
            command
                .args(words)
                .arg("--log-level=info")
                .arg(format!("--metrics-addr=127.0.0.1:{metrics}"))
                .arg(format!("--health-addr=127.0.0.1:{health}"))
                .env("KUBECONFIG", plane.kubeconfig())
                .env("RUNTIME_NAMESPACE", "flux-system")
                // Half a dozen such programs share a machine with few cores.
                .env("GOGC", "50");
            if name != "notification-controller" {
                command.arg(format!("--events-addr=http://127.0.0.1:{events}/"));
            }
            egress_proxy.lead(&mut command);
            controllers.push((name, Server::start(command, &folder.join(name))?));
            ports.push(health);
        }
        for ((_, server), health) in controllers.iter_mut().zip(ports) {
            server.listens(health)?;
        }
        Ok(Self { controllers })
    }

    /// Stops one of them, as an eviction would.
    pub fn stop(&mut self, name: &str) -> anyhow::Result<()> {
        self.controller(name)?.stop();
        Ok(())
    }

    /// Starts one of them again.
    pub fn restart(&mut self, name: &str) -> anyhow::Result<()> {
        self.controller(name)?.restart()
    }

    fn controller(&mut self, name: &str) -> anyhow::Result<&mut Server> {
        self.controllers
            .iter_mut()
            .find(|(known, _)| *known == name)
            .map(|(_, server)| server)
            .with_context(|| format!("no {name} runs here"))
    }

    /// Returns the process ids of the controllers that run.
    pub fn pids(&self) -> impl Iterator<Item = u32> {
        self.controllers
            .iter()
            .filter_map(|(_, server)| server.pid())
    }
}
