//! Weft's cookies: one that may read, one that may write, one for a sign-in under way.

use std::time::Duration;

use axum_extra::extract::cookie::{Cookie, SameSite};
use http::{HeaderMap, HeaderValue, header};

/// The cookies' names and attributes. Over TLS the names carry `__Host-`, which browsers accept only
/// for secure cookies of this very host; on plain loopback they cannot.
#[derive(Clone, Debug)]
pub(crate) struct Cookies {
    secure: bool,
}

impl Cookies {
    const PREFIX: &str = "__Host-";
    const READ: &str = "weft_read";
    const WRITE: &str = "weft_write";
    const LOGIN: &str = "weft_login";

    pub(super) fn new(secure: bool) -> Self {
        Self { secure }
    }

    /// Returns the value that lets its bearer read, if the request carries one.
    pub(super) fn read(&self, headers: &HeaderMap) -> Option<String> {
        self.find(headers, Self::READ)
    }

    /// Returns the value that lets its bearer write.
    pub(crate) fn write(&self, headers: &HeaderMap) -> Option<String> {
        self.find(headers, Self::WRITE)
    }

    /// Returns the sealed state of a sign-in under way.
    pub(crate) fn login(&self, headers: &HeaderMap) -> Option<String> {
        self.find(headers, Self::LOGIN)
    }

    /// Sets the two cookies of a session.
    pub(crate) fn set_session(&self, read: &str, write: &str, life: Duration) -> [HeaderValue; 2] {
        [
            self.cookie(Self::READ, read, SameSite::Lax, life),
            self.cookie(Self::WRITE, write, SameSite::Strict, life),
        ]
    }

    pub(crate) fn clear_session(&self) -> [HeaderValue; 2] {
        self.set_session("", "", Duration::ZERO)
    }

    /// Sets the cookie of a sign-in under way. GitHub sends the browser back by a link: hence `Lax`.
    pub(crate) fn set_login(&self, sealed: &str, life: Duration) -> HeaderValue {
        self.cookie(Self::LOGIN, sealed, SameSite::Lax, life)
    }

    pub(crate) fn clear_login(&self) -> HeaderValue {
        self.set_login("", Duration::ZERO)
    }

    /// Whether a cookie of that name is one of Weft's, which nobody behind Weft may see or set.
    pub(crate) fn is_own(name: &str) -> bool {
        let name = name.strip_prefix(Self::PREFIX).unwrap_or(name);
        [Self::READ, Self::WRITE, Self::LOGIN].contains(&name)
    }

    fn name(&self, name: &str) -> String {
        let prefix = if self.secure { Self::PREFIX } else { "" };
        format!("{prefix}{name}")
    }

    fn find(&self, headers: &HeaderMap, name: &str) -> Option<String> {
        let name = self.name(name);
        cookies(headers)
            .find(|cookie| cookie.name() == name)
            .map(|cookie| cookie.value().to_owned())
            .filter(|value| !value.is_empty())
    }

    fn cookie(&self, name: &str, value: &str, same_site: SameSite, life: Duration) -> HeaderValue {
        let seconds = i64::try_from(life.as_secs()).unwrap_or(i64::MAX);
        let cookie = Cookie::build((self.name(name), value))
            .path("/")
            .http_only(true)
            .same_site(same_site)
            .max_age(time::Duration::seconds(seconds))
            .secure(self.secure);
        let text = cookie.to_string();
        let mut value = HeaderValue::try_from(text).expect("names and values are plain ASCII");
        value.set_sensitive(true);
        value
    }
}

/// The cookies of a request.
pub(crate) fn cookies(headers: &HeaderMap) -> impl Iterator<Item = Cookie<'_>> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(Cookie::split_parse)
        .filter_map(Result::ok)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(cookies: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_static(cookies))])
    }

    #[test]
    fn over_tls_cookies_belong_to_this_host_alone() {
        let life = Duration::from_secs(60);
        let [read, write] = Cookies::new(true).set_session("r", "w", life);
        assert_eq!(
            read,
            "__Host-weft_read=r; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=60"
        );
        assert_eq!(
            write,
            "__Host-weft_write=w; HttpOnly; SameSite=Strict; Secure; Path=/; Max-Age=60"
        );
        assert!(read.is_sensitive() && write.is_sensitive());
    }

    #[test]
    fn over_tls_a_cookie_without_the_prefix_is_not_taken() {
        let planted = request("weft_read=planted; session=abc");
        assert_eq!(Cookies::new(true).read(&planted), None);
        let taken = Cookies::new(false).read(&planted);
        assert_eq!(taken.as_deref(), Some("planted"));
        let own = request("session=abc; __Host-weft_write=w");
        assert_eq!(Cookies::new(true).write(&own).as_deref(), Some("w"));
    }
}
