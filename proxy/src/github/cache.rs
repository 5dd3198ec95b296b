//! What GitHub answered to a GET, by token and address, with the ETag to ask whether it still holds.
//!
//! An answer is never used without asking: GitHub's 304 costs nothing and confirms it. Tokens do not
//! share entries, since two people may see different things at one address.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use reqwest::header::HeaderValue;
use sha2::{Digest, Sha256};

const ENTRIES: usize = 512;

/// Whose answer, and to what.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Key([u8; 32]);

impl Key {
    pub(super) fn new(token: &str, url: &str) -> Self {
        let mut digest = Sha256::new();
        digest.update(token.as_bytes());
        digest.update([0]);
        digest.update(url.as_bytes());
        Self(digest.finalize().into())
    }
}

/// An answer and its ETag.
#[derive(Clone)]
pub(super) struct Kept {
    pub(super) etag: HeaderValue,
    pub(super) body: Bytes,
}

/// The newest answers, at most [`ENTRIES`] of them.
#[derive(Default)]
pub(super) struct Cache(Mutex<Entries>);

#[derive(Default)]
struct Entries {
    kept: HashMap<Key, Kept>,
    order: VecDeque<Key>,
}

impl Cache {
    pub(super) fn get(&self, key: &Key) -> Option<Kept> {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.kept.get(key).cloned()
    }

    pub(super) fn keep(&self, key: Key, kept: Kept) {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.kept.insert(key.clone(), kept).is_none() {
            entries.order.push_back(key);
        }
        if entries.order.len() > ENTRIES
            && let Some(oldest) = entries.order.pop_front()
        {
            entries.kept.remove(&oldest);
        }
    }
}
