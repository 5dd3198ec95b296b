//! What a dispatch of Flux's notification-controller asks for. The reason of the event decides, never
//! its message: Flux sends "succeeded" before a chart's tests ran, and for every rollback.

use model::{ChartVersion, EnvironmentName};
use serde::Deserialize;

use super::PromotionRequest;
use crate::{InvalidRelease, PromotionOrder};

/// The only reason that promotes: helm-controller gives it when a release's tests passed.
const TESTED: &str = "TestSucceeded";

/// In bytes. GitHub takes no larger payload of a dispatch; the event around it holds the repository as well.
const LIMIT: usize = 256 * 1024;

/// Whether an event promotes a release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    Promote(PromotionRequest),
    /// Nothing is promoted, for this reason.
    Nothing(String),
}

/// A `repository_dispatch` event as GitHub hands it to a workflow.
#[derive(Debug, Deserialize)]
pub struct Dispatch {
    /// The `event_type` of the dispatch.
    action: String,
    client_payload: Payload,
}

/// An event of notification-controller; fields that decide nothing are left out.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Payload {
    involved_object: InvolvedObject,
    reason: String,
    message: String,
    metadata: Metadata,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct InvolvedObject {
    kind: String,
    namespace: String,
    name: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Metadata {
    env: String,
    revision: String,
}

/// Parses the file that `GITHUB_EVENT_PATH` names.
///
/// # Errors
/// When it is longer than 256 KiB or no `repository_dispatch`.
pub fn read_event(text: &str) -> Result<Dispatch, InvalidRelease> {
    if text.len() > LIMIT {
        return Err(InvalidRelease::new("the event is longer than 256 KiB"));
    }
    serde_json::from_str(text).map_err(|error| {
        InvalidRelease::new(format!("the event is no repository_dispatch: {error}"))
    })
}

impl Dispatch {
    /// Decides whether the event promotes a release of this promotion order.
    #[must_use]
    pub fn decide(&self, order: &PromotionOrder) -> Decision {
        match request(&self.action, &self.client_payload, order) {
            Ok(request) => Decision::Promote(request),
            Err(why) => Decision::Nothing(why),
        }
    }
}

fn request(
    event_type: &str,
    payload: &Payload,
    order: &PromotionOrder,
) -> Result<PromotionRequest, String> {
    let Payload {
        involved_object:
            InvolvedObject {
                kind,
                namespace,
                name,
            },
        reason,
        message,
        metadata: Metadata { env, revision },
    } = payload;
    // Where all environments share a cluster, each has a namespace of its own, called after it.
    let expected = [
        order.namespace.clone(),
        format!("{}-{env}", order.namespace),
    ];
    let ours = kind == "HelmRelease"
        && expected.contains(namespace)
        && *name == order.name
        && event_type == format!("HelmRelease/{name}.{namespace}");
    if !ours {
        return Err(format!(
            "this is about another object than HelmRelease {}/{}",
            order.namespace, order.name
        ));
    }
    if reason != TESTED {
        return Err(format!(
            "{} promotes nothing, only {TESTED:?} does",
            clipped(reason)
        ));
    }
    // The message may forbid what the reason allows: a chart without tests proves nothing.
    if message.trim_end().ends_with("no test hooks") {
        return Err("the chart has no tests, so nothing was proven".to_owned());
    }
    if order.at(env).is_none() {
        return Err(format!("{} is no environment of this lane", clipped(env)));
    }
    let to = order
        .after(env)
        .ok_or_else(|| format!("nothing follows {env}"))?;
    let version = ChartVersion::from_revision(revision)
        .map_err(|_| format!("{} is not a chart version", clipped(revision)))?;
    Ok(PromotionRequest {
        from: EnvironmentName(env.clone()),
        to: to.clone(),
        version,
        evidence: Some(message.clone()),
        reopen_declined: false,
    })
}

/// Cuts and quotes foreign text, so that no terminal or log interprets it.
fn clipped(text: &str) -> String {
    let short: String = text.chars().take(60).collect();
    format!("{short:?}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn event(change: impl FnOnce(&mut serde_json::Value)) -> Decision {
        let mut event = json!({
            "action": "HelmRelease/podinfo.app-podinfo",
            "client_payload": {
                "involvedObject": {"kind": "HelmRelease", "namespace": "app-podinfo", "name": "podinfo"},
                "severity": "info",
                "reason": "TestSucceeded",
                "message": "Helm test succeeded for release app-podinfo/podinfo.v3 with chart podinfo@1.1.7: 3 test hooks completed successfully",
                "metadata": {"env": "uat", "revision": "1.1.7+0cc9a8446c95"},
            },
        });
        change(&mut event);
        read_event(&event.to_string())
            .unwrap()
            .decide(&crate::promotion_order::tests::order())
    }

    #[test]
    fn a_tested_release_goes_one_environment_on() {
        let Decision::Promote(request) = event(|_| {}) else {
            panic!("nothing was decided");
        };
        assert_eq!((request.from.as_str(), request.to.as_str()), ("uat", "stg"));
        assert_eq!(request.version.to_string(), "1.1.7");
    }

    #[test]
    fn whatever_else_comes_promotes_nothing_and_says_why() {
        let why = |pointer: &str, value: &str| match event(|event| {
            *event.pointer_mut(pointer).unwrap() = json!(value);
        }) {
            Decision::Nothing(why) => why,
            Decision::Promote(request) => panic!("{request:?}"),
        };
        for (field, value, words) in [
            ("reason", "UpgradeSucceeded", "UpgradeSucceeded"),
            ("reason", "RollbackSucceeded", "promotes nothing"),
            ("message", "Helm test succeeded: no test hooks", "no tests"),
            ("metadata/env", "prod", "nothing follows prod"),
            ("metadata/env", "$(rm -rf /)", "no environment"),
            ("metadata/revision", "1.1.7; id", "not a chart version"),
            ("metadata/revision", "v1.1.7", "not a chart version"),
            ("involvedObject/name", "other", "another object"),
        ] {
            let why = why(&format!("/client_payload/{field}"), value);
            assert!(why.contains(words), "{why}");
        }
        assert!(why("/action", "HelmRelease/x.y").contains("another object"));
        let long = "\u{1b}[31m\n".repeat(1000);
        let long = why("/client_payload/reason", &long);
        assert!(
            long.len() < 700 && !long.contains('\n') && !long.contains('\u{1b}'),
            "{long}"
        );
    }

    #[test]
    fn environments_may_share_a_cluster_in_namespaces_called_after_them() {
        let of = |namespace: &str, env: &str| {
            event(|event| {
                event["action"] = json!(format!("HelmRelease/podinfo.{namespace}"));
                event["client_payload"]["involvedObject"]["namespace"] = json!(namespace);
                event["client_payload"]["metadata"]["env"] = json!(env);
            })
        };
        assert!(matches!(of("app-podinfo-uat", "uat"), Decision::Promote(_)));
        assert!(matches!(of("app-podinfo-uat", "stg"), Decision::Nothing(_)));
    }

    #[test]
    fn what_is_no_dispatch_is_refused() {
        for (text, words) in [
            ("{}".to_owned(), "no repository_dispatch"),
            (" ".repeat(LIMIT + 1), "256 KiB"),
        ] {
            let error = read_event(&text).unwrap_err().0;
            assert!(error.contains(words), "{error}");
        }
    }
}
