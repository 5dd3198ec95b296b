//! Where the page is: its routes, its address as a signal, and links that change it without a load.
//!
//! Six fixed routes do not need `leptos_router`, which weighed 35 kB (brotli) of the first load.

use leptos::ev;
use leptos::prelude::*;
use model::pipeline::PipelineName;
use wasm_bindgen::{JsCast, JsValue};

use crate::held::{Held, settled};

/// What one can go to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// `""`: the matrix of all pipelines.
    Board,
    /// `p/{namespace}/{name}`: one pipeline.
    Pipeline(PipelineName),
    /// `p/{namespace}/{name}/release`: a release of it that is about to be started.
    Release(PipelineName),
    /// `pr/{owner}/{repo}/{number}`: one promotion; the three as the address has them.
    Promotion([String; 3]),
    /// `embed/p/{namespace}/{name}`: a lane without chrome.
    Embed(PipelineName),
    /// Anything else.
    Nowhere,
}

impl Route {
    /// The route of a path below the base.
    pub fn of(path: &str) -> Self {
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let pipeline = |namespace: &str, name: &str| PipelineName {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        };
        match *parts {
            [] => Self::Board,
            ["p", namespace, name] => Self::Pipeline(pipeline(namespace, name)),
            ["p", namespace, name, "release"] => Self::Release(pipeline(namespace, name)),
            ["pr", owner, repo, number] => {
                Self::Promotion([owner, repo, number].map(str::to_owned))
            }
            ["embed", "p", namespace, name] => Self::Embed(pipeline(namespace, name)),
            _ => Self::Nowhere,
        }
    }
}

/// The part of `path` below `base` (which has no slash at its end), if it lies there.
fn below<'a>(base: &str, path: &'a str) -> Option<&'a str> {
    let rest = path.strip_prefix(base)?;
    if rest.is_empty() {
        Some(rest)
    } else {
        rest.strip_prefix('/')
    }
}

/// Escapes what is not plain in a query.
pub fn escape(value: &str) -> String {
    let mut escaped = String::new();
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

/// Undoes `escape`; what is no escape stays as it is.
fn unescape(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let hex = after.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        let escaped = hex.and_then(|two| u8::from_str_radix(two, 16).ok());
        if let (b'%', Some(byte)) = (first, escaped) {
            bytes.push(byte);
            rest = &after[2..];
        } else {
            bytes.push(if *first == b'+' { b' ' } else { *first });
            rest = after;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The value of one name in a query.
fn value_of(query: &str, name: &str) -> Option<String> {
    query.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        (key == name).then(|| unescape(value))
    })
}

/// The query with another value for one name, or without it.
fn with_value(query: &str, name: &str, value: Option<&str>) -> String {
    let mut changed = String::new();
    let mut add = |pair: &str| {
        if !changed.is_empty() {
            changed.push('&');
        }
        changed.push_str(pair);
    };
    for pair in query.split('&') {
        if !pair.is_empty() && pair.split('=').next() != Some(name) {
            add(pair);
        }
    }
    if let Some(value) = value {
        add(&format!("{name}={}", escape(value)));
    }
    changed
}

/// The page's address, shared.
#[derive(Clone, Copy)]
pub struct Router {
    base: Held<String>,
    path: Held<String>,
    query: Held<String>,
}

impl Router {
    /// The route that the address leads to.
    pub fn route(self) -> Route {
        Route::of(&self.path.get())
    }

    /// Goes to a path below the base, such as `p/app-podinfo/podinfo`.
    pub fn go(self, path: &str) {
        self.push(&format!("{}/{path}", self.base.peek()));
        window().scroll_to_with_x_and_y(0.0, 0.0);
    }

    /// Makes `address` the next one in the history.
    fn push(self, address: &str) {
        let pushed = window()
            .history()
            .and_then(|history| history.push_state_with_url(&JsValue::NULL, "", Some(address)));
        // Browsers refuse only floods of changes; then the page stays where it is.
        if pushed.is_ok() {
            self.read();
        }
    }

    /// The value of `name` in the address's query, as it is now.
    pub fn asked(self, name: &str) -> Option<String> {
        value_of(&self.query.peek(), name)
    }

    /// Makes `query` the address's without a step in the history, so that the page can be linked and
    /// come back to as it is.
    pub fn amend(self, query: &str) {
        if *self.query.peek() == query {
            return;
        }
        let path = window().location().pathname().unwrap_or_default();
        let address = format!("{path}?{query}");
        let amended = window()
            .history()
            .and_then(|history| history.replace_state_with_url(&JsValue::NULL, "", Some(&address)));
        // As with `push`: only floods of changes are refused.
        if amended.is_ok() {
            self.read();
        }
    }

    /// Reads the address from the browser.
    fn read(self) {
        let location = window().location();
        let path = location.pathname().unwrap_or_default();
        let query = location.search().unwrap_or_default();
        let path = below(&self.base.peek(), &path)
            .unwrap_or("/nowhere")
            .to_owned();
        let query = query.trim_start_matches('?').to_owned();
        if *self.query.peek() != query {
            self.query.set(query);
        }
        if *self.path.peek() != path {
            self.path.set(path);
        }
    }

    /// Takes a click on a link that leads to a page of the app.
    fn click(self, event: &web_sys::MouseEvent) {
        let modified = event.ctrl_key() || event.meta_key() || event.alt_key() || event.shift_key();
        if event.default_prevented() || event.button() != 0 || modified {
            return;
        }
        let link = event
            .target()
            .and_then(|target| target.dyn_into::<web_sys::Element>().ok())
            .and_then(|target| target.closest("a[href]").ok().flatten())
            .and_then(|link| link.dyn_into::<web_sys::HtmlAnchorElement>().ok());
        let Some(link) = link else {
            return;
        };
        let elsewhere = !link.target().is_empty()
            || link.has_attribute("download")
            || link.rel().split(' ').any(|word| word == "external")
            || window().location().origin().ok() != Some(link.origin());
        let path = link.pathname();
        if elsewhere || below(&self.base.peek(), &path).is_none() {
            return;
        }
        event.prevent_default();
        self.push(&format!("{path}{}{}", link.search(), link.hash()));
        window().scroll_to_with_x_and_y(0.0, 0.0);
    }
}

/// One value in the address's query.
#[derive(Clone, Copy)]
pub struct Query {
    router: Router,
    name: &'static str,
    value: Memo<String>,
}

impl Query {
    /// It; empty where it is not there.
    pub fn get(self) -> String {
        self.value.get()
    }

    /// Changes it, or takes it away.
    pub fn set(self, value: Option<&str>) {
        let router = self.router;
        let query = with_value(&router.query.peek(), self.name, value);
        if *router.query.peek() != query {
            let path = window().location().pathname().unwrap_or_default();
            let mark = if query.is_empty() { "" } else { "?" };
            router.push(&format!("{path}{mark}{query}"));
        }
    }
}

/// The value of `name` in the address's query.
pub fn use_query(name: &'static str) -> Query {
    let router = expect_context::<Router>();
    let value = settled(move || value_of(&router.query.get(), name).unwrap_or_default());
    Query {
        router,
        name,
        value,
    }
}

/// Provides the address and keeps it in step with clicks and with the browser's buttons.
pub fn provide_router() -> Router {
    let base = document()
        .query_selector("base")
        .ok()
        .flatten()
        .and_then(|base| base.get_attribute("href"))
        .unwrap_or_default();
    let router = Router {
        base: Held::new(base.trim_end_matches('/').to_owned()),
        path: Held::new(String::new()),
        query: Held::new(String::new()),
    };
    router.read();
    provide_context(router);
    window_event_listener(ev::popstate, move |_| router.read());
    window_event_listener(ev::click, move |event| router.click(&event));
    router
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_to_their_pages() {
        let podinfo = || PipelineName {
            namespace: "app-podinfo".into(),
            name: "podinfo".into(),
        };
        assert_eq!(Route::of(""), Route::Board);
        assert_eq!(
            Route::of("p/app-podinfo/podinfo"),
            Route::Pipeline(podinfo())
        );
        assert_eq!(
            Route::of("p/app-podinfo/podinfo/"),
            Route::Pipeline(podinfo())
        );
        assert_eq!(
            Route::of("p/app-podinfo/podinfo/release"),
            Route::Release(podinfo())
        );
        assert_eq!(
            Route::of("embed/p/app-podinfo/podinfo"),
            Route::Embed(podinfo())
        );
        assert_eq!(
            Route::of("pr/demo/podinfo/7"),
            Route::Promotion(["demo", "podinfo", "7"].map(str::to_owned))
        );
        assert_eq!(Route::of("p/app-podinfo"), Route::Nowhere);
    }

    #[test]
    fn only_what_lies_below_the_base_is_the_apps() {
        assert_eq!(below("/promotions", "/promotions/p/a/b"), Some("p/a/b"));
        assert_eq!(below("/promotions", "/promotions"), Some(""));
        assert_eq!(below("/promotions", "/promotions-of-others"), None);
        assert_eq!(below("/promotions", "/applications"), None);
        assert_eq!(below("", "/p/a/b"), Some("p/a/b"));
    }

    #[test]
    fn a_value_comes_back_from_the_query_as_it_went_in() {
        let query = with_value("span=day", "q", Some("pod & über info"));
        assert_eq!(query, "span=day&q=pod%20%26%20%C3%BCber%20info");
        assert_eq!(value_of(&query, "q").as_deref(), Some("pod & über info"));
        assert_eq!(
            value_of("q=pod+info&x=100%", "q").as_deref(),
            Some("pod info")
        );
        assert_eq!(value_of("q=100%", "q").as_deref(), Some("100%"));
    }

    #[test]
    fn a_value_that_is_taken_away_leaves_the_others() {
        assert_eq!(with_value("q=a&span=day", "q", None), "span=day");
        assert_eq!(with_value("q=a", "q", None), "");
        assert_eq!(value_of("span=day", "q"), None);
    }
}
