//! Where the public addresses that the promotion repository names are found in the lab. Objects keep
//! the addresses that git holds; only who connects is led elsewhere, as a DNS server would lead it.

use anyhow::Context as _;
use url::Url;

/// The lab's stand-ins, each a base that ends with a slash.
#[derive(Clone, Debug)]
pub struct Addresses {
    /// For `https://github.com/`.
    pub forge: Url,
    /// For `https://demo.github.io/podinfo/`: the chart repository.
    pub charts: Url,
    /// For `https://ghcr.io/`: the container registry.
    pub registry: Url,
    /// For `https://weft.example.com/`; `None` when nobody listens for hooks.
    pub weft: Option<Url>,
}

impl Addresses {
    /// Where a connection to `address` goes; `None` when it goes nowhere.
    ///
    /// # Errors
    /// When `address` is no URL.
    pub fn resolve(&self, address: &str) -> anyhow::Result<Option<Url>> {
        let known = [
            ("https://github.com/", Some(&self.forge)),
            ("https://demo.github.io/podinfo/", Some(&self.charts)),
            ("https://ghcr.io/", Some(&self.registry)),
            ("https://weft.example.com/", self.weft.as_ref()),
        ];
        for (public, stand_in) in known {
            let rest = address
                .strip_prefix(public)
                .or_else(|| (address == public.trim_end_matches('/')).then_some(""));
            if let Some(rest) = rest {
                return stand_in
                    .map(|base| {
                        base.join(rest)
                            .with_context(|| format!("joining {base} and {rest}"))
                    })
                    .transpose();
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
            forge: base("http://127.0.0.1:1/"),
            charts: base("http://127.0.0.1:1/pages/demo/podinfo/"),
            registry: base("http://127.0.0.1:1/"),
            weft: None,
        };
        for (public, found) in [
            (
                "https://github.com/demo/podinfo",
                Some("http://127.0.0.1:1/demo/podinfo"),
            ),
            (
                "https://demo.github.io/podinfo/",
                Some("http://127.0.0.1:1/pages/demo/podinfo/"),
            ),
            (
                "https://demo.github.io/podinfo",
                Some("http://127.0.0.1:1/pages/demo/podinfo/"),
            ),
            ("https://weft.example.com/promotions/hooks/flux/uat", None),
            ("http://127.0.0.1:9/other", Some("http://127.0.0.1:9/other")),
        ] {
            let resolved = addresses.resolve(public).unwrap();
            assert_eq!(resolved.as_ref().map(Url::as_str), found, "{public}");
        }
    }
}
