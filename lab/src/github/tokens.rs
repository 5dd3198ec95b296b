//! Tokens and sign-in codes: whose they are, when they expire, and the rotation of refresh tokens. None
//! of them is ever written to a log.

use std::collections::HashMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use parking_lot::Mutex;
use rand::Rng;
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use super::accounts::Account;

/// The lifetime of a user's token, as of GitHub Apps'.
pub(crate) const ACCESS_LIFE: Duration = Duration::from_secs(8 * 3600);
/// The lifetime of a refresh token.
pub(crate) const REFRESH_LIFE: Duration = Duration::from_secs(15_811_200);
/// The lifetime of a sign-in code.
const CODE_LIFE: Duration = Duration::from_secs(600);

/// The requests that one account may make in an hour.
pub(crate) const RATE_LIMIT: u32 = 5000;

/// The registered app that people sign in to.
#[derive(Clone, Debug)]
pub struct OAuthApp {
    /// The public identifier.
    pub client_id: String,
    /// The secret that redeems codes.
    pub client_secret: String,
    /// The secret that webhooks are signed with.
    pub webhook_secret: String,
}

impl OAuthApp {
    /// An app with random secrets.
    pub(crate) fn random(client_id: &str) -> Self {
        Self {
            client_id: client_id.to_owned(),
            client_secret: random(""),
            webhook_secret: random(""),
        }
    }
}

/// A pair of tokens that was issued to a person.
pub(crate) struct Pair {
    pub(crate) access: String,
    pub(crate) refresh: String,
}

/// The parameters of the sign-in that a code was issued for.
#[derive(Clone)]
pub(crate) struct Grant {
    pub(crate) account: &'static Account,
    pub(crate) redirect_uri: String,
    pub(crate) challenge: Option<String>,
}

struct Access {
    account: &'static Account,
    expires: Option<OffsetDateTime>,
}

struct Refresh {
    account: &'static Account,
    access: String,
    expires: OffsetDateTime,
}

/// One account's use of its hourly rate limit.
#[derive(Clone, Copy)]
pub(crate) struct Usage {
    pub(crate) used: u32,
    pub(crate) resets: OffsetDateTime,
}

#[derive(Default)]
struct Book {
    access: HashMap<String, Access>,
    refresh: HashMap<String, Refresh>,
    codes: HashMap<String, (Grant, OffsetDateTime)>,
    usage: HashMap<&'static str, Usage>,
}

/// The tokens that are valid.
#[derive(Default)]
pub(crate) struct Tokens {
    book: Mutex<Book>,
}

impl Tokens {
    /// A token that does not expire, for bots and tests.
    pub(crate) fn lasting(&self, account: &'static Account) -> String {
        let token = random("ghs_");
        let access = Access {
            account,
            expires: None,
        };
        self.book.lock().access.insert(token.clone(), access);
        token
    }

    /// A fresh pair for a person.
    pub(crate) fn issue(&self, account: &'static Account, now: OffsetDateTime) -> Pair {
        let pair = Pair {
            access: random("ghu_"),
            refresh: random("ghr_"),
        };
        let (expires, token) = (Some(now + ACCESS_LIFE), pair.access.clone());
        let refresh = Refresh {
            account,
            access: token.clone(),
            expires: now + REFRESH_LIFE,
        };
        let mut book = self.book.lock();
        book.access.insert(token, Access { account, expires });
        book.refresh.insert(pair.refresh.clone(), refresh);
        pair
    }

    /// A new pair for a refresh token, which dies with its old pair; `None` when it is not valid.
    pub(crate) fn rotate(&self, refresh: &str, now: OffsetDateTime) -> Option<Pair> {
        let old = {
            let mut book = self.book.lock();
            let old = book.refresh.remove(refresh)?;
            book.access.remove(&old.access);
            old
        };
        (old.expires > now).then(|| self.issue(old.account, now))
    }

    /// Kills every token of a person, as taking back the app's authorization does.
    pub(crate) fn revoke_all(&self, account: &'static Account) {
        let mut book = self.book.lock();
        book.access
            .retain(|_, access| access.account != account || access.expires.is_none());
        book.refresh.retain(|_, refresh| refresh.account != account);
    }

    /// Returns the account of a token that has not expired.
    pub(crate) fn bearer(&self, access: &str, now: OffsetDateTime) -> Option<&'static Account> {
        let book = self.book.lock();
        let access = book.access.get(access)?;
        match access.expires {
            Some(expires) if expires <= now => None,
            _ => Some(access.account),
        }
    }

    /// A code for the sign-in that the page granted.
    pub(crate) fn code(&self, grant: Grant, now: OffsetDateTime) -> String {
        let code = random("")[..20].to_owned();
        let mut book = self.book.lock();
        book.codes.retain(|_, (_, expires)| *expires > now);
        book.codes.insert(code.clone(), (grant, now + CODE_LIFE));
        code
    }

    /// Returns the grant of a code, which works once.
    pub(crate) fn redeem(&self, code: &str, now: OffsetDateTime) -> Option<Grant> {
        let (grant, expires) = self.book.lock().codes.remove(code)?;
        (expires > now).then_some(grant)
    }

    /// Counts one request of an account, or of nobody.
    pub(crate) fn count(&self, login: &'static str, cost: u32, now: OffsetDateTime) -> Usage {
        let mut book = self.book.lock();
        let fresh = Usage {
            used: 0,
            resets: now + Duration::from_secs(3600),
        };
        let usage = book.usage.entry(login).or_insert(fresh);
        if usage.resets <= now {
            *usage = fresh;
        }
        usage.used = (usage.used + cost).min(RATE_LIMIT);
        *usage
    }
}

/// A secret with GitHub's kind of prefix.
pub(crate) fn random(prefix: &str) -> String {
    let mut rng = rand::rng();
    let letters: String = (0..36)
        .map(|_| char::from(rng.sample(rand::distr::Alphanumeric)))
        .collect();
    format!("{prefix}{letters}")
}

/// Whether a PKCE verifier answers an `S256` challenge.
pub(crate) fn answers(verifier: &str, challenge: &str) -> bool {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes())) == challenge
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::github::accounts::account;

    #[test]
    fn a_refresh_kills_the_old_pair() {
        let tokens = Tokens::default();
        let now = OffsetDateTime::UNIX_EPOCH;
        let first = tokens.issue(account("ana").unwrap(), now);
        let second = tokens.rotate(&first.refresh, now).unwrap();
        assert!(tokens.bearer(&first.access, now).is_none());
        assert!(tokens.rotate(&first.refresh, now).is_none());
        assert_eq!(tokens.bearer(&second.access, now), account("ana"));
    }

    #[test]
    fn a_users_token_lasts_eight_hours() {
        let tokens = Tokens::default();
        let now = OffsetDateTime::UNIX_EPOCH;
        let pair = tokens.issue(account("ana").unwrap(), now);
        assert!(
            tokens
                .bearer(&pair.access, now + Duration::from_secs(8 * 3600 - 1))
                .is_some()
        );
        assert!(tokens.bearer(&pair.access, now + ACCESS_LIFE).is_none());
    }

    #[test]
    fn the_verifier_of_rfc_7636_answers_its_challenge() {
        assert!(answers(
            "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        ));
        assert!(!answers(
            "another",
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        ));
    }
}
