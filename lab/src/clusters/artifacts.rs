//! The newest artifact of each source, in memory.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use sha2::{Digest as _, Sha256};

use super::charts::{ChartPackage, Index};
use super::git::Snapshot;
use super::object::Key;

/// The artifacts of one cluster, by the kind of their source.
#[derive(Debug, Default)]
pub struct Artifacts {
    pub files: Shelf<Snapshot>,
    pub indexes: Shelf<Index>,
    pub charts: Shelf<ChartPackage>,
    /// The tags that the last scans of ImageRepositories found.
    pub tags: Shelf<Vec<String>>,
}

/// The artifacts of one kind of source.
#[derive(Debug)]
pub struct Shelf<T>(Mutex<HashMap<Key, Arc<T>>>);

impl<T> Shelf<T> {
    /// Replaces the artifact of a source.
    pub fn put(&self, source: &Key, artifact: T) {
        self.0.lock().insert(source.clone(), Arc::new(artifact));
    }

    /// The newest artifact of a source, if it has any.
    pub fn get(&self, source: &Key) -> Option<Arc<T>> {
        self.0.lock().get(source).cloned()
    }
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

/// SHA-256, hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}
