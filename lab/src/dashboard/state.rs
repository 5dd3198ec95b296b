//! What the dashboard shows, and to whom.

use std::collections::HashMap;
use std::sync::Arc;

use axum::http::{HeaderMap, header};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use crate::clusters::{Key, Kind, Store};

/// The objects of each cluster, by the name of the cluster.
pub type Stores = Vec<(String, Arc<Store>)>;

pub(super) struct DashboardState {
    pub(super) stores: Stores,
    /// Users by the value of their cookie.
    pub(super) sessions: Mutex<HashMap<String, String>>,
}

impl DashboardState {
    /// The user whose cookie a request bears.
    pub(super) fn user(&self, headers: &HeaderMap) -> Option<String> {
        self.sessions.lock().get(cookie(headers)?).cloned()
    }
}

pub(super) fn cookie(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).into_iter();
    let cookies = cookies.filter_map(|cookies| cookies.to_str().ok());
    let mut cookies = cookies.flat_map(|cookies| cookies.split(';'));
    cookies.find_map(|cookie| cookie.trim().strip_prefix("session="))
}

/// An object as pages and requests name it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct ObjectQuery {
    #[serde(default)]
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) namespace: String,
    #[serde(rename = "clusterName")]
    pub(super) cluster: String,
}

impl ObjectQuery {
    /// The store of the object's cluster, and its key.
    pub(super) fn find<'a>(&self, state: &'a DashboardState) -> Option<(&'a Store, Key)> {
        let mut stores = state.stores.iter();
        let (_, store) = stores.find(|(name, _)| *name == self.cluster)?;
        let kind = Kind::named(&self.kind)?;
        Some((store, Key::new(kind, &self.namespace, &self.name)))
    }
}
