//! The extractors of paths and pages.

use std::sync::Arc;

use axum::extract::{FromRequestParts, OriginalUri, Query};
use axum::http::header::LINK;
use axum::http::request::Parts;
use axum::response::{AppendHeaders, IntoResponse, Response};
use serde::Deserialize;
use url::Url;

use crate::github::error::ApiError;
use crate::github::state::GitHubState;

/// `{number}` of a path.
#[derive(Deserialize)]
pub(super) struct Number {
    pub(super) number: u64,
}

/// The page that the query asks for, by `page` (from 1) and `per_page` (30 when absent, at most 100).
pub(super) struct Page {
    /// The URL of the request.
    url: Url,
    number: usize,
    size: usize,
}

#[derive(Deserialize)]
struct Paging {
    page: Option<usize>,
    per_page: Option<usize>,
}

impl FromRequestParts<Arc<GitHubState>> for Page {
    type Rejection = ApiError;

    async fn from_request_parts(
        parts: &mut Parts,
        github: &Arc<GitHubState>,
    ) -> Result<Self, Self::Rejection> {
        let asked = Query::<Paging>::try_from_uri(&parts.uri)
            .map_err(|_| ApiError::unprocessable("page and per_page are numbers"))?;
        let uri = parts.extensions.get::<OriginalUri>();
        let uri = uri.map_or(&parts.uri, |OriginalUri(uri)| uri);
        let mut url = github.url.clone();
        url.set_path(uri.path());
        url.set_query(uri.query());
        Ok(Self {
            url,
            number: asked.page.unwrap_or(1).max(1),
            size: asked.per_page.unwrap_or(30).clamp(1, 100),
        })
    }
}

impl Page {
    /// Cuts the page out of `items` and wraps it into `body`, with a `Link` header when there are more.
    pub(super) fn answer<T, B: IntoResponse>(
        &self,
        items: Vec<T>,
        body: impl FnOnce(Vec<T>) -> B,
    ) -> Response {
        let link = self.links(items.len()).map(|link| (LINK, link));
        let cut = items.into_iter().skip((self.number - 1) * self.size);
        let page = cut.take(self.size).collect();
        (AppendHeaders(link), body(page)).into_response()
    }

    /// The `Link` header of a list of `total` items that does not fit on one page.
    fn links(&self, total: usize) -> Option<String> {
        let last = total.div_ceil(self.size).max(1);
        let link = |page: usize, rel: &str| {
            let mut url = self.url.clone();
            let pairs = self.url.query_pairs().filter(|(name, _)| name != "page");
            url.query_pairs_mut()
                .clear()
                .extend_pairs(pairs)
                .append_pair("page", &page.to_string());
            format!("<{url}>; rel=\"{rel}\"")
        };
        let mut links = Vec::new();
        if self.number > 1 {
            links.extend([link(self.number - 1, "prev"), link(1, "first")]);
        }
        if self.number < last {
            links.extend([link(self.number + 1, "next"), link(last, "last")]);
        }
        (!links.is_empty()).then(|| links.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;

    use super::*;

    #[tokio::test]
    async fn a_page_beyond_the_last_is_empty() {
        for (number, rest) in [(2, "[3]"), (3, "[]")] {
            let page = Page {
                url: "http://127.0.0.1/".parse().unwrap(),
                number,
                size: 2,
            };
            let answer = page.answer(vec![1, 2, 3], axum::Json);
            let body = to_bytes(answer.into_body(), 100).await.unwrap();
            assert_eq!(body, rest);
        }
    }
}
