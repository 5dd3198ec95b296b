//! What the controllers of sources have stored: the files, indexes, charts and tags that others read.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use super::charts::{Chart, Index};
use super::git::Snapshot;
use super::object::Key;

/// One stored artifact.
#[derive(Clone, Debug)]
pub enum Stored {
    /// Of a GitRepository.
    Files(Arc<Snapshot>),
    /// Of a HelmRepository.
    Index(Arc<Index>),
    /// Of a HelmChart.
    Chart(Arc<Chart>),
    /// Of an ImageRepository: the tags that its last scan found.
    Tags(Arc<Vec<String>>),
}

/// The artifacts of one cluster, by the source that made them: the newest of each.
#[derive(Debug, Default)]
pub struct Artifacts {
    stored: Mutex<HashMap<Key, Stored>>,
}

impl Artifacts {
    /// Stores a source's artifact in place of the one before.
    pub fn put(&self, source: &Key, artifact: Stored) {
        self.stored.lock().insert(source.clone(), artifact);
    }

    /// The files of a GitRepository.
    #[must_use]
    pub fn files(&self, source: &Key) -> Option<Arc<Snapshot>> {
        match self.stored.lock().get(source) {
            Some(Stored::Files(files)) => Some(Arc::clone(files)),
            _ => None,
        }
    }

    /// The index of a HelmRepository.
    #[must_use]
    pub fn index(&self, source: &Key) -> Option<Arc<Index>> {
        match self.stored.lock().get(source) {
            Some(Stored::Index(index)) => Some(Arc::clone(index)),
            _ => None,
        }
    }

    /// The chart of a HelmChart.
    #[must_use]
    pub fn chart(&self, source: &Key) -> Option<Arc<Chart>> {
        match self.stored.lock().get(source) {
            Some(Stored::Chart(chart)) => Some(Arc::clone(chart)),
            _ => None,
        }
    }

    /// The tags of an ImageRepository.
    #[must_use]
    pub fn tags(&self, source: &Key) -> Option<Arc<Vec<String>>> {
        match self.stored.lock().get(source) {
            Some(Stored::Tags(tags)) => Some(Arc::clone(tags)),
            _ => None,
        }
    }
}
