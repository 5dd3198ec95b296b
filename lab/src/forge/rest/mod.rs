//! The REST interface: GitHub's paths, parameters and answers, over `acts` and `present`. Served at
//! the root (as api.github.com does) and under `/api/v3` (as GitHub Enterprise does).

mod checks;
mod contents;
mod pulls;
mod repositories;
mod reviews;

use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::Value;

use super::engine::Engine;

/// Every REST route.
pub(crate) fn routes() -> Router<Arc<Engine>> {
    Router::new()
        .merge(checks::routes())
        .merge(contents::routes())
        .merge(pulls::routes())
        .merge(repositories::routes())
        .merge(reviews::routes())
}

/// `page` and `per_page`.
#[derive(Default, Deserialize)]
pub(crate) struct Paging {
    page: Option<usize>,
    per_page: Option<usize>,
}

impl Paging {
    fn size(&self) -> usize {
        self.per_page.unwrap_or(30).clamp(1, 100)
    }

    /// Which of the items are on the page.
    pub(crate) fn cut<T>(&self, items: Vec<T>) -> Vec<T> {
        let page = self.page.unwrap_or(1).max(1);
        items
            .into_iter()
            .skip((page - 1) * self.size())
            .take(self.size())
            .collect()
    }

    /// The `Link` header for so many items, when there is more than one page.
    pub(crate) fn link(&self, engine: &Engine, uri: &Uri, total: usize) -> Option<HeaderValue> {
        let page = self.page.unwrap_or(1).max(1);
        let last = total.div_ceil(self.size()).max(1);
        let mut links = Vec::new();
        let mut add = |page: usize, rel: &str| {
            let mut url = engine.url.clone();
            url.set_path(uri.path());
            let others: Vec<(String, String)> =
                url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
                    .into_owned()
                    .filter(|(name, _)| name != "page")
                    .collect();
            url.query_pairs_mut()
                .extend_pairs(others)
                .append_pair("page", &page.to_string());
            links.push(format!("<{url}>; rel=\"{rel}\""));
        };
        if page > 1 {
            add(page - 1, "prev");
        }
        if page < last {
            add(page + 1, "next");
            add(last, "last");
        }
        if page > 1 {
            add(1, "first");
        }
        if links.is_empty() {
            return None;
        }
        HeaderValue::from_str(&links.join(", ")).ok()
    }
}

/// A page of a list with its `Link` header.
pub(crate) fn page(engine: &Engine, uri: &Uri, paging: &Paging, items: Vec<Value>) -> Response {
    let link = paging.link(engine, uri, items.len());
    let body = axum::Json(Value::Array(paging.cut(items)));
    with_link(link, body)
}

/// An answer with a `Link` header, when there is one.
pub(crate) fn with_link(link: Option<HeaderValue>, body: impl IntoResponse) -> Response {
    let mut headers = HeaderMap::new();
    if let Some(link) = link {
        headers.insert(header::LINK, link);
    }
    (headers, body).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_beyond_the_last_is_empty() {
        let paging = Paging {
            page: Some(3),
            per_page: Some(2),
        };
        assert_eq!(paging.cut(vec![1, 2, 3]), Vec::<i32>::new());
        let second = Paging {
            page: Some(2),
            per_page: Some(2),
        };
        assert_eq!(second.cut(vec![1, 2, 3]), vec![3]);
    }
}
