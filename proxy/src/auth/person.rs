//! The signed-in person, as every action takes them.

use model::api::Viewer;
use secrecy::SecretString;

/// The signed-in person of one request, with the token that acts as them.
#[derive(Clone, Debug)]
pub struct Person {
    /// Their account on GitHub.
    pub viewer: Viewer,
    /// Their own GitHub token, good for at least a minute.
    pub token: SecretString,
}
