//! The addresses of the lab behind the public ones that the promotion repository names. Objects keep the
//! public addresses; only connections go elsewhere, as a DNS server would lead them.

use anyhow::Context as _;
use url::Url;

/// Base addresses of the lab, each with a slash at the end.
#[derive(Clone, Debug)]
pub struct Addresses {
    /// For `https://github.com/`.
    pub github: Url,
    /// For `https://demo.github.io/podinfo/`: the chart repository.
    pub charts: Url,
    /// For `https://ghcr.io/`: the container registry.
    pub registry: Url,
    /// For `https://weft.example.com/`; `None` when nobody listens for webhooks.
    pub weft: Option<Url>,
}

impl Addresses {
    /// The address to connect to for `address`; an error when nobody listens there.
    pub fn connect(&self, address: &str) -> anyhow::Result<Url> {
        self.resolve(address)?.context("no such host")
    }

    /// The address to connect to for `address`; `None` when nobody listens there.
    pub fn resolve(&self, address: &str) -> anyhow::Result<Option<Url>> {
        let known = [
            ("https://github.com/", Some(&self.github)),
            ("https://demo.github.io/podinfo/", Some(&self.charts)),
            ("https://ghcr.io/", Some(&self.registry)),
            ("https://weft.example.com/", self.weft.as_ref()),
        ];
        for (public, base) in known {
            let rest = address
                .strip_prefix(public)
                .or_else(|| (address == public.trim_end_matches('/')).then_some(""));
            if let Some(rest) = rest {
                return Ok(base.map(|base| base.join(rest)).transpose()?);
            }
        }
        Url::parse(address)
            .map(Some)
            .with_context(|| format!("reading the address {address}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_addresses_lead_into_the_lab_and_others_where_they_say() {
        let base = |text: &str| Url::parse(text).unwrap();
        let addresses = Addresses {
            github: base("http://127.0.0.1:1/"),
            charts: base("http://127.0.0.1:1/pages/demo/podinfo/"),
            registry: base("http://127.0.0.1:1/"),
            weft: None,
        };
        let charts = Some("http://127.0.0.1:1/pages/demo/podinfo/");
        let repository = Some("http://127.0.0.1:1/demo/podinfo");
        let other = "http://127.0.0.1:9/other";
        for (public, found) in [
            ("https://github.com/demo/podinfo", repository),
            ("https://demo.github.io/podinfo/", charts),
            ("https://demo.github.io/podinfo", charts),
            ("https://weft.example.com/promotions/hooks/flux/uat", None),
            (other, Some(other)),
        ] {
            let resolved = addresses.resolve(public).unwrap();
            assert_eq!(resolved.as_ref().map(Url::as_str), found, "{public}");
        }
    }
}
