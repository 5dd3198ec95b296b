//! The base URLs of the server.

use url::Url;

/// The server's base URLs in answers.
#[derive(Clone)]
pub(crate) struct Links {
    /// The REST interface, without a trailing slash.
    pub(crate) api: String,
    /// The pages, without a trailing slash.
    pub(crate) web: String,
}

impl Links {
    pub(crate) fn new(url: &Url) -> Self {
        let web = url.as_str().trim_end_matches('/').to_owned();
        Self {
            api: format!("{web}/api/v3"),
            web,
        }
    }
}
