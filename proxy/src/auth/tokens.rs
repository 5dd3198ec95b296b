//! A person's tokens on GitHub.

use model::Timestamp;
use secrecy::SecretString;

/// The pair of tokens that GitHub gives for a code or a refresh token.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// The token that acts as the person.
    pub access: SecretString,
    /// The end of the access token; `None` where GitHub sets none.
    pub ends_at: Option<Timestamp>,
    /// The token for the next pair; `None` where the access token does not end.
    pub refresh: Option<SecretString>,
}
