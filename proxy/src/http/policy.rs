//! The content security policy of the page, computed from its `index.html`.

use std::cell::RefCell;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lol_html::{RewriteStrSettings, element, rewrite_str, text};
use sha2::{Digest, Sha256};
use url::Url;

/// Why no policy can be made: without the loader's hash, the page would stay blank.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// Trunk writes one inline module script that starts the app.
    #[error("index.html holds no inline module script: it is not a page built by Trunk")]
    NoLoader,
    /// It is not HTML.
    #[error("index.html cannot be read as HTML: {0}")]
    NotHtml(#[from] lol_html::errors::RewritingError),
}

/// The inline scripts and styles of an `index.html`.
#[derive(Debug, Default, PartialEq, Eq)]
struct Inline {
    scripts: Vec<String>,
    styles: Vec<String>,
    has_loader: bool,
}

/// The policy for pages without scripts of their own.
pub(super) const PLAIN: &str = "default-src 'none'; script-src 'self'; base-uri 'none'; \
                                form-action 'self'; frame-ancestors 'self'";

/// The policy for the page built by Trunk. `github` serves people's pictures.
pub(super) fn policy(index: &str, github: &Url) -> Result<String, PolicyError> {
    let inline = inline(index)?;
    if !inline.has_loader {
        return Err(PolicyError::NoLoader);
    }
    let scripts = hashes(&inline.scripts);
    let styles = hashes(&inline.styles);
    let pictures = github.origin().ascii_serialization();
    Ok(format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'{scripts}; style-src 'self'{styles}; \
         connect-src 'self'; manifest-src 'self'; \
         img-src 'self' https://avatars.githubusercontent.com {pictures} data:; \
         base-uri 'self'; form-action 'self'; frame-ancestors 'self'"
    ))
}

fn hashes(texts: &[String]) -> String {
    texts
        .iter()
        .map(|text| format!(" 'sha256-{}'", STANDARD.encode(Sha256::digest(text))))
        .collect()
}

fn inline(index: &str) -> Result<Inline, PolicyError> {
    let found = RefCell::new(Inline::default());
    let add_to = |texts: &mut [String], chunk: &str| {
        if let Some(text) = texts.last_mut() {
            text.push_str(chunk);
        }
    };
    let settings = RewriteStrSettings::new()
        .append_element_content_handler(element!("script:not([src])", |script| {
            let mut inline = found.borrow_mut();
            inline.scripts.push(String::new());
            inline.has_loader |= script.get_attribute("type").as_deref() == Some("module");
            Ok(())
        }))
        .append_element_content_handler(element!("style", |_| {
            found.borrow_mut().styles.push(String::new());
            Ok(())
        }))
        .append_element_content_handler(text!("script:not([src])", |chunk| {
            add_to(&mut found.borrow_mut().scripts, chunk.as_str());
            Ok(())
        }))
        .append_element_content_handler(text!("style", |chunk| {
            add_to(&mut found.borrow_mut().styles, chunk.as_str());
            Ok(())
        }));
    rewrite_str(index, settings)?;
    Ok(found.take())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn github() -> Url {
        Url::parse("https://github.com").unwrap()
    }

    #[test]
    fn the_loader_is_allowed_by_its_hash_and_nothing_else_inline_is() {
        let index = "<!DOCTYPE html><html><head><style>body{margin:0}</style></head>\
                     <body><script type=\"module\">alert('Hello, world.');</script></body></html>";
        let policy = policy(index, &github()).unwrap();
        // The hash of that script in the specification of content security policies.
        assert!(policy.contains("'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='"));
        assert!(!policy.contains("unsafe-inline"));
        let style = STANDARD.encode(Sha256::digest("body{margin:0}"));
        assert!(policy.contains(&format!("style-src 'self' 'sha256-{style}'")));
        assert!(policy.contains("frame-ancestors 'self'"));
    }

    #[test]
    fn a_page_without_the_loader_is_refused_loudly() {
        for index in ["<html><body></body></html>", "", "<script>1</script>"] {
            let refused = policy(index, &github());
            assert!(matches!(refused, Err(PolicyError::NoLoader)), "{index}");
        }
    }

    #[test]
    fn a_script_with_an_entity_is_hashed_as_it_stands() {
        let index = "<script type=module>if (a &amp;&amp; b < c) {}</script>";
        let inline = inline(index).unwrap();
        assert_eq!(inline.scripts, ["if (a &amp;&amp; b < c) {}"]);
    }
}
