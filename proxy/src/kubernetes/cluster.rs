//! The clusters of the configuration, each with its client and the answers that it gave last.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use model::api::object::ObjectEvent;
use model::flux::ObjectRef;
use tokio::sync::Mutex;

use super::client::ClusterClient;
use super::error::Error;
use crate::config::ClusterConfig;

/// How long one reading of events serves everybody who asks.
const EVENTS_AGE: Duration = Duration::from_secs(2);
/// How long an access review is believed: roles seldom change.
const PERMISSIONS_AGE: Duration = Duration::from_secs(20);

/// The clusters that Weft has access to, by name.
pub(crate) struct Clusters(BTreeMap<String, Arc<Cluster>>);

impl Clusters {
    pub(crate) fn new(configs: &[ClusterConfig]) -> Self {
        let cluster = |config: &ClusterConfig| {
            let cluster = Cluster {
                client: Arc::new(ClusterClient::new(config.access.clone())),
                events: Cache::new(EVENTS_AGE),
                permissions: Cache::new(PERMISSIONS_AGE),
            };
            (config.name.clone(), Arc::new(cluster))
        };
        Self(configs.iter().map(cluster).collect())
    }

    /// Returns the cluster of that name; `None` where Weft knows it by its notifications only.
    pub(crate) fn get(&self, name: &str) -> Option<&Arc<Cluster>> {
        self.0.get(name)
    }
}

/// A cluster: its client, and caches of what people ask for.
pub(crate) struct Cluster {
    pub(crate) client: Arc<ClusterClient>,
    pub(super) events: Cache<Result<Vec<ObjectEvent>, Error>>,
    pub(super) permissions: Cache<bool>,
}

/// The last answer about each object.
pub(super) struct Cache<T> {
    max_age: Duration,
    /// Locked while an answer is awaited, so that there is one request at a time.
    answers: Mutex<HashMap<ObjectRef, (Instant, T)>>,
}

impl<T: Clone> Cache<T> {
    fn new(max_age: Duration) -> Self {
        Self {
            max_age,
            answers: Mutex::default(),
        }
    }

    /// Returns the cached answer, or else that of `request`, of which an error is not cached.
    pub(super) async fn get_or_request<E>(
        &self,
        object: &ObjectRef,
        request: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let mut answers = self.answers.lock().await;
        answers.retain(|_, (at, _)| at.elapsed() < self.max_age);
        if let Some((_, answer)) = answers.get(object) {
            return Ok(answer.clone());
        }
        let answer = request.await?;
        answers.insert(object.clone(), (Instant::now(), answer.clone()));
        Ok(answer)
    }
}
