//! A cluster as far as an API server and its store make one: enough to ask whether it would take a
//! manifest.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::files::documents;
use crate::peers::{Server, free_ports, peer, run, run_with};

/// The token of the cluster's administrator. The cluster holds nothing and lives for seconds.
const TOKEN: &str = "weft-real-administrator";

/// A running API server. What is declared first ends first: an API server without its store takes
/// a minute to end.
pub struct Cluster {
    _api_server: Server,
    _etcd: Server,
    namespaces: Mutex<BTreeMap<String, Value>>,
    folder: TempDir,
}

impl Cluster {
    /// The cluster that all tests share; it ends with the last one that uses it.
    pub fn shared() -> Arc<Self> {
        static SHARED: Mutex<Weak<Cluster>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let cluster = Arc::new(Self::start());
            *shared = Arc::downgrade(&cluster);
            cluster
        })
    }

    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let [client, peers, port] = free_ports();
        let store = format!("http://127.0.0.1:{client}");
        let mut etcd = Server::start(
            Command::new(peer("WEFT_REAL_ETCD"))
                .arg("--data-dir")
                .arg(path.join("etcd"))
                .args(["--unsafe-no-fsync", "--log-level=warn"])
                .args(["--listen-client-urls", &store])
                .args(["--advertise-client-urls", &store])
                .arg(format!("--listen-peer-urls=http://127.0.0.1:{peers}")),
            path,
        );
        etcd.listens(client);

        let tokens = path.join("tokens.csv");
        fs::write(&tokens, format!("{TOKEN},admin,admin,system:masters\n")).unwrap();
        let certificates = path.join("certificates");
        // The API server makes a key for itself when there is none, and may sign with it as well.
        let key = certificates.join("apiserver.key");
        let mut api_server = Server::start(
            Command::new(peer("WEFT_REAL_KUBE_APISERVER"))
                .args(["--bind-address=127.0.0.1", "--authorization-mode=RBAC"])
                .args(["--service-cluster-ip-range=10.0.0.0/24"])
                .args(["--disable-admission-plugins=ServiceAccount"])
                .args(["--service-account-issuer=https://kubernetes.default.svc"])
                .arg(format!("--secure-port={port}"))
                .arg(format!("--etcd-servers={store}"))
                .arg(format!("--cert-dir={}", certificates.display()))
                .arg(format!("--token-auth-file={}", tokens.display()))
                .arg(format!("--service-account-key-file={}", key.display()))
                .arg(format!(
                    "--service-account-signing-key-file={}",
                    key.display()
                )),
            path,
        );
        api_server.listens(port);
        let config = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{ "name": "real", "cluster": {
                "server": format!("https://127.0.0.1:{port}"),
                "certificate-authority": certificates.join("apiserver.crt"),
            } }],
            "users": [{ "name": "admin", "user": { "token": TOKEN } }],
            // Like Flux, this takes no manifest that should have a namespace and names none.
            "contexts": [{ "name": "real", "context": {
                "cluster": "real", "user": "admin", "namespace": "that-was-not-named",
            } }],
            "current-context": "real",
        });
        fs::write(path.join("kubeconfig"), config.to_string()).unwrap();
        let ready = ["get", "--raw", "/readyz"];
        api_server.wait_until("it is ready", || run(kubectl(path).args(ready)).success);
        for crds in env::split_paths(&peer("WEFT_REAL_FLUX_CRDS")) {
            run(kubectl(path)
                .args(["apply", "--server-side", "--filename"])
                .arg(crds))
            .ok();
        }
        let established = ["wait", "crd", "--all", "--for=condition=Established"];
        run(kubectl(path).args(established).arg("--timeout=60s")).ok();
        Self {
            _api_server: api_server,
            _etcd: etcd,
            namespaces: Mutex::default(),
            folder,
        }
    }

    /// Whether the cluster would take these manifests, all in this namespace or each in its own:
    /// server-side, with strict validation of their fields, a warning being as bad as an error.
    /// What they would change is not kept, but for the namespaces, which are made first.
    pub fn would_apply(&self, manifests: &str, namespace: Option<&str>) -> Result<(), String> {
        let documents = documents(manifests);
        self.make_namespaces(&documents, namespace);
        let everywhere = namespace.map(|namespace| format!("--namespace={namespace}"));
        let ended = run_with(
            kubectl(self.folder.path())
                .args(["apply", "--server-side", "--dry-run=server"])
                .args(["--validate=strict", "--warnings-as-errors"])
                .args(["--field-manager=kustomize-controller"])
                .args(everywhere)
                .arg("--filename=-"),
            manifests,
        );
        // Kubectl says one line for each manifest that was taken.
        let taken = ended.stdout.lines().count();
        if ended.success && taken == documents.len() {
            Ok(())
        } else {
            Err(format!(
                "{taken} of {} accepted\n{}",
                documents.len(),
                ended.stderr
            ))
        }
    }

    /// Makes the namespaces that manifests are for, with the labels that they give them, since no
    /// object can be tried in a namespace that is not there.
    fn make_namespaces(&self, documents: &[Value], namespace: Option<&str>) {
        let mut made = self
            .namespaces
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let apply = |manifest: &Value| {
            run_with(
                kubectl(self.folder.path()).args(["apply", "--server-side", "--filename=-"]),
                &manifest.to_string(),
            )
            .ok();
        };
        for manifest in documents {
            let name = manifest["metadata"]["name"].as_str().unwrap_or_default();
            let is_one = manifest["apiVersion"] == "v1" && manifest["kind"] == "Namespace";
            if is_one && made.get(name) != Some(manifest) {
                apply(manifest);
                made.insert(name.to_owned(), manifest.clone());
            }
        }
        let named = documents
            .iter()
            .filter_map(|document| document["metadata"]["namespace"].as_str());
        for name in named.chain(namespace) {
            if !made.contains_key(name) && !["default", "kube-system"].contains(&name) {
                let bare = json!({
                    "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name },
                });
                apply(&bare);
                made.insert(name.to_owned(), bare);
            }
        }
    }
}

/// `kubectl` for the cluster whose files are in this folder; it leaves nothing elsewhere.
fn kubectl(folder: &Path) -> Command {
    let mut kubectl = Command::new(peer("WEFT_REAL_KUBECTL"));
    kubectl
        .arg("--kubeconfig")
        .arg(folder.join("kubeconfig"))
        .arg("--cache-dir")
        .arg(folder.join("cache"));
    kubectl
}
