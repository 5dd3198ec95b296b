//! Position-preserving edits of YAML: one value is found by its path and replaced; comments, anchors, quotes,
//! order and line ends stay.

use std::fmt;
use std::ops::Range;

use serde::Deserialize;
use serde::de::{self, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;

/// Why a value could not be read or replaced; displayed as a sentence without the file's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct YamlError(String);

/// A scalar of a file with its position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scalar {
    /// Without quotes.
    pub text: String,
    /// Counted from 1.
    pub line: u32,
    at: Range<usize>,
}

/// The documents of a file.
pub struct Documents<'a> {
    source: &'a str,
    roots: Vec<Spanned<Node>>,
}

/// One document of a file.
#[derive(Clone, Copy)]
pub struct Document<'a> {
    source: &'a str,
    root: &'a Spanned<Node>,
}

enum Node {
    Scalar,
    Sequence,
    Map(Vec<(String, Spanned<Node>)>),
}

impl<'a> Documents<'a> {
    /// Parses a file of at most 1 MiB.
    ///
    /// # Errors
    /// When it is longer, or not YAML.
    pub fn read(source: &'a str) -> Result<Self, YamlError> {
        if source.len() > 1024 * 1024 {
            return Err(YamlError("is longer than 1 MiB".to_owned()));
        }
        let roots = serde_saphyr::from_multiple(source)
            .map_err(|error| YamlError(format!("is not YAML: {}", first_line(&error))))?;
        Ok(Self { source, roots })
    }

    /// The documents in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = Document<'_>> {
        let source = self.source;
        self.roots.iter().map(move |root| Document { source, root })
    }
}

impl Document<'_> {
    /// Returns the scalar at a path of keys; `None` where a key is missing or the value is no scalar.
    ///
    /// # Errors
    /// When the value is an alias, whose text other values share.
    pub fn scalar(&self, path: &[&str]) -> Result<Option<Scalar>, YamlError> {
        let mut node = self.root;
        for key in path {
            let Node::Map(entries) = &node.value else {
                return Ok(None);
            };
            let Some((_, value)) = entries.iter().find(|(name, _)| name == key) else {
                return Ok(None);
            };
            node = value;
        }
        if !matches!(node.value, Node::Scalar) {
            return Ok(None);
        }
        if node.referenced != node.defined {
            return Err(YamlError(format!(
                "line {}: {} is an alias of a value elsewhere; write the value itself there",
                node.referenced.line(),
                path.join(".")
            )));
        }
        let at = self.bytes(node)?;
        Ok(Some(Scalar {
            text: unquoted(&self.source[at.clone()]),
            line: u32::try_from(node.defined.line()).unwrap_or(u32::MAX),
            at,
        }))
    }

    /// Whether the scalar at a path equals `text`.
    #[must_use]
    pub fn says(&self, path: &[&str], text: &str) -> bool {
        matches!(self.scalar(path), Ok(Some(scalar)) if scalar.text == text)
    }

    fn bytes(&self, node: &Spanned<Node>) -> Result<Range<usize>, YamlError> {
        let span = node.defined.span();
        let start = span
            .byte_offset()
            .and_then(|start| usize::try_from(start).ok());
        let length = span
            .byte_len()
            .and_then(|length| usize::try_from(length).ok());
        start
            .zip(length)
            .map(|(start, length)| start..start + length)
            .filter(|at| self.source.get(at.clone()).is_some())
            .ok_or_else(|| YamlError("has a value whose place cannot be told".to_owned()))
    }
}

impl Scalar {
    /// Returns the file with this value replaced; the quotes stay.
    ///
    /// # Errors
    /// When any other value would change as well.
    pub fn replaced(&self, source: &str, text: &str) -> Result<String, YamlError> {
        let old = &source[self.at.clone()];
        let quote = old
            .chars()
            .next()
            .filter(|first| matches!(first, '"' | '\''))
            .map(String::from)
            .unwrap_or_default();
        let changed = format!(
            "{}{quote}{text}{quote}{}",
            &source[..self.at.start],
            &source[self.at.end..]
        );
        let before = flat(source)?;
        let after = flat(&changed)?;
        let moved = before.iter().zip(&after).filter(|(old, new)| old != new);
        if before.len() == after.len() && moved.count() <= 1 {
            Ok(changed)
        } else {
            Err(YamlError(format!(
                "line {}: the value cannot be replaced by itself; other values share it",
                self.line
            )))
        }
    }
}

/// Returns every scalar of a file in order, aliases resolved.
fn flat(source: &str) -> Result<Vec<String>, YamlError> {
    fn walk(value: &serde_json::Value, into: &mut Vec<String>) {
        match value {
            serde_json::Value::Array(items) => items.iter().for_each(|item| walk(item, into)),
            serde_json::Value::Object(entries) => {
                for (key, value) in entries {
                    into.push(key.clone());
                    walk(value, into);
                }
            }
            scalar => into.push(scalar.to_string()),
        }
    }
    let documents: Vec<serde_json::Value> = serde_saphyr::from_multiple(source)
        .map_err(|error| YamlError(format!("is not YAML: {}", first_line(&error))))?;
    let mut all = Vec::new();
    for document in &documents {
        walk(document, &mut all);
    }
    Ok(all)
}

/// Strips the quotes. Escapes are not resolved: they do not occur in versions, names and colours, and a text
/// with one compares unequal to any expected value.
fn unquoted(text: &str) -> String {
    let inner = ['"', '\''].iter().find_map(|quote| {
        text.strip_prefix(*quote)
            .and_then(|text| text.strip_suffix(*quote))
    });
    inner.unwrap_or(text).to_owned()
}

fn first_line(error: &serde_saphyr::Error) -> String {
    let message = error.to_string();
    message.lines().next().unwrap_or_default().to_owned()
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("YAML")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Node::Map(entries))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Node, A::Error> {
        while seq.next_element::<Node>()?.is_some() {}
        Ok(Node::Sequence)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Node, E> {
        Ok(Node::Scalar)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Node, E> {
        Ok(Node::Scalar)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Node, E> {
        Ok(Node::Scalar)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Node, E> {
        Ok(Node::Scalar)
    }

    fn visit_str<E>(self, _: &str) -> Result<Node, E> {
        Ok(Node::Scalar)
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Scalar)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(source: &str, path: &[&str]) -> Result<Scalar, YamlError> {
        let documents = Documents::read(source)?;
        let found = documents.iter().find_map(|document| {
            let found = document.scalar(path).transpose();
            found.filter(|found| !matches!(found, Ok(found) if found.text.is_empty()))
        });
        found.unwrap_or_else(|| Err(YamlError("nothing there".to_owned())))
    }

    fn pinned(source: &str) -> Result<String, YamlError> {
        one(source, &["spec", "chart", "version"])?.replaced(source, "1.1.8")
    }

    #[test]
    fn only_the_value_changes_whatever_surrounds_it() {
        for source in [
            "# über\nspec:\n  chart: # c\n    version: 1.1.7   # why\n    other: 1.1.7\n",
            "spec:\r\n  chart:\r\n    version: '1.1.7'\r\n",
            "kind: A\n---\n# two\nspec: {chart: {name: x, version: \"1.1.7\"}}\n",
            "base: &b {x: 1}\nspec:\n  chart:\n    <<: *b\n    version: &v 1.1.7 # kept\n",
            "spec:\n  chart:\n    version: !!str 1.1.7",
        ] {
            let changed = pinned(source).unwrap();
            let expected = source.replacen("1.1.7", "1.1.8", 1);
            assert_eq!(changed, expected);
        }
    }

    #[test]
    fn a_value_that_others_share_is_refused() {
        let shared = pinned("v: &v 1.1.7\nspec:\n  chart:\n    version: *v\n").unwrap_err();
        assert!(shared.to_string().contains("alias"), "{shared}");
        let shared = pinned("spec:\n  chart:\n    version: &v 1.1.7\nw: *v\n").unwrap_err();
        assert!(shared.to_string().contains("share"), "{shared}");
    }

    #[test]
    fn what_is_not_yaml_is_said_in_a_line() {
        let error = Documents::read("a: [1\nb: }").err().unwrap().to_string();
        assert!(
            error.starts_with("is not YAML: ") && !error.contains('\n'),
            "{error}"
        );
    }

    #[test]
    fn a_number_keeps_its_spelling() {
        let source = "spec:\n  chart:\n    version: 1.10\n";
        let found = one(source, &["spec", "chart", "version"]).unwrap();
        assert_eq!((found.text.as_str(), found.line), ("1.10", 3));
    }
}
