//! Adds a script to an HTML page as a stream.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures::{Stream, StreamExt};
use lol_html::html_content::{ContentType, DocumentEnd};
use lol_html::send::{HtmlRewriter, Settings};
use lol_html::{OutputSink, element, end};

/// Adds a deferred script with the address `src`. It goes inside `<html …>` where that is written out,
/// else before the first element: neither a `<head>` nor a `</body>` need be there.
pub(super) fn script<S>(body: S, src: &str) -> impl Stream<Item = std::io::Result<Bytes>> + use<S>
where
    S: Stream<Item = std::io::Result<Bytes>> + Send,
{
    let tag = format!("<script src=\"{src}\" defer></script>");
    async_stream::try_stream! {
        let written = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&written);
        let mut rewriter = rewriter(tag, move |chunk: &[u8]| lock(&sink).extend_from_slice(chunk));
        let mut body = std::pin::pin!(body);
        while let Some(chunk) = body.next().await {
            rewriter.write(&chunk?).map_err(std::io::Error::other)?;
            let chunk = take(&written);
            if !chunk.is_empty() {
                yield chunk;
            }
        }
        rewriter.end().map_err(std::io::Error::other)?;
        yield take(&written);
    }
}

fn lock(written: &Mutex<Vec<u8>>) -> MutexGuard<'_, Vec<u8>> {
    written.lock().unwrap_or_else(PoisonError::into_inner)
}

fn take(written: &Mutex<Vec<u8>>) -> Bytes {
    std::mem::take(&mut *lock(written)).into()
}

fn rewriter<S: OutputSink>(tag: String, sink: S) -> HtmlRewriter<'static, S> {
    let added = Arc::new(AtomicBool::new(false));
    let first = |added: &AtomicBool| !added.swap(true, Ordering::Relaxed);
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
    HtmlRewriter::new(settings, sink)
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
