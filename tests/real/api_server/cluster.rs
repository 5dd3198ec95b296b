//! A cluster as far as an API server and its store make one: enough to ask whether it would take a
//! manifest.

use std::collections::BTreeMap;
use std::env;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use serde_json::{Value, json};

use crate::files::documents;
use crate::programs::program;

/// A running API server.
pub struct Cluster {
    cluster: testbed::Cluster,
    namespaces: Mutex<BTreeMap<String, Value>>,
}

impl Cluster {
    /// Returns the cluster that all tests share; it ends with the last one that uses it.
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
        let cluster = testbed::Cluster::bare("real").unwrap();
        for crds in env::split_paths(&program("WEFT_REAL_FLUX_CRDS")) {
            let crds = crds.display().to_string();
            let words = ["apply", "--server-side", "--filename", &crds];
            cluster.plane.run(&words, "").unwrap().ok().unwrap();
        }
        cluster.plane.established().unwrap();
        Self {
            cluster,
            namespaces: Mutex::default(),
        }
    }

    /// Whether the cluster would take these manifests, all in this namespace or each in its own:
    /// server-side, with strict validation of their fields, a warning being as bad as an error.
    /// What they would change is not kept, but for the namespaces, which are made first.
    pub fn would_apply(&self, manifests: &str, namespace: Option<&str>) -> Result<(), String> {
        let documents = documents(manifests);
        self.make_namespaces(&documents, namespace);
        let everywhere = namespace.map(|namespace| format!("--namespace={namespace}"));
        let mut arguments = vec![
            "apply",
            "--server-side",
            "--dry-run=server",
            "--validate=strict",
            "--warnings-as-errors",
            "--field-manager=kustomize-controller",
            "--filename=-",
        ];
        arguments.extend(everywhere.as_deref());
        let ended = self.cluster.plane.run(&arguments, manifests).unwrap();
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
            self.cluster.plane.apply(&manifest.to_string()).unwrap();
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
