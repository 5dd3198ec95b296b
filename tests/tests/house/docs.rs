//! Public items say what they are; a doc comment says more than the name beside it.

use syn::visit::{self, Visit};
use syn::{Attribute, Ident, ImplItemFn, Item, ReturnType, Signature, Type, Visibility};
use tests::{Source, sources};

use crate::syntax::{declared, doc, is_test};

/// Collects what a file owes its readers.
#[derive(Default)]
struct Docs {
    file: String,
    undocumented: Vec<String>,
}

impl Docs {
    /// Reads everything but tests and benches.
    fn of_everything() -> Self {
        let mut docs = Self::default();
        let in_src = |source: &Source| source.path.iter().any(|part| part == "src");
        for source in sources(&["rs"]).unwrap().into_iter().filter(in_src) {
            docs.file = source.path.display().to_string();
            docs.visit_file(&syn::parse_file(&source.text).unwrap());
        }
        docs
    }

    fn owed(&mut self, vis: &Visibility, attributes: &[Attribute], name: &Ident) {
        if matches!(vis, Visibility::Public(_)) && doc(attributes).is_empty() {
            self.undocumented.push(format!("{}: {name}", self.file));
        }
    }
}

impl<'ast> Visit<'ast> for Docs {
    fn visit_item(&mut self, item: &'ast Item) {
        if is_test(item) {
            return;
        }
        // A module in a file of its own begins with its doc comment.
        let in_own_file = matches!(item, Item::Mod(module) if module.content.is_none());
        if let Some(declared) = declared(item).filter(|_| !in_own_file) {
            self.owed(declared.visibility, declared.attributes, declared.name);
        }
        visit::visit_item(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast ImplItemFn) {
        if !is_builder_step(&item.sig) {
            self.owed(&item.vis, &item.attrs, &item.sig.ident);
        }
        visit::visit_impl_item_fn(self, item);
    }
}

/// Whether a method takes a value and returns it changed; its name and argument say how.
fn is_builder_step(signature: &Signature) -> bool {
    let ReturnType::Type(_, returned) = &signature.output else {
        return false;
    };
    signature.receiver().is_some()
        && matches!(&**returned, Type::Path(path) if path.path.is_ident("Self"))
}

#[test]
fn public_items_have_a_doc_comment() {
    let silent = Docs::of_everything().undocumented;
    assert!(silent.is_empty(), "{}: {silent:#?}", silent.len());
}

/// How a comment of two words begins that only points at the name beside it.
const POINTERS: [&str; 21] = [
    "A", "An", "By", "Every", "From", "It", "Its", "One", "Since", "The", "Their", "These", "To",
    "Until", "What", "When", "Where", "Whether", "Which", "Who", "Why",
];

/// The doc comments of a file that are one plain word, or two that point at the name beside them.
/// Two words that say a unit, a format or an order (`In bytes.`) say something.
fn stubs(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut comment = String::new();
    for line in text.lines().chain([""]) {
        if let Some(words) = line.trim_start().strip_prefix("///") {
            comment += words;
            continue;
        }
        let comment = std::mem::take(&mut comment);
        let words: Vec<&str> = comment.split_whitespace().collect();
        let stub = match words[..] {
            [word] => !word.contains('`'),
            [first, _] => POINTERS.contains(&first),
            _ => false,
        };
        if stub {
            found.push(comment.trim().to_owned());
        }
    }
    found
}

#[test]
fn a_doc_comment_says_more_than_the_name_beside_it() {
    let mut found = Vec::new();
    for source in sources(&["rs"]).unwrap() {
        let file = source.path.display();
        found.extend(
            stubs(&source.text)
                .into_iter()
                .map(|stub| format!("{file}: {stub}")),
        );
    }
    assert!(found.is_empty(), "{}: {found:#?}", found.len());
}

#[test]
fn a_stub_is_a_whole_comment_of_one_word_or_two_that_point() {
    let text = "/// When.\nat: Time,\n/// The time of the\n/// event.\nat: Time,\n/// In bytes.\nsize: u64,\n/// `#rrggbb`.\nfoo\n    /// Its name.";
    assert_eq!(stubs(text), ["When.", "Its name."]);
}
