//! The routes, the address as a signal, and links that change it without loading the page.
//!
//! Six fixed routes do not need `leptos_router`, which took 35 kB (brotli) of the first load.

use leptos::ev;
use leptos::prelude::*;
use model::pipeline::PipelineName;
use wasm_bindgen::{JsCast, JsValue};

use crate::erased::{ErasedSignal, memo};

/// The pages of the app, by the path below the base.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// `""`: the matrix of all pipelines.
    Board,
    /// `p/{namespace}/{name}`: one pipeline.
    Pipeline(PipelineName),
    /// `p/{namespace}/{name}/release`: the form that starts a release of the pipeline.
    Release(PipelineName),
    /// `pr/{owner}/{repo}/{number}`: one promotion. Holds the three segments as the address has them.
    Promotion([String; 3]),
    /// `embed/p/{namespace}/{name}`: a pipeline's environments without header and record, for a frame.
    Embed(PipelineName),
    /// Any other path.
    NotFound,
}

impl Route {
    /// Matches a path below the base.
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
            _ => Self::NotFound,
        }
    }
}

/// The part of `path` below `base`, which has no trailing slash; `None` where `path` lies elsewhere.
fn strip_base<'a>(base: &str, path: &'a str) -> Option<&'a str> {
    let rest = path.strip_prefix(base)?;
    if rest.is_empty() {
        Some(rest)
    } else {
        rest.strip_prefix('/')
    }
}

/// Percent-encodes a value for a query.
///
/// Not `encodeURIComponent`, so that what uses it is tested on the host.
fn encode_query_value(value: &str) -> String {
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

/// Builds a query of the pairs that have a value.
pub fn encode_query<'a>(pairs: impl IntoIterator<Item = (&'static str, &'a str)>) -> String {
    let pairs = pairs.into_iter().filter(|(_, value)| !value.is_empty());
    let pairs = pairs.map(|(name, value)| format!("{name}={}", encode_query_value(value)));
    pairs.collect::<Vec<_>>().join("&")
}

/// Percent-decodes a value of a query; a malformed escape stays as it is.
fn decode_query_value(text: &str) -> String {
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

/// The value of the parameter `name` in a query.
fn query_value(query: &str, name: &str) -> Option<String> {
    query.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        (key == name).then(|| decode_query_value(value))
    })
}

/// The query with another value for the parameter `name`, or without the parameter.
fn with_query_value(query: &str, name: &str, value: Option<&str>) -> String {
    let others = query
        .split('&')
        .filter(|pair| !pair.is_empty() && pair.split('=').next() != Some(name));
    let own = value.map(|value| format!("{name}={}", encode_query_value(value)));
    let pairs = others.map(str::to_owned).chain(own);
    pairs.collect::<Vec<_>>().join("&")
}

/// The address of the page, as a context.
#[derive(Clone, Copy)]
pub struct Router {
    base: ErasedSignal<String>,
    path: ErasedSignal<String>,
    query: ErasedSignal<String>,
}

impl Router {
    /// The route of the present address; subscribes the current reactive scope.
    pub fn route(self) -> Route {
        self.path.with(|path| Route::of(path))
    }

    /// Navigates to a path below the base, such as `p/app-podinfo/podinfo`.
    pub fn navigate(self, path: &str) {
        self.push(&format!("{}/{path}", self.base.read_untracked()));
        window().scroll_to_with_x_and_y(0.0, 0.0);
    }

    /// Pushes an address onto the browser's history.
    fn push(self, address: &str) {
        let pushed = window()
            .history()
            .and_then(|history| history.push_state_with_url(&JsValue::NULL, "", Some(address)));
        // Browsers refuse only floods of changes; the page then stays where it is.
        if pushed.is_ok() {
            self.sync();
        }
    }

    /// The value of the query parameter `name`, without subscribing.
    pub fn query_value(self, name: &str) -> Option<String> {
        query_value(&self.query.read_untracked(), name)
    }

    /// Replaces the query without a new entry in the browser's history, so that the page can be linked as it is.
    pub fn replace_query(self, query: &str) {
        if self.query.with_untracked(|current| current == query) {
            return;
        }
        let path = window().location().pathname().unwrap_or_default();
        let address = format!("{path}?{query}");
        let replaced = window()
            .history()
            .and_then(|history| history.replace_state_with_url(&JsValue::NULL, "", Some(&address)));
        // As with `push`: only floods of changes are refused.
        if replaced.is_ok() {
            self.sync();
        }
    }

    /// Updates the signals from the browser's address.
    fn sync(self) {
        let location = window().location();
        let path = location.pathname().unwrap_or_default();
        let query = location.search().unwrap_or_default();
        let path = strip_base(&self.base.read_untracked(), &path)
            .unwrap_or("/nowhere")
            .to_owned();
        let query = query.trim_start_matches('?').to_owned();
        self.query.set_if_changed(query);
        self.path.set_if_changed(path);
    }

    /// Handles a click on a link to a page of the app.
    fn handle_click(self, event: &web_sys::MouseEvent) {
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
        if elsewhere || strip_base(&self.base.read_untracked(), &path).is_none() {
            return;
        }
        event.prevent_default();
        self.push(&format!("{path}{}{}", link.search(), link.hash()));
        window().scroll_to_with_x_and_y(0.0, 0.0);
    }
}

/// One parameter of the address's query.
#[derive(Clone, Copy)]
pub struct QueryParam {
    router: Router,
    name: &'static str,
    value: Memo<String>,
}

impl QueryParam {
    /// The value, empty where the parameter is missing; subscribes the current reactive scope.
    pub fn get(self) -> String {
        self.value.get()
    }

    /// Sets or removes the parameter, as a new entry in the browser's history.
    pub fn set(self, value: Option<&str>) {
        let router = self.router;
        let query = with_query_value(&router.query.read_untracked(), self.name, value);
        if router.query.with_untracked(|current| *current != query) {
            let path = window().location().pathname().unwrap_or_default();
            let question_mark = if query.is_empty() { "" } else { "?" };
            router.push(&format!("{path}{question_mark}{query}"));
        }
    }
}

/// Returns the query parameter `name`.
pub fn use_query(name: &'static str) -> QueryParam {
    let router = expect_context::<Router>();
    let value = memo(move || query_value(&router.query.read(), name).unwrap_or_default());
    QueryParam {
        router,
        name,
        value,
    }
}

/// Provides the router and connects it to clicks on links and to the browser's buttons.
pub fn provide_router() -> Router {
    let base = document()
        .query_selector("base")
        .ok()
        .flatten()
        .and_then(|base| base.get_attribute("href"))
        .unwrap_or_default();
    let router = Router {
        base: ErasedSignal::new(base.trim_end_matches('/').to_owned()),
        path: ErasedSignal::new(String::new()),
        query: ErasedSignal::new(String::new()),
    };
    router.sync();
    provide_context(router);
    window_event_listener(ev::popstate, move |_| router.sync());
    window_event_listener(ev::click, move |event| router.handle_click(&event));
    router
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_to_their_pages() {
        let podinfo = PipelineName {
            namespace: "app-podinfo".into(),
            name: "podinfo".into(),
        };
        let promotion = ["demo", "podinfo", "7"].map(str::to_owned);
        for (path, route) in [
            ("", Route::Board),
            ("p/app-podinfo/podinfo", Route::Pipeline(podinfo.clone())),
            ("p/app-podinfo/podinfo/", Route::Pipeline(podinfo.clone())),
            (
                "p/app-podinfo/podinfo/release",
                Route::Release(podinfo.clone()),
            ),
            ("embed/p/app-podinfo/podinfo", Route::Embed(podinfo)),
            ("pr/demo/podinfo/7", Route::Promotion(promotion)),
            ("p/app-podinfo", Route::NotFound),
        ] {
            assert_eq!(Route::of(path), route, "{path}");
        }
    }

    #[test]
    fn only_what_lies_below_the_base_is_the_apps() {
        for (base, path, below) in [
            ("/promotions", "/promotions/p/a/b", Some("p/a/b")),
            ("/promotions", "/promotions", Some("")),
            ("/promotions", "/promotions-of-others", None),
            ("/promotions", "/applications", None),
            ("", "/p/a/b", Some("p/a/b")),
        ] {
            assert_eq!(strip_base(base, path), below, "{path} below {base}");
        }
    }

    #[test]
    fn a_value_comes_back_from_the_query_as_it_went_in() {
        let query = with_query_value("span=day", "q", Some("pod & über info"));
        assert_eq!(query, "span=day&q=pod%20%26%20%C3%BCber%20info");
        assert_eq!(query_value(&query, "q").as_deref(), Some("pod & über info"));
        assert_eq!(
            query_value("q=pod+info&x=100%", "q").as_deref(),
            Some("pod info")
        );
        assert_eq!(query_value("q=100%", "q").as_deref(), Some("100%"));
    }

    #[test]
    fn a_value_that_is_taken_away_leaves_the_others() {
        assert_eq!(with_query_value("q=a&span=day", "q", None), "span=day");
        assert_eq!(with_query_value("q=a", "q", None), "");
        assert_eq!(query_value("span=day", "q"), None);
    }
}
