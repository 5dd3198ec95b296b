//! Clusters as far as their control planes make them: API servers over one etcd, each under a prefix
//! of its own, and the controller manager that turns Deployments into Pods.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;
use kube::config::{KubeConfigOptions, Kubeconfig};
use serde_json::json;

use crate::process::{Finished, Server, free_ports, program, run, write_secret};

/// The store of all clusters.
pub struct Etcd {
    server: Server,
    url: EtcdUrl,
}

/// Where a store answers.
#[derive(Clone, Debug)]
pub struct EtcdUrl(String);

impl EtcdUrl {
    /// Such as `http://127.0.0.1:2379`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Etcd {
    /// Starts it on free ports; its data is below `folder`.
    pub fn start(folder: &Path) -> anyhow::Result<Self> {
        let [client, peer_port] = free_ports()?;
        let url = format!("http://127.0.0.1:{client}");
        let mut etcd = Command::new(program("WEFT_REAL_ETCD")?);
        etcd.arg("--data-dir")
            .arg(folder.join("etcd"))
            // It need not outlive a power failure.
            .args(["--unsafe-no-fsync", "--log-level=warn"])
            .args(["--listen-client-urls", &url])
            .args(["--advertise-client-urls", &url])
            .arg(format!("--listen-peer-urls=http://127.0.0.1:{peer_port}"));
        let mut server = Server::start(etcd, &folder.join("etcd"))?;
        server.listens(client)?;
        Ok(Self {
            server,
            url: EtcdUrl(url),
        })
    }

    /// Where it answers.
    #[must_use]
    pub fn url(&self) -> &EtcdUrl {
        &self.url
    }

    /// Returns the process id, while it runs.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.server.pid()
    }
}

/// A running API server, and what speaks for its administrator. It must end before its etcd does: an
/// API server without its store takes a minute to end.
pub struct ControlPlane {
    api_server: Server,
    manager: Option<Server>,
    folder: PathBuf,
    port: u16,
}

impl ControlPlane {
    /// Starts the API server of the cluster `name`; its files are below `folder`, which is made.
    pub fn start(etcd: &EtcdUrl, name: &str, folder: &Path) -> anyhow::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let [port] = free_ports()?;
        let token = hex::encode(rand::random::<[u8; 20]>());
        let tokens = folder.join("tokens.csv");
        write_secret(&tokens, &format!("{token},admin,admin,system:masters\n"))?;
        let certificates = folder.join("certificates");
        // The API server makes a key for itself when there is none, and may sign with it as well.
        let key = certificates.join("apiserver.key");
        let mut command = Command::new(program("WEFT_REAL_KUBE_APISERVER")?);
        command
            .args(["--bind-address=127.0.0.1", "--authorization-mode=RBAC"])
            .args(["--service-cluster-ip-range=10.0.0.0/24"])
            .args(["--disable-admission-plugins=ServiceAccount"])
            .args(["--service-account-issuer=https://kubernetes.default.svc"])
            .arg(format!("--secure-port={port}"))
            .arg(format!("--etcd-servers={}", etcd.0))
            .arg(format!("--etcd-prefix=/{name}"))
            .arg(format!("--cert-dir={}", certificates.display()))
            .arg(format!("--token-auth-file={}", tokens.display()))
            .arg(format!("--service-account-key-file={}", key.display()))
            .arg(format!(
                "--service-account-signing-key-file={}",
                key.display()
            ));
        let api_server = Server::start(command, &folder.join("kube-apiserver"))?;
        let config = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{ "name": name, "cluster": {
                "server": format!("https://127.0.0.1:{port}"),
                "certificate-authority": certificates.join("apiserver.crt"),
            } }],
            "users": [{ "name": "admin", "user": { "token": token } }],
            // Like Flux, this takes no manifest that should have a namespace and names none.
            "contexts": [{ "name": name, "context": {
                "cluster": name, "user": "admin", "namespace": "that-was-not-named",
            } }],
            "current-context": name,
        });
        write_secret(&folder.join("kubeconfig"), &config.to_string())?;
        let mut plane = Self {
            api_server,
            manager: None,
            folder: folder.to_owned(),
            port,
        };
        plane.is_ready()?;
        Ok(plane)
    }

    fn is_ready(&mut self) -> anyhow::Result<()> {
        self.api_server.listens(self.port)?;
        let folder = self.folder.clone();
        self.api_server.wait_until("it is ready", || {
            let answer = kubectl(&folder, &["get", "--raw", "/readyz"], "");
            answer.is_ok_and(|ended| ended.success)
        })
    }

    /// Starts the controller manager: Deployments become ReplicaSets, these Pods, and Services know
    /// which of them are ready.
    pub fn start_manager(&mut self) -> anyhow::Result<()> {
        let [port] = free_ports()?;
        let mut command = Command::new(program("WEFT_REAL_KUBE_CONTROLLER_MANAGER")?);
        command
            .args(["--bind-address=127.0.0.1", "--leader-elect=false"])
            .arg(format!("--secure-port={port}"))
            .arg(format!("--kubeconfig={}", self.kubeconfig().display()))
            .arg(format!(
                "--cert-dir={}",
                self.folder.join("manager").display()
            ))
            .arg(
                "--controllers=deployment-controller,replicaset-controller,\
                 endpointslice-controller,garbage-collector-controller,namespace-controller",
            );
        let log = self.folder.join("kube-controller-manager");
        self.manager = Some(Server::start(command, &log)?);
        Ok(())
    }

    /// Restarts the API server, as an upgrade of the cluster would.
    pub fn restart_api_server(&mut self) -> anyhow::Result<()> {
        self.api_server.stop();
        self.api_server.restart()?;
        self.is_ready()
    }

    /// Where its API answers: HTTPS, on loopback.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }

    /// The certificate that its API answers with, in PEM.
    #[must_use]
    pub fn certificate(&self) -> PathBuf {
        self.folder.join("certificates").join("apiserver.crt")
    }

    /// The administrator's kubeconfig.
    #[must_use]
    pub fn kubeconfig(&self) -> PathBuf {
        self.folder.join("kubeconfig")
    }

    /// The processes that it consists of.
    pub fn pids(&self) -> impl Iterator<Item = u32> {
        let manager = self.manager.as_ref().and_then(Server::pid);
        self.api_server.pid().into_iter().chain(manager)
    }

    /// Runs `kubectl` with these words and this input, as the administrator.
    pub fn run(&self, words: &[&str], input: &str) -> anyhow::Result<Finished> {
        kubectl(&self.folder, words, input)
    }

    /// Applies custom resource definitions, and waits until they can be used.
    pub fn define(&self, definitions: &str) -> anyhow::Result<()> {
        self.apply(definitions)?;
        self.established()
    }

    /// Waits until all custom resource definitions can be used.
    pub fn established(&self) -> anyhow::Result<()> {
        let words = ["wait", "crd", "--all", "--for=condition=Established"];
        let words = [&words[..], &["--timeout=60s"]].concat();
        self.run(&words, "")?.ok().map(drop)
    }

    /// Applies manifests, server-side.
    pub fn apply(&self, manifests: &str) -> anyhow::Result<()> {
        let words = [
            "apply",
            "--server-side",
            "--force-conflicts",
            "--filename=-",
        ];
        self.run(&words, manifests)?.ok().map(drop)
    }

    /// A client that may do everything.
    pub async fn client(&self) -> anyhow::Result<kube::Client> {
        let file = Kubeconfig::read_from(self.kubeconfig())?;
        let options = KubeConfigOptions::default();
        let mut config = kube::Config::from_custom_kubeconfig(file, &options)
            .await
            .context("reading the administrator's kubeconfig")?;
        config.proxy_url = None;
        Ok(kube::Client::try_from(config)?)
    }
}

impl Drop for ControlPlane {
    fn drop(&mut self) {
        if let Some(manager) = &mut self.manager {
            manager.kill();
        }
        self.api_server.kill();
    }
}

/// `kubectl` as the administrator of the cluster in this folder; it leaves nothing outside of it.
fn kubectl(folder: &Path, words: &[&str], input: &str) -> anyhow::Result<Finished> {
    let mut kubectl = Command::new(program("WEFT_REAL_KUBECTL")?);
    kubectl
        .arg("--kubeconfig")
        .arg(folder.join("kubeconfig"))
        .arg("--cache-dir")
        .arg(folder.join("cache"))
        .args(words);
    run(&mut kubectl, input)
}
