//! Signed intents: the statement of what was shown when an action was offered.

use std::time::Duration;

use model::pipeline::RepositoryName;
use model::{CommitId, Timestamp};
use serde::{Deserialize, Serialize};

use super::key::SigningKey;
use super::sealed;

/// How long an intent may be used after the card was shown.
pub const LIFETIME: Duration = Duration::from_secs(300);
const PURPOSE: &str = "intent";

/// The promotion that an intent is bound to, as it was shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// The person's numeric id on GitHub.
    pub user: u64,
    pub repository: RepositoryName,
    pub number: u64,
    pub head: CommitId,
    /// The branch that it is merged into.
    pub base_ref: String,
    /// The commit of `base_ref`.
    pub base: CommitId,
    /// The digest of the diff.
    pub diff_digest: String,
    /// The merge method: `merge`, `squash` or `rebase`.
    pub method: String,
}

/// A subject with an id that the journal consumes once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    pub id: String,
    pub expires_at: Timestamp,
    #[serde(flatten)]
    pub subject: Subject,
}

/// Why an intent is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IntentError {
    /// Weft did not sign it, or it was changed.
    #[error("the intent was not made by this Weft")]
    Forged,
    /// It is older than [`LIFETIME`].
    #[error("the intent is older than five minutes")]
    Expired,
}

/// Mints and verifies intents.
#[derive(Clone, Debug)]
pub struct Intents {
    key: SigningKey,
}

impl Intents {
    pub(super) fn new(key: SigningKey) -> Self {
        Self { key }
    }

    /// Signs an intent that ends after [`LIFETIME`], and returns it with its text for the card.
    pub fn mint(&self, subject: Subject, now: Timestamp) -> (Intent, String) {
        let intent = Intent {
            id: hex::encode(rand::random::<[u8; 16]>()),
            expires_at: now + LIFETIME,
            subject,
        };
        let text = sealed::seal(&self.key, PURPOSE, &intent);
        (intent, text)
    }

    /// Verifies the text of an intent. The caller checks whether it was used before, and whether its subject
    /// is still the same.
    ///
    /// # Errors
    /// When it is not authentic or has expired.
    pub fn verify(&self, text: &str, now: Timestamp) -> Result<Intent, IntentError> {
        let intent: Intent = sealed::open(&self.key, PURPOSE, text).ok_or(IntentError::Forged)?;
        if now >= intent.expires_at {
            return Err(IntentError::Expired);
        }
        Ok(intent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHOWN: Timestamp = Timestamp::from_millis(1_000_000);

    fn intents() -> (tempfile::TempDir, Intents) {
        let folder = tempfile::tempdir().unwrap();
        let key = SigningKey::open(&folder.path().join("key")).unwrap();
        (folder, Intents::new(key))
    }

    fn subject() -> Subject {
        Subject {
            user: 7,
            repository: RepositoryName::new("demo", "podinfo"),
            number: 64,
            head: CommitId::new("9f3c1a7"),
            base_ref: "main".into(),
            base: CommitId::new("0000000"),
            diff_digest: "d1".into(),
            method: "merge".into(),
        }
    }

    #[test]
    fn an_intent_comes_back_as_it_was_minted() {
        let (_folder, intents) = intents();
        let (intent, text) = intents.mint(subject(), SHOWN);
        assert_eq!(intents.verify(&text, SHOWN), Ok(intent));
        let (other, _) = intents.mint(subject(), SHOWN);
        let (again, _) = intents.mint(subject(), SHOWN);
        assert_ne!(other.id, again.id, "each can be used once by itself");
    }

    #[test]
    fn an_intent_ends_after_five_minutes() {
        let (_folder, intents) = intents();
        let (_, text) = intents.mint(subject(), SHOWN);
        let last = SHOWN + LIFETIME - Duration::from_millis(1);
        assert!(intents.verify(&text, last).is_ok());
        let late = intents.verify(&text, SHOWN + LIFETIME);
        assert_eq!(late, Err(IntentError::Expired));
    }

    #[test]
    fn an_intent_that_was_changed_anywhere_is_refused() {
        let (_folder, intents) = intents();
        let (_, text) = intents.mint(subject(), SHOWN);
        for at in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(intents.verify(&changed, SHOWN), Err(IntentError::Forged));
        }
        for text in ["", ".", "a.b", "only-one-part"] {
            assert_eq!(intents.verify(text, SHOWN), Err(IntentError::Forged));
        }
    }

    #[test]
    fn only_the_same_installation_takes_an_intent() {
        let (folder, mine) = intents();
        let (_other, theirs) = intents();
        let (_, text) = mine.mint(subject(), SHOWN);
        assert_eq!(theirs.verify(&text, SHOWN), Err(IntentError::Forged));
        let restarted = Intents::new(SigningKey::open(&folder.path().join("key")).unwrap());
        assert!(restarted.verify(&text, SHOWN).is_ok());
    }

    #[test]
    fn what_was_sealed_for_something_else_is_no_intent() {
        let (folder, intents) = intents();
        let key = SigningKey::open(&folder.path().join("key")).unwrap();
        let (intent, _) = intents.mint(subject(), SHOWN);
        let text = sealed::seal(&key, "login", &intent);
        assert_eq!(intents.verify(&text, SHOWN), Err(IntentError::Forged));
    }
}
