//! Container images as a node pulls them: a tag's manifest, whose annotations say what is inside,
//! and the list of tags.

use anyhow::{Context as _, bail};
use serde::Deserialize;

use super::addresses::Addresses;

/// What a container says of itself: its version, the commit it was built from, its colour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// `org.opencontainers.image.version`.
    pub version: String,
    /// `org.opencontainers.image.revision`.
    pub revision: String,
    /// `dev.weft.color`.
    pub color: String,
}

#[derive(Deserialize)]
struct Manifest {
    #[serde(default)]
    annotations: std::collections::HashMap<String, String>,
}

#[derive(Deserialize)]
struct Tags {
    tags: Option<Vec<String>>,
}

/// An image's name taken apart: `ghcr.io`, `demo/podinfo`, `5.1.5`.
#[must_use]
pub fn parts(image: &str) -> (&str, &str, &str) {
    let (host, rest) = image.split_once('/').unwrap_or(("", image));
    let rest = rest.split('@').next().unwrap_or(rest);
    let (name, tag) = rest.rsplit_once(':').unwrap_or((rest, "latest"));
    (host, name, tag)
}

/// Pulls the manifest of an image.
///
/// # Errors
/// When the registry does not answer or has no such tag.
pub async fn pull(
    http: &reqwest::Client,
    addresses: &Addresses,
    image: &str,
) -> anyhow::Result<Image> {
    let (host, name, tag) = parts(image);
    let manifest: Manifest = read(http, addresses, host, &format!("v2/{name}/manifests/{tag}"))
        .await
        .with_context(|| format!("failed to pull and unpack image \"{image}\""))?;
    let annotation = |name: &str| manifest.annotations.get(name).cloned().unwrap_or_default();
    Ok(Image {
        version: annotation("org.opencontainers.image.version"),
        revision: annotation("org.opencontainers.image.revision"),
        color: annotation("dev.weft.color"),
    })
}

/// The tags of an image's repository.
///
/// # Errors
/// When the registry does not answer.
pub async fn tags(
    http: &reqwest::Client,
    addresses: &Addresses,
    image: &str,
) -> anyhow::Result<Vec<String>> {
    let (host, name, _) = parts(image);
    let tags: Tags = read(http, addresses, host, &format!("v2/{name}/tags/list")).await?;
    Ok(tags.tags.unwrap_or_default())
}

async fn read<T: serde::de::DeserializeOwned>(
    http: &reqwest::Client,
    addresses: &Addresses,
    host: &str,
    path: &str,
) -> anyhow::Result<T> {
    let Some(url) = addresses.resolve(&format!("https://{host}/{path}"))? else {
        bail!("dial tcp: lookup {host}: no such host");
    };
    let response = http
        .get(url)
        .header(
            http::header::ACCEPT,
            "application/vnd.oci.image.manifest.v1+json, application/json",
        )
        .send()
        .await?;
    if !response.status().is_success() {
        bail!("unexpected status from GET request: {}", response.status());
    }
    Ok(response.json().await?)
}

#[cfg(test)]
mod tests {
    use super::parts;

    #[test]
    fn an_image_is_taken_apart_at_its_host_and_its_tag() {
        for (image, expected) in [
            (
                "ghcr.io/demo/podinfo:5.1.5",
                ("ghcr.io", "demo/podinfo", "5.1.5"),
            ),
            (
                "127.0.0.1:5000/demo/podinfo:a",
                ("127.0.0.1:5000", "demo/podinfo", "a"),
            ),
            (
                "ghcr.io/demo/podinfo",
                ("ghcr.io", "demo/podinfo", "latest"),
            ),
        ] {
            assert_eq!(parts(image), expected);
        }
    }
}
