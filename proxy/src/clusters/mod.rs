//! What is asked of a cluster because a person asks: the last events of an object, what Weft may do
//! there, an annotation that has Flux look. What is followed all the time is in `sources`.

mod errands;
mod events;
mod kinds;
mod orders;

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use model::api::object::ObjectEvent;
use model::flux::Kind;
use model::pipeline::ObjectName;
use serde_json::Value;
use tokio::sync::Mutex;

use self::orders::Orders;
use crate::config::{ClusterConfig, WeaveGitOpsConfig};
use crate::sources::Access;

pub(crate) use errands::{PATCH, is_handled, suspended, text};
pub(crate) use kinds::{Address, Object};
pub(crate) use orders::At;

/// For how long an answer does for everybody who asks.
const FRESH: Duration = Duration::from_secs(2);
/// For how long it is believed what Weft may do: roles seldom change.
const RIGHTS: Duration = Duration::from_secs(20);

/// Why a cluster did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Trouble {
    /// Weft's account may not.
    #[error("its role does not allow it")]
    Forbidden,
    /// There is no such object.
    #[error("there is no such object")]
    Missing,
    /// It does not answer, or not as it should; the words are the end of a sentence.
    #[error("{0}")]
    Away(String),
}

/// The clusters that Weft can look into.
pub(crate) struct Clusters {
    by_name: BTreeMap<String, Cluster>,
    /// The orders to reconcile.
    pub(crate) orders: Orders,
}

/// One cluster.
pub(crate) struct Cluster {
    access: Access,
    /// What was read last. Locked over the reading, so that there is one at a time.
    events: Mutex<HashMap<Object, Answered<Said>>>,
    rights: Mutex<HashMap<Object, Answered<bool>>>,
}

/// What an object's events are, or why they are not known.
type Said = Result<Vec<ObjectEvent>, Trouble>;

/// An answer, and when it came.
type Answered<T> = (Instant, T);

impl Clusters {
    pub(crate) fn new(configs: &[ClusterConfig]) -> Self {
        let cluster = |config: &ClusterConfig| {
            let cluster = Cluster {
                access: Access::new(config.access.clone()),
                events: Mutex::default(),
                rights: Mutex::default(),
            };
            (config.name.clone(), cluster)
        };
        Self {
            by_name: configs.iter().map(cluster).collect(),
            orders: Orders::default(),
        }
    }

    /// The cluster of that name; none where it is known by its notifications only.
    pub(crate) fn get(&self, name: &str) -> Option<&Cluster> {
        self.by_name.get(name)
    }

    /// Takes note of an object that a watch has brought.
    pub(crate) fn seen(&self, cluster: &str, kind: Kind, name: &ObjectName, object: &Value) {
        self.orders.seen(cluster, kind, name, object);
    }
}

/// The page of an object in Weave GitOps, from the origin's root; none where it shows none.
pub(crate) fn dashboard_page(
    dashboard: Option<&WeaveGitOpsConfig>,
    cluster: &str,
    object: &Object,
) -> Option<String> {
    let called = dashboard?.clusters.get(cluster)?;
    let page = kinds::page(object.kind)?;
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("clusterName", called)
        .append_pair("name", &object.name.name)
        .append_pair("namespace", &object.name.namespace)
        .finish();
    Some(format!("/{page}/details?{query}"))
}
