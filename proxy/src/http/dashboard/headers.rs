//! Headers of the requests and responses that the reverse proxy forwards.

use std::net::IpAddr;

use http::{HeaderMap, HeaderName, HeaderValue, header};
use url::Url;

use crate::auth::{Cookies, cookies};
use crate::config::Config;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Headers of one connection (RFC 9110, 7.6.1).
const HOP_BY_HOP: [&str; 8] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "transfer-encoding",
    "upgrade",
];

/// The headers of the request to the dashboard.
pub(super) fn onward(from: &HeaderMap, config: &Config, peer: Option<IpAddr>) -> HeaderMap {
    let mut headers = end_to_end(from);
    headers.remove(header::HOST);
    headers.remove(header::COOKIE);
    let foreign: Vec<String> = cookies(from)
        .filter(|cookie| !Cookies::is_own(cookie.name()))
        .map(|cookie| cookie.to_string())
        .collect();
    if let Ok(cookies) = HeaderValue::from_str(&foreign.join("; "))
        && !foreign.is_empty()
    {
        headers.insert(header::COOKIE, cookies);
    }
    if super::super::problem_details::wants_page(from) {
        // A page is rewritten on its way back, so it must come as it is.
        headers.insert(
            header::ACCEPT_ENCODING,
            HeaderValue::from_static("identity"),
        );
    }
    let mut set = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    if let Some(peer) = peer {
        let before = from
            .get(&FORWARDED_FOR)
            .and_then(|value| value.to_str().ok());
        let chain = before.map_or_else(|| peer.to_string(), |before| format!("{before}, {peer}"));
        set(FORWARDED_FOR, &chain);
    }
    set(FORWARDED_HOST, config.public_url.authority());
    set(FORWARDED_PROTO, config.public_url.scheme());
    headers
}

/// The headers of the answer to the browser.
pub(super) fn back(from: &HeaderMap, upstream: &Url) -> HeaderMap {
    let mut headers = end_to_end(from);
    headers.remove(header::SET_COOKIE);
    let cookies = from.get_all(header::SET_COOKIE).iter();
    for cookie in cookies.filter(|cookie| !sets_own(cookie)) {
        headers.append(header::SET_COOKIE, cookie.clone());
    }
    // The browser gets the id that Weft's log has.
    headers.remove("x-request-id");
    // An absolute redirect to the dashboard itself would lead around Weft.
    let inside = from
        .get(header::LOCATION)
        .and_then(|value| Url::parse(value.to_str().ok()?).ok())
        .filter(|to| to.origin() == upstream.origin());
    if let Some(to) = inside
        && let Ok(path) = HeaderValue::from_str(&to[url::Position::BeforePath..])
    {
        headers.insert(header::LOCATION, path);
    }
    headers
}

/// Whether a request carries a body.
pub(super) fn has_body(headers: &HeaderMap) -> bool {
    headers.contains_key(header::TRANSFER_ENCODING)
        || headers
            .get(header::CONTENT_LENGTH)
            .is_some_and(|length| length != "0")
}

/// Whether an answer is HTML that can be rewritten as it comes.
pub(super) fn is_plain_html(headers: &HeaderMap) -> bool {
    let encoded = headers
        .get(header::CONTENT_ENCODING)
        .is_some_and(|encoding| encoding != "identity");
    let html = headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    html && !encoded
}

/// The dashboard's own session cookie, ready to send on.
pub(super) fn session_cookie(headers: &HeaderMap) -> Option<HeaderValue> {
    let session = cookies(headers).find(|cookie| cookie.name() == "session")?;
    let mut cookie = HeaderValue::try_from(session.to_string()).ok()?;
    cookie.set_sensitive(true);
    Some(cookie)
}

fn sets_own(cookie: &HeaderValue) -> bool {
    cookie
        .to_str()
        .ok()
        .and_then(|cookie| cookie.split('=').next())
        .is_some_and(|name| Cookies::is_own(name.trim()))
}

fn end_to_end(from: &HeaderMap) -> HeaderMap {
    let named: Vec<String> = from
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|name| name.trim().to_ascii_lowercase())
        .collect();
    let stays = |name: &HeaderName| {
        HOP_BY_HOP.contains(&name.as_str()) || named.iter().any(|named| named == name.as_str())
    };
    from.iter()
        .filter(|(name, _)| !stays(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pairs = pairs.iter().map(|(name, value)| {
            let name = HeaderName::from_static(name);
            (name, HeaderValue::from_static(value))
        });
        pairs.collect()
    }

    #[test]
    fn what_belongs_to_the_connection_stays_on_it() {
        let from = headers(&[
            ("connection", "keep-alive, X-Private"),
            ("x-private", "1"),
            ("te", "trailers"),
            ("x-public", "2"),
        ]);
        let through = end_to_end(&from);
        assert_eq!(through.len(), 1);
        assert!(through.contains_key("x-public"));
    }

    #[test]
    fn the_dashboards_cookies_pass_and_ours_do_not() {
        let upstream = Url::parse("http://127.0.0.1:9001").unwrap();
        let answer = headers(&[
            ("set-cookie", "session=abc; Path=/; HttpOnly"),
            ("set-cookie", "weft_write=stolen; Path=/"),
            ("set-cookie", "__Host-weft_read=stolen; Path=/"),
        ]);
        let through = back(&answer, &upstream);
        let cookies: Vec<_> = through.get_all(header::SET_COOKIE).iter().collect();
        assert_eq!(cookies, ["session=abc; Path=/; HttpOnly"]);
    }

    #[test]
    fn a_redirect_to_the_dashboard_itself_stays_behind_weft() {
        let upstream = Url::parse("http://127.0.0.1:9001").unwrap();
        for (to, goes) in [
            ("http://127.0.0.1:9001/sign_in?x=1", "/sign_in?x=1"),
            (
                "https://idp.example/authorize",
                "https://idp.example/authorize",
            ),
            ("/relative", "/relative"),
        ] {
            let through = back(&headers(&[("location", to)]), &upstream);
            assert_eq!(through[header::LOCATION], goes);
        }
    }
}
