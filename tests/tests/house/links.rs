//! Every link of a document leads to a file of the checkout.

use std::path::Path;

use pulldown_cmark::{Event, Parser, Tag};
use tests::{documents, root};

/// The links of a Markdown text that are paths, without their fragments.
fn paths(text: &str) -> Vec<String> {
    let targets = Parser::new(text).filter_map(|event| match event {
        Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => Some(dest_url),
        _ => None,
    });
    targets
        .filter(|target| !target.contains("://") && !target.starts_with(['#', '/']))
        .filter(|target| !target.starts_with("mailto:"))
        .filter_map(|target| target.split('#').next().map(str::to_owned))
        .collect()
}

#[test]
fn every_link_of_a_document_leads_to_a_file() {
    let documents = documents().unwrap();
    assert!(documents.len() > 10, "the documents are found");
    let mut broken = Vec::new();
    for document in &documents {
        let folder = root().join(document.path.parent().unwrap_or(Path::new("")));
        for path in paths(&document.text) {
            if !folder.join(&path).exists() {
                broken.push(format!("{}: {path}", document.path.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn only_paths_are_looked_at_and_without_their_fragments() {
    let text = "[a](docs/A.md#one) ![b](b.svg) [c](https://example.com) [d](#here) `[e](e.md)`";
    assert_eq!(paths(text), ["docs/A.md", "b.svg"]);
}
