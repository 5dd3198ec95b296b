//! The retired names of `docs/GLOSSARY.md` stay retired.
//!
//! A table below its heading «Retired names» has them in backticks in its first column. The heading of
//! the table says where they are retired. `Type::Variant` and `Type.field` are what they look like; a
//! word with a slash or an ending is a path; any other is a name of a type, function, module,
//! constant, field, file, folder or crate (below «Crates and folders» only of the last three).
//! Variables and prose are free.

use std::fs;
use std::path::Path;

use syn::visit::{self, Visit};
use syn::{Ident, Item};
use tests::{root, sources};

use crate::syntax::declared;

/// Retired names that something else may bear: `(name, end of the path, reason)`.
const ALLOWED: &[(&str, &str, &str)] =
    &[("process", "process.rs", "processes of the operating system")];

/// A retired name and the starts of the paths below which it is retired; none means everywhere.
struct Retired {
    name: String,
    /// Whether it is retired as the name of a crate, folder or file only.
    path_only: bool,
    below: &'static [&'static str],
}

fn retired(glossary: &str) -> Vec<Retired> {
    let tables = glossary
        .split_once("\n## Retired names")
        .map_or("", |(_, rest)| rest);
    let mut below: &[&str] = &[];
    let mut path_only = false;
    let mut found = Vec::new();
    for line in tables.lines() {
        if line.starts_with("##") {
            path_only = line == "### Crates and folders";
        }
        match line {
            "### Server" => below = &["proxy/"],
            "### Page" => below = &["src/"],
            "### Lab and test bed" => below = &["lab", "testbed/"],
            line if line.starts_with("##") => below = &[],
            _ => {}
        }
        let first = line.strip_prefix('|').and_then(|row| row.split('|').next());
        let names = first
            .into_iter()
            .flat_map(|cell| cell.split('`').skip(1).step_by(2));
        found.extend(names.map(|name| Retired {
            name: name.trim_end_matches('/').to_owned(),
            path_only,
            below,
        }));
    }
    found
}

/// The names that a file declares: `name`, and for what is inside of a type also `Type::Variant` and
/// `Type.field`.
#[derive(Default)]
struct Declared(Vec<String>);

impl Declared {
    fn fields(&mut self, of: &Ident, fields: &syn::Fields) {
        for name in fields.iter().filter_map(|field| field.ident.as_ref()) {
            self.0.extend([name.to_string(), format!("{of}.{name}")]);
        }
    }
}

impl<'ast> Visit<'ast> for Declared {
    fn visit_item(&mut self, item: &'ast Item) {
        let name = declared(item).map(|declared| declared.name);
        self.0.extend(name.map(ToString::to_string));
        match item {
            Item::Enum(item) => {
                for variant in &item.variants {
                    self.0.push(format!("{}::{}", item.ident, variant.ident));
                    self.fields(&variant.ident, &variant.fields);
                }
            }
            Item::Struct(item) => self.fields(&item.ident, &item.fields),
            _ => {}
        }
        visit::visit_item(self, item);
    }

    fn visit_signature(&mut self, signature: &'ast syn::Signature) {
        self.0.push(signature.ident.to_string());
        visit::visit_signature(self, signature);
    }
}

/// The retired names that a file bears, in its path or in its declarations.
fn borne(path: &Path, text: &str, retired: &[Retired]) -> Vec<String> {
    let mut declared = Declared::default();
    declared.visit_file(&syn::parse_file(text).unwrap());
    let path = path.display().to_string();
    let components: Vec<&str> = path.trim_end_matches(".rs").split('/').collect();
    let bears = |one: &Retired| {
        let name = one.name.as_str();
        if name.contains('/') || name.ends_with(".rs") {
            return format!("/{path}/").contains(&format!("/{name}/"));
        }
        let declares = !one.path_only && declared.0.iter().any(|own| own == name);
        declares || components.contains(&name)
    };
    retired
        .iter()
        .filter(|one| one.below.is_empty() || one.below.iter().any(|start| path.starts_with(start)))
        .filter(|one| bears(one))
        .filter(|one| {
            !ALLOWED
                .iter()
                .any(|(name, end, _)| *name == one.name && path.ends_with(end))
        })
        .map(|one| format!("{path}: {}", one.name))
        .collect()
}

#[test]
fn no_retired_name_comes_back() {
    let glossary = fs::read_to_string(root().join("docs/GLOSSARY.md")).unwrap();
    let retired = retired(&glossary);
    assert!(retired.len() > 50, "the glossary's tables are read");
    let found: Vec<String> = sources(&["rs"])
        .unwrap()
        .iter()
        .flat_map(|source| borne(&source.path, &source.text, &retired))
        .collect();
    assert!(found.is_empty(), "{}: {found:#?}", found.len());
}

#[test]
fn retired_names_are_found_where_they_are_retired() {
    let glossary = "| `kept` |\n## Retired names\n### Domain\n| `Lane`, `Observation.order` | `Row` |\n\
                    | `words.rs` | |\n### Server\n| `Taken::Now`, `App` | `AppState` |\n";
    let retired = retired(glossary);
    for (path, text, count) in [
        ("src/a.rs", "struct Lane; struct App; fn kept() {}", 1),
        ("proxy/src/a.rs", "struct App; enum Taken { Now, Later }", 2),
        ("model/src/words.rs", "struct Observation { order: u64 }", 2),
        (
            "model/src/a.rs",
            "struct Other { order: u64 } fn f() { let lane = 1; }",
            0,
        ),
    ] {
        let found = borne(Path::new(path), text, &retired);
        assert_eq!(found.len(), count, "{path}: {found:?}");
    }
}
