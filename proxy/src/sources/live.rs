//! The live apps: what each of them answers at `/api/info`, every other second and when something moved.

use std::sync::Arc;
use std::time::Duration;

use model::observation::{Fact, Live, SourceName};
use model::{AppVersion, Colour, EnvironmentName, Observation, Timestamp};
use serde::Deserialize;
use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::AppState;
use crate::board::Lane;

const TIME_LIMIT: Duration = Duration::from_secs(2);
/// How many apps are asked at once.
const AT_ONCE: usize = 16;
/// podinfo's answer is a few hundred bytes; an app that sends more than this is not podinfo.
const MOST_BYTES: usize = 64 * 1024;

/// Starts one asker for each target.
pub(super) fn start(app: &AppState, tasks: &TaskTracker, ending: &CancellationToken) {
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    for lane in app.boards.lanes() {
        for (environment, target, desired) in lane.apps() {
            let asker = Asker {
                app: app.clone(),
                lane: Arc::clone(lane),
                environment: environment.name.clone(),
                target: target.name.clone(),
                url: format!("{}/api/info", target.live_url.trim_end_matches('/')),
                desired,
                turns: Arc::clone(&turns),
            };
            let ending = ending.clone();
            tasks.spawn(async move {
                ending.run_until_cancelled(asker.run()).await;
            });
        }
    }
}

struct Asker {
    app: AppState,
    lane: Arc<Lane>,
    environment: EnvironmentName,
    target: String,
    url: String,
    desired: Arc<Notify>,
    turns: Arc<Semaphore>,
}

/// What podinfo answers; all of it text.
#[derive(Deserialize)]
struct Info {
    version: String,
    revision: Option<String>,
    color: Option<String>,
    message: Option<String>,
}

impl Asker {
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
            self.lane.observe(Observation {
                source: source.clone(),
                at: asked_at,
                order: u64::try_from(asked_at.millis()).unwrap_or(0),
                fact: Fact::Live(self.environment.clone(), self.target.clone(), live),
            });
            match lost {
                None => self.lane.contact(&source, asked_at),
                Some(why) => self.lane.lost(&source, &why),
            }
            tokio::select! {
                () = self.desired.notified() => {}
                () = tokio::time::sleep(self.app.config.live_poll) => {}
            }
        }
    }

    async fn ask(&self) -> Result<Info, String> {
        let _turn = self
            .turns
            .acquire()
            .await
            .map_err(|_| "Weft is ending".to_owned())?;
        let request = self.app.http.get(&self.url).timeout(TIME_LIMIT);
        let mut answer = request.send().await.map_err(|error| why(&error))?;
        if !answer.status().is_success() {
            return Err(format!("it answers {}", answer.status().as_u16()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| why(&error))? {
            body.extend_from_slice(&chunk);
            if body.len() > MOST_BYTES {
                return Err("it answers more than podinfo would".into());
            }
        }
        serde_json::from_slice(&body).map_err(|_| "it does not answer what podinfo answers".into())
    }
}

fn answer(info: Info) -> Live {
    Live::Answer {
        version: AppVersion(info.version),
        revision: info.revision,
        colour: info.color.and_then(|colour| Colour::parse(&colour).ok()),
        message: info.message,
    }
}

fn why(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        format!("no answer within {} s", TIME_LIMIT.as_secs())
    } else if error.is_connect() {
        "no connection".into()
    } else {
        "its answer broke off".into()
    }
}
