//! Adds a script to an HTML page as a stream.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures::{Stream, StreamExt};
use lol_html::html_content::{ContentType, DocumentEnd};
use lol_html::send::{HtmlRewriter, Settings};
use lol_html::{OutputSink, element, end};

/// The sink of the rewriter.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Written {
    fn take(&self) -> Bytes {
        let mut written = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *written).into()
    }
}

impl OutputSink for Written {
    fn handle_chunk(&mut self, chunk: &[u8]) {
        let mut written = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        written.extend_from_slice(chunk);
    }
}

/// Adds a deferred script with the address `src`. It goes inside `<html …>` where that is written out,
/// else before the first element: neither a `<head>` nor a `</body>` need be there.
pub(super) fn script<S>(body: S, src: &str) -> impl Stream<Item = std::io::Result<Bytes>> + use<S>
where
    S: Stream<Item = std::io::Result<Bytes>> + Send,
{
    let tag = format!("<script src=\"{src}\" defer></script>");
    async_stream::try_stream! {
        let written = Written::default();
        let mut rewriter = rewriter(tag, written.clone());
        let mut body = std::pin::pin!(body);
        while let Some(chunk) = body.next().await {
            rewriter.write(&chunk?).map_err(std::io::Error::other)?;
            let chunk = written.take();
            if !chunk.is_empty() {
                yield chunk;
            }
        }
        rewriter.end().map_err(std::io::Error::other)?;
        yield written.take();
    }
}

fn rewriter(tag: String, written: Written) -> HtmlRewriter<'static, Written> {
    let added = Arc::new(Mutex::new(false));
    let first = move |added: &Mutex<bool>| {
        let mut added = added.lock().unwrap_or_else(PoisonError::into_inner);
        !std::mem::replace(&mut *added, true)
    };
    let (seen, at_end, tail) = (Arc::clone(&added), added, tag.clone());
    let settings = Settings::new_send()
        .append_element_content_handler(element!("*", move |element| {
            if first(&seen) {
                if element.tag_name() == "html" {
                    element.prepend(&tag, ContentType::Html);
                } else {
                    element.before(&tag, ContentType::Html);
                }
            }
            Ok(())
        }))
        .append_document_content_handler(end!(move |document: &mut DocumentEnd<'_>| {
            if first(&at_end) {
                document.append(&tail, ContentType::Html);
            }
            Ok(())
        }))
        .with_strict(false);
    HtmlRewriter::new(settings, written)
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::TryStreamExt;

    async fn rewritten(html: &str, piece: usize) -> String {
        let pieces: Vec<std::io::Result<Bytes>> = html
            .as_bytes()
            .chunks(piece)
            .map(|chunk| Ok(Bytes::copy_from_slice(chunk)))
            .collect();
        let chunks: Vec<Bytes> = script(futures::stream::iter(pieces), "/promotions/embed.js")
            .try_collect()
            .await
            .unwrap();
        String::from_utf8(chunks.concat()).unwrap()
    }

    #[tokio::test]
    async fn the_script_is_added_once_wherever_the_page_leaves_room() {
        let tag = "<script src=\"/promotions/embed.js\" defer></script>";
        for (html, desired) in [
            (
                "<!doctype html><html lang=en><head></head><body>x</body></html>",
                "<!doctype html><html lang=en>{}<head></head><body>x</body></html>",
            ),
            (
                "<!doctype html><title>t</title><div>x</div>",
                "<!doctype html>{}<title>t</title><div>x</div>",
            ),
            ("<!-- <html> --><HTML><p>x", "<!-- <html> --><HTML>{}<p>x"),
            ("only words", "only words{}"),
        ] {
            let desired = desired.replace("{}", tag);
            assert_eq!(rewritten(html, html.len()).await, desired);
            assert_eq!(rewritten(html, 3).await, desired, "in small pieces");
        }
    }
}
