//! Who is asking: sign-in, sessions, the rules for writing, and signed intents.
//!
//! Who acts is an argument of every call: handlers take a [`Person`], never a cookie.

pub mod intent;
mod key;
mod sealed;

use std::path::Path;

use model::wire::Viewer;
use secrecy::SecretString;

/// The signed-in person of one request, with the token that acts as them.
#[derive(Clone, Debug)]
pub struct Person {
    /// Who.
    pub viewer: Viewer,
    /// Their own GitHub token, fresh for at least a minute.
    pub token: SecretString,
}

/// Opens the key of this installation in `data_dir`, making it at the first start, and gives what
/// mints intents with it.
///
/// # Errors
/// When the key can be neither read nor written.
pub fn intents(data_dir: &Path) -> std::io::Result<intent::Intents> {
    Ok(intent::Intents::new(key::Key::open(&data_dir.join("key"))?))
}
