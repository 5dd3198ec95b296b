//! A cluster of one API server and its store, with the account that Weft reads with.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use testbed::Cluster;

use crate::files::folder;

const RELEASE: [&str; 4] = ["helmrelease", "podinfo", "--namespace", "web"];

pub struct Prod {
    pub cluster: Cluster,
}

impl Prod {
    /// With Flux's definitions, and with what installs Weft.
    pub fn start() -> Self {
        Self::installed(Cluster::with_flux("prod").unwrap())
    }

    /// Without Flux.
    pub fn bare() -> Self {
        Self::installed(Cluster::bare("prod").unwrap())
    }

    fn installed(cluster: Cluster) -> Self {
        let prod = Self { cluster };
        prod.install("namespace.yaml");
        prod.install("rbac.yaml");
        prod.said(&["create", "namespace", "web"]);
        prod.said(&["create", "namespace", "flux"]);
        prod
    }

    /// Applies a file of `deploy/weft`.
    pub fn install(&self, file: &str) {
        self.cluster.plane.apply(&deployed(file)).unwrap();
    }

    /// What kubectl says to these words.
    #[track_caller]
    pub fn said(&self, words: &[&str]) -> String {
        self.cluster.plane.run(words, "").unwrap().ok().unwrap()
    }

    /// A new token of Weft's account, as a Pod would get it.
    pub fn token(&self) -> String {
        self.said(&["create", "token", "weft", "--namespace", "weft"])
    }

    pub fn port(&self) -> u16 {
        let url = self.cluster.plane.url();
        url.rsplit(':').next().unwrap().parse().unwrap()
    }

    pub fn certificate(&self) -> String {
        fs::read_to_string(self.cluster.plane.certificate()).unwrap()
    }

    /// A folder for a test's own files.
    pub fn scratch(&self) -> PathBuf {
        self.cluster.folder().to_owned()
    }

    /// Makes the release what Flux makes it after a good upgrade to this version.
    pub fn put(&self, version: &str) {
        let mut release = super::weft::release(version);
        let metadata = json!({"name": "podinfo", "namespace": "web"});
        let status = release["status"].take();
        release["metadata"] = metadata.clone();
        release.as_object_mut().unwrap().remove("status");
        self.cluster.plane.apply(&release.to_string()).unwrap();
        let generation = ["--output", "jsonpath={.metadata.generation}"];
        let words = [&["get"], &RELEASE[..], &generation].concat();
        let generation: u64 = self.said(&words).parse().unwrap();
        let mut status = json!({"status": status});
        status["status"]["observedGeneration"] = generation.into();
        status["status"]["conditions"][0]["observedGeneration"] = generation.into();
        let patch = status.to_string();
        let how = ["--subresource=status", "--type=merge", "--patch", &patch];
        self.said(&[&["patch"], &RELEASE[..], &how].concat());
    }

    pub fn delete(&self) {
        self.said(&[&["delete"], &RELEASE[..]].concat());
    }

    /// Makes the store and the API server forget every change so far.
    pub async fn forget_the_past(&mut self) {
        let http = reqwest::Client::new();
        let at = |path: &str| format!("{}/v3/kv/{path}", self.cluster.etcd.url().as_str());
        let ask = async |path: &str, body: Value| -> Value {
            let asked = http.post(at(path)).body(body.to_string()).send();
            let answer = asked.await.unwrap().error_for_status().unwrap();
            serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap()
        };
        // Any key: the answer's header tells the store's revision.
        let now = ask("range", json!({"key": "AA=="})).await;
        let revision = now["header"]["revision"].clone();
        let compacted = ask(
            "compaction",
            json!({"revision": revision, "physical": true}),
        )
        .await;
        assert!(compacted["header"].is_object(), "{compacted}");
        self.cluster.plane.restart_api_server().unwrap();
    }
}

/// The text of a file of `deploy/weft`.
pub fn deployed(file: &str) -> String {
    fs::read_to_string(folder("deploy/weft").join(file)).unwrap()
}

/// Access as `deploy/README.md` describes it for other clusters.
pub fn by_token(url: &str) -> String {
    format!("{{server: '{url}', token: {{file: token}}, ca: ca}}")
}
