//! Sessions, in memory: a restart signs everybody out, and no token is ever written to a disk.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::Timestamp;
use model::api::Viewer;
use secrecy::SecretString;
use sha2::{Digest, Sha256};

use super::error::AuthError;
use super::oauth::{OAuth, Tokens};
use crate::clock::Clock;
use crate::github::{Credentials, GitHub};

/// How long a session lasts.
pub(crate) const LIFETIME: Duration = Duration::from_secs(8 * 3600);
/// How long a token must still be good for, so that the call made with it does not fail halfway.
const MARGIN: Duration = Duration::from_secs(60);

/// The signed-in person of one request, as every action takes them.
#[derive(Clone, Debug)]
pub struct Person {
    pub viewer: Viewer,
    /// Their own GitHub token, good for at least a minute.
    pub token: SecretString,
}

/// One signed-in browser.
#[derive(Debug)]
pub(crate) struct Session {
    pub viewer: Viewer,
    /// The token that every write carries in `X-Weft-CSRF`.
    pub csrf_token: String,
    write: Fingerprint,
    ends_at: Timestamp,
    /// Locked over a refresh, so that there is one at a time and nobody uses a pair that it killed.
    tokens: tokio::sync::Mutex<Tokens>,
}

/// The cookie values of a new session, which only the browser keeps.
pub(crate) struct SessionCookies {
    pub read: String,
    pub write: String,
}

/// Cookies are kept as fingerprints only: looking one up takes the same time wherever it differs.
type Fingerprint = [u8; 32];

/// All sessions, by the fingerprint of the cookie that reads.
#[derive(Debug, Default)]
pub(crate) struct Sessions(Mutex<HashMap<Fingerprint, Arc<Session>>>);

fn fingerprint(secret: &str) -> Fingerprint {
    Sha256::digest(secret.as_bytes()).into()
}

/// 256 random bits as text.
fn random_text() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
}

impl Sessions {
    /// Signs somebody in.
    pub(super) fn open(&self, viewer: Viewer, tokens: Tokens, now: Timestamp) -> SessionCookies {
        let opened = SessionCookies {
            read: random_text(),
            write: random_text(),
        };
        let session = Session {
            viewer,
            csrf_token: random_text(),
            write: fingerprint(&opened.write),
            ends_at: now + LIFETIME,
            tokens: tokio::sync::Mutex::new(tokens),
        };
        let mut sessions = self.lock();
        sessions.retain(|_, session| session.ends_at > now);
        sessions.insert(fingerprint(&opened.read), Arc::new(session));
        opened
    }

    /// The session of the cookie that reads.
    pub(super) fn find(&self, read: &str, now: Timestamp) -> Option<Arc<Session>> {
        let found = self.lock().get(&fingerprint(read)).cloned();
        found.filter(|session| session.ends_at > now)
    }

    /// Signs somebody out.
    pub(crate) fn close(&self, session: &Arc<Session>) {
        self.lock().retain(|_, kept| !Arc::ptr_eq(kept, session));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Fingerprint, Arc<Session>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Session {
    /// Whether this is the value of the cookie that writes.
    pub(crate) fn may_write(&self, write: &str) -> bool {
        self.write == fingerprint(write)
    }

    /// The person's token, refreshed where it is about to end.
    pub(super) async fn token(
        &self,
        oauth: &OAuth,
        github: &GitHub,
        clock: &dyn Clock,
    ) -> Result<SecretString, AuthError> {
        let mut tokens = self.tokens.lock().await;
        let now = clock.now();
        if tokens.ends_at.is_none_or(|ends_at| ends_at > now + MARGIN) {
            return Ok(tokens.access.clone());
        }
        let refresh = tokens.refresh.as_ref().ok_or(AuthError::SignInAgain)?;
        let fresh = oauth.refresh(refresh, now).await?;
        // Kept before anything else can fail: the old pair is dead by now.
        *tokens = fresh;
        let user = github.user(Credentials::Person(&tokens.access)).await?;
        if user.id != self.viewer.id {
            return Err(AuthError::SignInAgain);
        }
        Ok(tokens.access.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sessions() -> (Sessions, SessionCookies) {
        let sessions = Sessions::default();
        let viewer = Viewer {
            login: "sam".into(),
            id: 7,
            avatar_url: None,
        };
        let tokens = Tokens {
            access: SecretString::from("ghu_secret"),
            ends_at: None,
            refresh: None,
        };
        let opened = sessions.open(viewer, tokens, Timestamp::from_millis(0));
        (sessions, opened)
    }

    #[test]
    fn a_session_ends_after_eight_hours() {
        let (sessions, opened) = sessions();
        let almost = Timestamp::from_millis(8 * 3_600_000 - 1);
        assert!(sessions.find(&opened.read, almost).is_some());
        let after = almost + Duration::from_millis(1);
        assert!(sessions.find(&opened.read, after).is_none());
    }

    #[test]
    fn the_cookie_that_reads_does_not_write() {
        let (sessions, opened) = sessions();
        let now = Timestamp::from_millis(1);
        let session = sessions.find(&opened.read, now).unwrap();
        assert!(session.may_write(&opened.write) && !session.may_write(&opened.read));
        assert!(sessions.find(&opened.write, now).is_none());
    }

    #[test]
    fn a_session_never_shows_its_tokens() {
        let (sessions, _) = sessions();
        assert!(!format!("{sessions:?}").contains("ghu_secret"));
    }

    #[test]
    fn who_signs_out_is_gone() {
        let (sessions, opened) = sessions();
        let now = Timestamp::from_millis(1);
        sessions.close(&sessions.find(&opened.read, now).unwrap());
        assert!(sessions.find(&opened.read, now).is_none());
    }
}
