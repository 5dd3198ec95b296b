//! Who is asking: sign-in, sessions, the rules for writing, and signed intents.
//!
//! Who acts is an argument of every call: handlers take a [`Person`], never a cookie.

mod cookies;
pub mod intent;
mod key;
mod login;
mod oauth;
mod person;
mod sealed;
mod session;

use std::path::Path;

use crate::config::Config;

pub use cookies::Cookies;
pub(crate) use cookies::pairs as cookie_pairs;
pub(crate) use login::{LIFETIME as LOGIN_LIFETIME, Return};
pub use login::{LoginError, Start};
pub use oauth::{OAuth, OAuthError};
pub use person::{AccessError, Person, Reader, Writer};
pub(crate) use session::LIFETIME as SESSION_LIFETIME;
pub use session::{Opened, Session, Sessions, Tokens};

/// All that access needs to keep, as one part of the app.
pub struct Access {
    /// Mints and verifies intents.
    pub intents: intent::Intents,
    /// The sign-ins under way.
    pub(crate) logins: login::Logins,
    /// The web flow of GitHub.
    pub(crate) oauth: OAuth,
    /// Who is signed in.
    pub sessions: Sessions,
    /// The names and attributes of Weft's cookies.
    pub(crate) cookies: Cookies,
}

impl Access {
    /// Opens the installation's key in the data folder, making it at the first start.
    ///
    /// # Errors
    /// When the key can be neither read nor written.
    pub fn open(config: &Config, http: reqwest::Client) -> std::io::Result<Self> {
        let key = key::Key::open(&config.data_dir.join(Path::new("key")))?;
        Ok(Self {
            intents: intent::Intents::new(key.clone()),
            logins: login::Logins::new(key, config.base_path.clone()),
            oauth: OAuth::new(config, http),
            sessions: Sessions::default(),
            cookies: Cookies::new(config.is_secure()),
        })
    }
}
