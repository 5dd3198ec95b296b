//! The cache of GET answers, by token and URL, with their ETags.
//!
//! Every use is revalidated: GitHub's 304 costs nothing. Tokens do not share entries, since two people may
//! see different things at one URL.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use reqwest::header::HeaderValue;
use sha2::{Digest, Sha256};

const ENTRIES: usize = 512;

/// A digest of token and URL.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct CacheKey([u8; 32]);

impl CacheKey {
    pub(super) fn new(token: &str, url: &str) -> Self {
        let mut digest = Sha256::new();
        digest.update(token.as_bytes());
        digest.update([0]);
        digest.update(url.as_bytes());
        Self(digest.finalize().into())
    }
}

#[derive(Clone)]
pub(super) struct Kept {
    pub(super) etag: HeaderValue,
    pub(super) body: Bytes,
}

/// The newest [`ENTRIES`] answers.
#[derive(Default)]
pub(super) struct Cache(Mutex<Entries>);

#[derive(Default)]
struct Entries {
    kept: HashMap<CacheKey, Kept>,
    order: VecDeque<CacheKey>,
}

impl Cache {
    pub(super) fn get(&self, key: &CacheKey) -> Option<Kept> {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.kept.get(key).cloned()
    }

    pub(super) fn keep(&self, key: CacheKey, kept: Kept) {
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
