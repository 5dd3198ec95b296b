//! What notification-controller does: events that match an Alert go to its Provider, as a commit
//! status, a `repository_dispatch`, or a signed webhook.

use std::sync::Arc;

use anyhow::{Context as _, bail};
use http::header;
use regex::Regex;
use serde_json::{Map, Value, json};
use url::Url;

use super::addresses::Addresses;
use super::object::{Key, text, timestamp};
use super::store::Store;
use super::{events, kinds};
use crate::clock::Clock;
use crate::faults::Faults;
use crate::signature::sign;

/// The secrets that the objects of git name and a cluster is given apart from git.
#[derive(Clone, Default)]
pub struct Secrets {
    /// `github-token`: for commit statuses and dispatches.
    pub github_token: Option<String>,
    /// `git-auth` of the image automation: for pushing.
    pub git_token: Option<String>,
    /// `weft-hmac`: the key that signs webhooks.
    pub weft_hmac: Option<String>,
}

/// Something that a controller reports.
#[derive(Clone, Debug)]
pub struct Report {
    /// `info` or `error`.
    pub severity: &'static str,
    /// A word such as `UpgradeSucceeded`.
    pub reason: String,
    /// The sentence.
    pub message: String,
    /// `revision`, `app-version`, `commit_status`.
    pub metadata: Map<String, Value>,
}

impl Report {
    /// A report about a revision.
    #[must_use]
    pub fn new(severity: &'static str, reason: &str, message: &str, revision: &str) -> Self {
        let mut metadata = Map::new();
        if !revision.is_empty() {
            metadata.insert("revision".to_owned(), json!(revision));
        }
        Self {
            severity,
            reason: reason.to_owned(),
            message: message.to_owned(),
            metadata,
        }
    }

    /// The same, with one more piece of metadata.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.metadata.insert(name.to_owned(), json!(value));
        self
    }
}

/// Sends reports where the cluster's Alerts say.
#[derive(Clone)]
pub struct Notifier {
    pub(super) store: Arc<Store>,
    pub(super) http: reqwest::Client,
    pub(super) addresses: Addresses,
    pub(super) secrets: Secrets,
    pub(super) clock: Clock,
    pub(super) faults: Faults,
    /// While the past is seeded, nothing is sent.
    pub(super) silent: bool,
}

impl Notifier {
    /// Sends a report about an object in the background; a delivery that fails is logged and lost,
    /// as with the original.
    pub fn report(&self, key: &Key, report: &Report) {
        let Some(object) = self.store.get(key).filter(|_| !self.silent) else {
            return;
        };
        let now = self.clock.now();
        events::record(&self.store, key, &object, report, controller(key), now);
        let event = self.event(key, &object, report);
        for (alert_key, alert) in self.store.list(&kinds::ALERT, None).1 {
            if !matches(&alert_key, &alert, key, report) {
                continue;
            }
            let name = text(&alert, "/spec/providerRef/name").unwrap_or_default();
            let provider = Key::new(&kinds::PROVIDER, &alert_key.namespace, name);
            let Some(provider) = self.store.get(&provider) else {
                tracing::warn!(
                    alert = alert_key.path(),
                    provider = name,
                    "the alert's provider does not exist"
                );
                continue;
            };
            let event = with_metadata(event.clone(), &alert);
            let delivery = self.clone();
            tokio::spawn(async move {
                if let Err(error) = delivery.deliver(&provider, &event).await {
                    tracing::warn!(
                        alert = alert_key.path(),
                        "a notification was not delivered: {error:#}"
                    );
                }
            });
        }
    }

    fn event(&self, key: &Key, object: &Value, report: &Report) -> Value {
        json!({
            "involvedObject": {
                "kind": key.kind.kind, "namespace": key.namespace, "name": key.name,
                "uid": object["metadata"]["uid"], "apiVersion": key.kind.api_version(),
                "resourceVersion": object["metadata"]["resourceVersion"],
            },
            "severity": report.severity,
            "timestamp": timestamp(self.clock.now()),
            "message": report.message,
            "reason": report.reason,
            "metadata": report.metadata,
            "reportingController": controller(key),
            "reportingInstance": format!("{}-0", controller(key)),
        })
    }

    async fn deliver(&self, provider: &Value, event: &Value) -> anyhow::Result<()> {
        let address = text(provider, "/spec/address").context("the provider has no address")?;
        let Some(address) = self.addresses.resolve(address)? else {
            return Ok(());
        };
        match text(provider, "/spec/type") {
            Some("github") => self.commit_status(provider, &address, event).await,
            Some("githubdispatch") => self.dispatch(&address, event).await,
            Some("generic-hmac") => self.webhook(&address, event).await,
            kind => bail!("the provider type {kind:?} is not known here"),
        }
    }

    /// Speaks of the Kustomization only: `success` over a release that failed is the process's known
    /// defect, and is not mended here.
    async fn commit_status(
        &self,
        provider: &Value,
        address: &Url,
        event: &Value,
    ) -> anyhow::Result<()> {
        let reason = text(event, "/reason").unwrap_or_default();
        let revision = text(event, "/metadata/revision").unwrap_or_default();
        let Some((_, commit)) = revision
            .split_once("@sha1:")
            .filter(|_| reason != "Progressing")
        else {
            return Ok(());
        };
        let uid = text(provider, "/metadata/uid").unwrap_or_default();
        let context = format!(
            "{}/{}/{}",
            text(event, "/involvedObject/kind")
                .unwrap_or_default()
                .to_lowercase(),
            text(event, "/involvedObject/name").unwrap_or_default(),
            uid.split('-').next().unwrap_or_default(),
        )
        .to_lowercase();
        let state = match text(event, "/severity") {
            Some("info") => "success",
            _ => "failure",
        };
        let description = words(reason);
        let present: Value = self
            .github(
                http::Method::GET,
                address,
                &format!("commits/{commit}/statuses?per_page=50"),
                None,
            )
            .await?
            .json()
            .await?;
        let same = present
            .as_array()
            .into_iter()
            .flatten()
            .find(|status| status["context"] == json!(context));
        if same.is_some_and(|status| {
            status["state"] == json!(state) && status["description"] == json!(description)
        }) {
            return Ok(());
        }
        let body = json!({"state": state, "description": description, "context": context});
        self.github(
            http::Method::POST,
            address,
            &format!("statuses/{commit}"),
            Some(&body),
        )
        .await?;
        Ok(())
    }

    /// Posted once, without retry: a dispatch that is lost stays lost.
    async fn dispatch(&self, address: &Url, event: &Value) -> anyhow::Result<()> {
        if self.faults.take_dispatch_lost() {
            return Ok(());
        }
        let object = &event["involvedObject"];
        let event_type = format!(
            "{}/{}.{}",
            text(object, "/kind").unwrap_or_default(),
            text(object, "/name").unwrap_or_default(),
            text(object, "/namespace").unwrap_or_default(),
        );
        let body = json!({"event_type": event_type, "client_payload": event});
        self.github(http::Method::POST, address, "dispatches", Some(&body))
            .await?;
        Ok(())
    }

    /// Calls the REST API of the repository at `address`, in the layout of GitHub Enterprise, as the
    /// original does for any host but github.com.
    async fn github(
        &self,
        method: http::Method,
        address: &Url,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<reqwest::Response> {
        let repository = address.path().trim_matches('/').trim_end_matches(".git");
        let url = address.join(&format!("/api/v3/repos/{repository}/{path}"))?;
        let mut request = self
            .http
            .request(method, url)
            .header(header::USER_AGENT, "go-github/v64.0.0")
            .header(header::ACCEPT, "application/vnd.github.v3+json")
            .header("X-GitHub-Api-Version", "2022-11-28");
        if let Some(token) = &self.secrets.github_token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await?;
        let status = response.status();
        if !status.is_success() {
            bail!("the forge answered {status}: {}", response.text().await?);
        }
        Ok(response)
    }

    async fn webhook(&self, address: &Url, event: &Value) -> anyhow::Result<()> {
        let body = event.to_string();
        let key = self.secrets.weft_hmac.as_deref().unwrap_or_default();
        let controller = text(event, "/reportingController").unwrap_or_default();
        let response = self
            .http
            .post(address.clone())
            .header(header::CONTENT_TYPE, "application/json")
            .header("gotk-component", controller)
            .header("X-Signature", sign(key, body.as_bytes()))
            .body(body)
            .send()
            .await?;
        if !response.status().is_success() {
            bail!("the webhook answered {}", response.status());
        }
        Ok(())
    }
}

/// Whether an Alert wants a report: by source, severity, and the patterns over its message.
fn matches(alert_key: &Key, alert: &Value, key: &Key, report: &Report) -> bool {
    let sources = alert["spec"]["eventSources"].as_array();
    let wanted = sources.into_iter().flatten().any(|source| {
        let namespace = text(source, "/namespace").unwrap_or(&alert_key.namespace);
        let name = text(source, "/name").unwrap_or_default();
        text(source, "/kind") == Some(key.kind.kind)
            && namespace == key.namespace
            && (name == "*" || name == key.name)
    });
    let suspended = alert["spec"]["suspend"] == json!(true);
    let severe = text(alert, "/spec/eventSeverity") != Some("error") || report.severity == "error";
    let any = |list: &str| {
        let patterns = alert["spec"][list].as_array();
        patterns.into_iter().flatten().any(|pattern| {
            let pattern = Regex::new(pattern.as_str().unwrap_or_default());
            pattern.is_ok_and(|pattern| pattern.is_match(&report.message))
        })
    };
    let included = alert["spec"].get("inclusionList").is_none() || any("inclusionList");
    wanted && !suspended && severe && included && !any("exclusionList")
}

fn with_metadata(mut event: Value, alert: &Value) -> Value {
    if let Some(metadata) = alert["spec"]["eventMetadata"].as_object() {
        for (name, value) in metadata {
            event["metadata"][name] = value.clone();
        }
    }
    if let Some(summary) = text(alert, "/spec/summary") {
        event["metadata"]["summary"] = json!(summary);
    }
    event
}

fn controller(key: &Key) -> &'static str {
    match key.kind.kind {
        "Kustomization" => "kustomize-controller",
        "HelmRelease" => "helm-controller",
        "ImageRepository" | "ImagePolicy" => "image-reflector-controller",
        "ImageUpdateAutomation" => "image-automation-controller",
        _ => "source-controller",
    }
}

/// `ReconciliationSucceeded` → `reconciliation succeeded`.
fn words(reason: &str) -> String {
    let mut words = String::new();
    for letter in reason.chars() {
        if letter.is_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.extend(letter.to_lowercase());
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alert() -> (Key, Value) {
        let manifest = json!({
            "apiVersion": "notification.toolkit.fluxcd.io/v1beta3", "kind": "Alert",
            "metadata": {"name": "podinfo-dispatch", "namespace": "app-podinfo"},
            "spec": {
                "eventSeverity": "info", "eventMetadata": {"env": "uat"},
                "eventSources": [{"kind": "HelmRelease", "name": "podinfo"}],
                "inclusionList": ["^Helm test succeeded.*"], "exclusionList": [".*no test hooks$"],
            },
        });
        (Key::of(&manifest).unwrap(), manifest)
    }

    #[test]
    fn an_alert_takes_only_the_messages_that_it_includes_and_does_not_exclude() {
        let (alert_key, alert) = alert();
        let release = Key::new(&kinds::HELM_RELEASE, "app-podinfo", "podinfo");
        for (message, wanted) in [
            (
                "Helm test succeeded for release a/b.v1 with chart b@1: 1 test hook completed successfully",
                true,
            ),
            (
                "Helm test succeeded for release a/b.v1 with chart b@1: no test hooks",
                false,
            ),
            (
                "Helm rollback to previous release a/b.v1 with chart b@1 succeeded",
                false,
            ),
            (
                "Helm upgrade succeeded for release a/b.v2 with chart b@2",
                false,
            ),
        ] {
            let report = Report::new("info", "X", message, "1.0.0");
            assert_eq!(
                matches(&alert_key, &alert, &release, &report),
                wanted,
                "{message}"
            );
        }
    }

    #[test]
    fn the_metadata_of_an_alert_joins_that_of_the_event() {
        let event = with_metadata(json!({"metadata": {"revision": "1.0.0"}}), &alert().1);
        assert_eq!(
            event["metadata"],
            json!({"revision": "1.0.0", "env": "uat"})
        );
    }

    #[test]
    fn a_reason_is_put_in_words() {
        assert_eq!(words("ReconciliationSucceeded"), "reconciliation succeeded");
        assert_eq!(words("BuildFailed"), "build failed");
    }
}
