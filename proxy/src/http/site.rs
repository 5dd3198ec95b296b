//! The built page: its files, how long browsers may keep them, and its security headers.

use std::path::PathBuf;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{Html, IntoResponse, Response};
use http::{HeaderValue, Uri, header};
use tower::ServiceExt;
use tower_http::services::ServeDir;

use super::error::ApiError;
use super::page;
use super::policy::{self, PolicyError};
use crate::config::Config;

/// Why the built page cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum SiteError {
    #[error("{file} cannot be read: {error}")]
    Unreadable { file: String, error: std::io::Error },
    #[error("{folder}: {error}")]
    Policy { folder: String, error: PolicyError },
}

/// The built page, where there is one, and the security policy.
#[derive(Clone)]
pub(super) struct Site {
    folder: Option<PathBuf>,
    /// The value of `Content-Security-Policy`.
    pub policy: HeaderValue,
}

impl Site {
    /// Reads `index.html` and makes its policy.
    pub fn open(config: &Config) -> Result<Self, SiteError> {
        let Some(folder) = &config.static_dir else {
            return Ok(Self {
                folder: None,
                policy: HeaderValue::from_static(policy::PLAIN),
            });
        };
        let file = folder.join("index.html");
        let index = std::fs::read_to_string(&file).map_err(|error| SiteError::Unreadable {
            file: file.display().to_string(),
            error,
        })?;
        let policy = policy::policy(&index, &config.github.web_url).map_err(|error| {
            let folder = folder.display().to_string();
            SiteError::Policy { folder, error }
        })?;
        Ok(Self {
            folder: Some(folder.clone()),
            policy: HeaderValue::try_from(policy).expect("a policy is plain ASCII"),
        })
    }

    async fn serve(&self, base_path: &str, request: Request) -> Response {
        let Some(folder) = &self.folder else {
            return Html(page::not_built(base_path)).into_response();
        };
        // The routes are nested under the base path, which is gone from the path here.
        let path = request.uri().path();
        let inside = path.strip_prefix('/').unwrap_or(path);
        let name = inside.rsplit('/').next().unwrap_or_default();
        // A path without an extension is a view of the page, which reads it by itself.
        let file_name = if name.contains('.') {
            inside
        } else {
            "index.html"
        };
        let cache = cache_control(file_name);
        let Ok(uri) = Uri::try_from(format!("/{file_name}")) else {
            return ApiError::not_found("There is nothing at this address.").into_response();
        };
        let (mut parts, _) = request.into_parts();
        parts.uri = uri;
        let files = ServeDir::new(folder)
            .precompressed_br()
            .precompressed_gzip()
            .append_index_html_on_directories(false);
        let Ok(response) = files
            .oneshot(http::Request::from_parts(parts, Body::empty()))
            .await;
        let mut response = response.map(Body::new);
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
        headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
        response
    }
}

/// Serves a file of the page, or the page itself for every path that is a view of it.
pub(super) async fn serve(
    State(config): State<Arc<Config>>,
    axum::Extension(site): axum::Extension<Site>,
    request: Request,
) -> Response {
    site.serve(&config.base_path, request).await
}

/// How long a browser may keep a file. Trunk names wasm and sheets by their content, but its script by
/// the wasm's: that may change under the same name.
fn cache_control(name: &str) -> &'static str {
    let kept = name.ends_with(".wasm") || name.ends_with(".css");
    if kept && is_hashed(name) {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    }
}

fn is_hashed(name: &str) -> bool {
    name.split(['-', '_', '.'])
        .any(|part| part.len() == 16 && part.bytes().all(|b| b.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_named_by_its_content_is_kept_for_ever() {
        for (name, kept) in [
            ("weft-spa-1f0c2d3e4b5a6978_bg.wasm", true),
            ("app-1f0c2d3e4b5a6978.css", true),
            ("weft-spa-1f0c2d3e4b5a6978.js", false),
            ("app.css", false),
            ("index.html", false),
            ("icon.svg", false),
        ] {
            assert_eq!(cache_control(name).contains("immutable"), kept, "{name}");
        }
    }
}
