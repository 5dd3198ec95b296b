//! The chart repository (as GitHub Pages would serve it) and the container registry (as far as the
//! lab's clusters ask it: tags and manifests).

use std::cmp::Reverse;
use std::io::Read as _;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use flate2::read::GzDecoder;
use semver::Version;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::error::ApiError;
use super::json::stamp;
use super::repository::{Chart, ChartArchive, Image, RepositoryState};
use super::state::{GitHubState, Repo};

/// The annotation that carries an image's colour, since the lab's images hold no program.
pub const COLOR_ANNOTATION: &str = "dev.weft.color";

/// The routes of the chart repository and the registry.
pub(crate) fn routes() -> Router<Arc<GitHubState>> {
    Router::new()
        .route("/pages/{owner}/{repo}/index.yaml", get(index))
        .route("/pages/{owner}/{repo}/{file}", get(package))
        .route("/v2/", get(|| async { Json(json!({})) }))
        .route("/v2/{owner}/{repo}/tags/list", get(tags))
        .route("/v2/{owner}/{repo}/manifests/{tag}", get(manifest))
}

async fn index(repo: Repo) -> Result<Response, ApiError> {
    let yaml = index_yaml(&repo, &repo.state.lock())?;
    Ok(([(header::CONTENT_TYPE, "text/yaml; charset=utf-8")], yaml).into_response())
}

/// The index as `helm repo index` makes it: what each package says of itself, newest version first.
fn index_yaml(repo: &Repo, state: &RepositoryState) -> anyhow::Result<String> {
    let name = &repo.name;
    let mut charts: Vec<&Chart> = state.charts.iter().collect();
    charts.sort_by_cached_key(|chart| Reverse(Version::parse(&chart.version).ok()));
    let mut entries = Vec::new();
    for chart in &charts {
        let mut entry = metadata(&chart.archive)?;
        let url = format!(
            "{}pages/{}/{name}-{}.tgz",
            repo.github.url,
            repo.full_name(),
            chart.version
        );
        entry.insert("created".to_owned(), stamp(chart.created_at).into());
        entry.insert("digest".to_owned(), chart.archive.digest.clone().into());
        entry.insert("urls".to_owned(), json!([url]));
        entries.push(Value::Object(entry));
    }
    let newest = charts.iter().map(|chart| chart.created_at).max();
    let index = json!({
        "apiVersion": "v1",
        "entries": if entries.is_empty() { json!({}) } else { json!({ name: entries }) },
        "generated": stamp(newest.unwrap_or(repo.created_at)),
    });
    serde_saphyr::to_string(&index).context("writing index.yaml")
}

/// A package's `Chart.yaml`.
fn metadata(archive: &ChartArchive) -> anyhow::Result<Map<String, Value>> {
    let mut archive = tar::Archive::new(GzDecoder::new(&archive.bytes[..]));
    for file in archive.entries()? {
        let mut file = file?;
        let path = file.path()?.into_owned();
        if path.components().count() == 2 && path.ends_with("Chart.yaml") {
            let mut text = String::new();
            file.read_to_string(&mut text)?;
            return serde_saphyr::from_str(&text).context("reading Chart.yaml");
        }
    }
    bail!("the package holds no Chart.yaml")
}

#[derive(Deserialize)]
struct PackageFile {
    file: String,
}

async fn package(
    repo: Repo,
    Path(PackageFile { file }): Path<PackageFile>,
) -> Result<Response, ApiError> {
    let state = repo.state.lock();
    let version = file
        .strip_prefix(&format!("{}-", repo.name))
        .and_then(|rest| rest.strip_suffix(".tgz"));
    let chart = state
        .charts
        .iter()
        .find(|chart| Some(chart.version.as_str()) == version)
        .ok_or_else(ApiError::not_found)?;
    let kind = [(header::CONTENT_TYPE, "application/gzip")];
    Ok((kind, chart.archive.bytes.clone()).into_response())
}

async fn tags(repo: Repo) -> Json<Value> {
    let state = repo.state.lock();
    let tags: Vec<&String> = state.images.keys().collect();
    Json(json!({ "name": repo.full_name(), "tags": tags }))
}

#[derive(Deserialize)]
struct Tag {
    tag: String,
}

async fn manifest(repo: Repo, Path(Tag { tag }): Path<Tag>) -> Response {
    let state = repo.state.lock();
    let Some(image) = state.images.get(&tag) else {
        let error = json!({ "errors": [{
            "code": "MANIFEST_UNKNOWN", "message": "manifest unknown", "detail": { "Tag": tag },
        }] });
        return (StatusCode::NOT_FOUND, Json(error)).into_response();
    };
    let body = image_manifest(image);
    let digest = format!("sha256:{}", hex::encode(Sha256::digest(body.as_bytes())));
    let headers = [
        (
            header::CONTENT_TYPE.as_str(),
            "application/vnd.oci.image.manifest.v1+json",
        ),
        ("docker-content-digest", digest.as_str()),
    ];
    (headers, body).into_response()
}

fn image_manifest(image: &Image) -> String {
    let empty = hex::encode(Sha256::digest(b"{}"));
    json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {
            "mediaType": "application/vnd.oci.empty.v1+json",
            "digest": format!("sha256:{empty}"),
            "size": 2,
        },
        "layers": [],
        "annotations": {
            "org.opencontainers.image.version": image.version,
            "org.opencontainers.image.revision": image.revision,
            "org.opencontainers.image.created": stamp(image.created_at),
            "org.opencontainers.image.ref.name": image.tag,
            COLOR_ANNOTATION: image.color,
        },
    })
    .to_string()
}
