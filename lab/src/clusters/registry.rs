//! Container images as a node pulls them: the manifest of a tag, whose annotations describe the
//! container, and the list of tags.

use anyhow::Context as _;
use serde_json::Value;

use super::addresses::Addresses;
use super::object::text;

/// What the annotations of an image say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PulledImage {
    /// `org.opencontainers.image.version`.
    pub version: String,
    /// `org.opencontainers.image.revision`, the commit that it was built from.
    pub revision: String,
    /// `dev.weft.color`, as `#rrggbb`.
    pub color: String,
}

/// Host, name and tag of an image, such as `ghcr.io`, `demo/podinfo` and `5.1.5`.
pub fn parts(image: &str) -> (&str, &str, &str) {
    let (host, rest) = image.split_once('/').unwrap_or(("", image));
    let rest = rest.split('@').next().unwrap_or(rest);
    let (name, tag) = rest.rsplit_once(':').unwrap_or((rest, "latest"));
    (host, name, tag)
}

/// A client of the registries that images name.
#[derive(Clone)]
pub struct Registry {
    pub http: reqwest::Client,
    pub addresses: Addresses,
}

impl Registry {
    /// Pulls the manifest of an image.
    pub async fn pull(&self, image: &str) -> anyhow::Result<PulledImage> {
        let (host, name, tag) = parts(image);
        let pulled = self.read(host, &format!("v2/{name}/manifests/{tag}")).await;
        let manifest =
            pulled.with_context(|| format!("failed to pull and unpack image \"{image}\""))?;
        let annotation = |name: &str| {
            let annotation = text(&manifest, &format!("/annotations/{name}"));
            annotation.unwrap_or_default().to_owned()
        };
        Ok(PulledImage {
            version: annotation("org.opencontainers.image.version"),
            revision: annotation("org.opencontainers.image.revision"),
            color: annotation("dev.weft.color"),
        })
    }

    /// The tags of the repository of an image.
    pub async fn tags(&self, image: &str) -> anyhow::Result<Vec<String>> {
        let (host, name, _) = parts(image);
        let list = self.read(host, &format!("v2/{name}/tags/list")).await?;
        let tags = list["tags"].as_array().into_iter().flatten();
        let tags = tags.filter_map(Value::as_str).map(str::to_owned);
        Ok(tags.collect())
    }

    async fn read(&self, host: &str, path: &str) -> anyhow::Result<Value> {
        let url = self.addresses.resolve(&format!("https://{host}/{path}"))?;
        let url = url.with_context(|| format!("dial tcp: lookup {host}: no such host"))?;
        let request = self.http.get(url).header(
            http::header::ACCEPT,
            "application/vnd.oci.image.manifest.v1+json, application/json",
        );
        Ok(request.send().await?.error_for_status()?.json().await?)
    }
}

#[cfg(test)]
mod tests {
    use super::parts;

    #[test]
    fn an_image_is_taken_apart_at_its_host_and_its_tag() {
        for (image, host, tag) in [
            ("ghcr.io/demo/podinfo:5.1.5", "ghcr.io", "5.1.5"),
            ("127.0.0.1:5000/demo/podinfo:a", "127.0.0.1:5000", "a"),
            ("ghcr.io/demo/podinfo", "ghcr.io", "latest"),
        ] {
            assert_eq!(parts(image), (host, "demo/podinfo", tag));
        }
    }
}
