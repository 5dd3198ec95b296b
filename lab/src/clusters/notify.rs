//! notification-controller: sends the reports that match an Alert to its Provider, as a commit status, a
//! `repository_dispatch` or a signed webhook.

use anyhow::{Context as _, bail};
use http::{Method, header};
use regex::Regex;
use serde_json::{Value, json};
use url::Url;

use super::controllers::ClusterContext;
use super::object::{Key, text, timestamp};
use super::report::{Report, involved_object};
use super::{events, kinds};
use crate::faults::Fault;
use crate::signature::sign;

impl ClusterContext {
    /// Records an event and sends it in the background. A delivery that fails is logged and lost, as
    /// with the original.
    pub(super) fn report(&self, key: &Key, report: &Report) {
        let Some(object) = self.store.get(key).filter(|_| !self.is_silent) else {
            return;
        };
        let now = self.clock.now();
        events::record(&self.store, key, &object, report, now);
        let controller = key.kind.controller();
        let event = json!({
            "involvedObject": involved_object(key, &object), "severity": report.severity,
            "timestamp": timestamp(now), "message": report.message, "reason": report.reason,
            "metadata": report.metadata, "reportingController": controller,
            "reportingInstance": format!("{controller}-0"),
        });
        for (alert_key, alert) in self.store.list(&kinds::ALERT, None).1 {
            if !matches(&alert_key, &alert, key, report) {
                continue;
            }
            let name = text(&alert, "/spec/providerRef/name").unwrap_or_default();
            let provider = Key::new(&kinds::PROVIDER, &alert_key.namespace, name);
            let provider = self.store.get(&provider);
            let event = with_metadata(event.clone(), &alert);
            let context = self.clone();
            tokio::spawn(async move {
                let delivered = match provider {
                    Some(provider) => context.deliver(&provider, &event).await,
                    None => Err(anyhow::anyhow!("the alert's provider does not exist")),
                };
                if let Err(error) = delivered {
                    let alert = alert_key.path();
                    tracing::warn!(alert, "a notification was not delivered: {error:#}");
                }
            });
        }
    }

    async fn deliver(&self, provider: &Value, event: &Value) -> anyhow::Result<()> {
        let address = text(provider, "/spec/address").context("the provider has no address")?;
        let Some(address) = self.registry.addresses.resolve(address)? else {
            return Ok(());
        };
        match text(provider, "/spec/type") {
            Some("github") => self.commit_status(provider, &address, event).await,
            Some("githubdispatch") => self.dispatch(&address, event).await,
            Some("generic-hmac") => self.webhook(&address, event).await,
            kind => bail!("the provider type {kind:?} is not known here"),
        }
    }

    /// Posts the state of a Kustomization, which is `success` even over a release that failed, as in
    /// the original.
    async fn commit_status(
        &self,
        provider: &Value,
        address: &Url,
        event: &Value,
    ) -> anyhow::Result<()> {
        let part = |pointer: &str| text(event, pointer).unwrap_or_default();
        let commit = part("/metadata/revision").split_once("@sha1:");
        let Some((_, commit)) = commit.filter(|_| part("/reason") != "Progressing") else {
            return Ok(());
        };
        let (kind, name) = (part("/involvedObject/kind"), part("/involvedObject/name"));
        let uid = text(provider, "/metadata/uid").unwrap_or_default();
        let uid = uid.split('-').next().unwrap_or_default();
        let state = match part("/severity") {
            "info" => "success",
            _ => "failure",
        };
        let status = json!({
            "state": state, "description": words(part("/reason")),
            "context": format!("{kind}/{name}/{uid}").to_lowercase(),
        });
        let path = format!("commits/{commit}/statuses?per_page=50");
        let present = self.github(Method::GET, address, &path, None).await?;
        let present: Vec<Value> = present.json().await?;
        let mut same = present.iter();
        let same = same.find(|present| present["context"] == status["context"]);
        let says_the_state = |same: &Value| {
            same["state"] == status["state"] && same["description"] == status["description"]
        };
        if same.is_some_and(says_the_state) {
            return Ok(());
        }
        let path = format!("statuses/{commit}");
        self.github(Method::POST, address, &path, Some(&status))
            .await?;
        Ok(())
    }

    /// Posted once, without retry: a dispatch that is lost stays lost.
    async fn dispatch(&self, address: &Url, event: &Value) -> anyhow::Result<()> {
        if self.faults.take(Fault::DispatchLost, None) {
            return Ok(());
        }
        let part = |name: &str| event["involvedObject"][name].as_str().unwrap_or_default();
        let event_type = format!("{}/{}.{}", part("kind"), part("name"), part("namespace"));
        let body = json!({"event_type": event_type, "client_payload": event});
        self.github(Method::POST, address, "dispatches", Some(&body))
            .await?;
        Ok(())
    }

    /// Calls the REST API of the repository at `address`, in the layout of GitHub Enterprise, as the
    /// original does for any host but github.com.
    async fn github(
        &self,
        method: Method,
        address: &Url,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<reqwest::Response> {
        let repository = address.path().trim_matches('/').trim_end_matches(".git");
        let url = address.join(&format!("/api/v3/repos/{repository}/{path}"))?;
        let http = &self.registry.http;
        let mut request = http
            .request(method, url)
            .header(header::USER_AGENT, "go-github/v64.0.0")
            .header(header::ACCEPT, "application/vnd.github.v3+json")
            .header("X-GitHub-Api-Version", "2022-11-28")
            .bearer_auth(&self.secrets.github_token);
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await?;
        let status = response.status();
        if !status.is_success() {
            bail!("GitHub answered {status}: {}", response.text().await?);
        }
        Ok(response)
    }

    async fn webhook(&self, address: &Url, event: &Value) -> anyhow::Result<()> {
        let body = event.to_string();
        let signature = sign(&self.secrets.weft_hmac, body.as_bytes());
        let controller = text(event, "/reportingController").unwrap_or_default();
        let http = &self.registry.http;
        let request = http
            .post(address.clone())
            .header(header::CONTENT_TYPE, "application/json")
            .header("gotk-component", controller)
            .header("X-Signature", signature)
            .body(body);
        request.send().await?.error_for_status()?;
        Ok(())
    }
}

/// Whether an Alert selects a report, by its source, its severity and the patterns over its message.
fn matches(alert_key: &Key, alert: &Value, key: &Key, report: &Report) -> bool {
    let spec = &alert["spec"];
    let list = |name: &str| spec[name].as_array().into_iter().flatten();
    let selected = list("eventSources").any(|source| {
        let namespace = text(source, "/namespace").unwrap_or(&alert_key.namespace);
        source["kind"] == key.kind.kind
            && namespace == key.namespace
            && (source["name"] == "*" || source["name"] == key.name)
    });
    let severe = spec["eventSeverity"] != "error" || report.severity == "error";
    let any = |name: &str| {
        list(name).any(|pattern| {
            let pattern = Regex::new(pattern.as_str().unwrap_or_default());
            pattern.is_ok_and(|pattern| pattern.is_match(&report.message))
        })
    };
    let included = spec.get("inclusionList").is_none() || any("inclusionList");
    selected && spec["suspend"] != true && severe && included && !any("exclusionList")
}

/// Adds the `eventMetadata` of an Alert.
fn with_metadata(mut event: Value, alert: &Value) -> Value {
    if let Some(metadata) = alert["spec"].get("eventMetadata") {
        json_patch::merge(&mut event["metadata"], metadata);
    }
    event
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
        let completed = "test succeeded for release a/b.v1: 1 test hook completed";
        for (message, wanted) in [
            (completed, true),
            ("test succeeded for release a/b.v1: no test hooks", false),
            ("rollback to previous release a/b.v1 succeeded", false),
            ("upgrade succeeded for release a/b.v2", false),
        ] {
            let report = Report::new("info", "X", &format!("Helm {message}"), "1.0.0");
            let matches = matches(&alert_key, &alert, &release, &report);
            assert_eq!(matches, wanted, "{message}");
        }
    }

    #[test]
    fn the_metadata_of_an_alert_joins_that_of_the_event() {
        let event = with_metadata(json!({"metadata": {"revision": "1.0.0"}}), &alert().1);
        let joined = json!({"metadata": {"revision": "1.0.0", "env": "uat"}});
        assert_eq!(event, joined);
    }

    #[test]
    fn a_reason_is_put_in_words() {
        assert_eq!(words("ReconciliationSucceeded"), "reconciliation succeeded");
        assert_eq!(words("BuildFailed"), "build failed");
    }
}
