//! The live apps: their answers at `/api/info`, every other second and when something changed.

use std::sync::Arc;
use std::time::Duration;

use model::observation::{Fact, Live, SourceName};
use model::{AppVersion, Colour, EnvironmentName, Observation, Timestamp};
use serde::Deserialize;
use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::AppState;
use crate::board::PipelineState;

const REQUEST_TIMEOUT: Duration = Duration::from_secs(2);
/// The number of apps that are asked at the same time.
const CONCURRENCY: usize = 16;
/// The longest answer in bytes; podinfo's has a few hundred.
const MAX_BYTES: usize = 64 * 1024;

/// Starts one task for each target.
pub(super) fn start(app: &AppState, tasks: &TaskTracker, ending: &CancellationToken) {
    let permits = Arc::new(Semaphore::new(CONCURRENCY));
    for pipeline in app.boards.pipelines() {
        for (environment, target, requested) in pipeline.apps() {
            let poller = AppPoller {
                app: app.clone(),
                pipeline: Arc::clone(pipeline),
                environment: environment.name.clone(),
                target: target.name.clone(),
                url: format!("{}/api/info", target.live_url.trim_end_matches('/')),
                requested,
                permits: Arc::clone(&permits),
            };
            let ending = ending.clone();
            tasks.spawn(async move {
                ending.run_until_cancelled(poller.run()).await;
            });
        }
    }
}

struct AppPoller {
    app: AppState,
    pipeline: Arc<PipelineState>,
    environment: EnvironmentName,
    target: String,
    url: String,
    requested: Arc<Notify>,
    permits: Arc<Semaphore>,
}

/// podinfo's answer; all of it text.
#[derive(Deserialize)]
struct PodinfoAnswer {
    version: String,
    revision: Option<String>,
    color: Option<String>,
    message: Option<String>,
}

impl AppPoller {
    async fn run(self) {
        let source = SourceName::live(&self.target);
        let mut silent_since: Option<Timestamp> = None;
        loop {
            let asked_at = self.app.clock.now();
            let live = match self.ask().await {
                Ok(info) => {
                    silent_since = None;
                    answer(info)
                }
                Err(why) => Live::Silent {
                    since: *silent_since.get_or_insert(asked_at),
                    why,
                },
            };
            let lost = match &live {
                Live::Silent { why, .. } => Some(format!("the app does not answer: {why}")),
                Live::Answer { .. } => None,
            };
            self.pipeline.observe(Observation {
                source: source.clone(),
                at: asked_at,
                sequence: u64::try_from(asked_at.millis()).unwrap_or(0),
                fact: Fact::Live(self.environment.clone(), self.target.clone(), live),
            });
            match lost {
                None => self.pipeline.record_success(&source, asked_at),
                Some(why) => self.pipeline.record_failure(&source, &why),
            }
            tokio::select! {
                () = self.requested.notified() => {}
                () = tokio::time::sleep(self.app.config.live_poll) => {}
            }
        }
    }

    async fn ask(&self) -> Result<PodinfoAnswer, String> {
        let _permit = self
            .permits
            .acquire()
            .await
            .map_err(|_| "Weft is ending".to_owned())?;
        let request = self.app.http.get(&self.url).timeout(REQUEST_TIMEOUT);
        let mut answer = request.send().await.map_err(|error| why(&error))?;
        if !answer.status().is_success() {
            return Err(format!("it answers {}", answer.status().as_u16()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| why(&error))? {
            body.extend_from_slice(&chunk);
            if body.len() > MAX_BYTES {
                return Err("it answers more than podinfo would".into());
            }
        }
        serde_json::from_slice(&body).map_err(|_| "it does not answer what podinfo answers".into())
    }
}

fn answer(info: PodinfoAnswer) -> Live {
    Live::Answer {
        version: AppVersion(info.version),
        revision: info.revision,
        colour: info.color.and_then(|colour| Colour::parse(&colour).ok()),
        message: info.message,
    }
}

fn why(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        format!("no answer within {} s", REQUEST_TIMEOUT.as_secs())
    } else if error.is_connect() {
        "no connection".into()
    } else {
        "its answer broke off".into()
    }
}
