//! Readiness and liveness, as a Pod's own probes ask for them.

use std::time::Duration;

use k8s_openapi::api::core::v1::Probe;

/// When and how a container is asked, with Kubernetes' defaults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) path: String,
    pub(super) first: Duration,
    pub(super) every: Duration,
    pub(super) patience: Duration,
    /// So many failures in a row count as one.
    pub(super) failures: u32,
}

impl Plan {
    /// Of an HTTP probe; this node knows no other.
    pub(super) fn of(probe: Option<&Probe>) -> Option<Self> {
        let probe = probe?;
        let seconds = |value: Option<i32>, default: u64| {
            Duration::from_secs(
                value
                    .and_then(|value| u64::try_from(value).ok())
                    .unwrap_or(default),
            )
        };
        Some(Self {
            path: probe.http_get.as_ref()?.path.clone().unwrap_or("/".into()),
            first: seconds(probe.initial_delay_seconds, 0),
            every: seconds(probe.period_seconds, 10),
            patience: seconds(probe.timeout_seconds, 1),
            failures: probe
                .failure_threshold
                .and_then(|value| u32::try_from(value).ok())
                .unwrap_or(3),
        })
    }

    /// Whether the container answers well.
    pub(super) async fn asks(&self, http: &reqwest::Client, port: u16) -> bool {
        let url = format!("http://127.0.0.1:{port}{}", self.path);
        let answer = http.get(url).timeout(self.patience).send().await;
        answer.is_ok_and(|answer| answer.status().as_u16() < 400)
    }
}
