//! The modules of one crate: what each defines, imports and names, and in which file that is defined.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Item, UseTree, Visibility};

use crate::syntax::{declared, is_test, path_attribute};

/// For each file the other files of the crate whose items it names, with these names.
pub type Arrows = BTreeMap<PathBuf, BTreeMap<PathBuf, BTreeSet<String>>>;

/// A path, segment by segment.
type Names = Vec<String>;

/// How many re-exports a name is followed through.
const DEPTH: usize = 16;

/// The tree of modules below a crate's root file.
pub struct Modules<R> {
    read: R,
    all: Vec<Module>,
}

#[derive(Default)]
struct Module {
    file: PathBuf,
    parent: Option<usize>,
    children: BTreeMap<String, usize>,
    items: BTreeSet<String>,
    imports: BTreeMap<String, Names>,
    globs: Vec<Names>,
    /// Paths in its code, and those that it imports for itself.
    named: BTreeSet<Names>,
}

#[derive(Clone, Copy)]
enum Found {
    Module(usize),
    /// An item that this module defines.
    Item(usize),
}

impl<R: Fn(&Path) -> Option<String>> Modules<R> {
    /// Reads the crate whose root this file is. `read` returns the text of a file that exists.
    pub fn of(root: &Path, read: R) -> Self {
        let mut modules = Self {
            read,
            all: Vec::new(),
        };
        let text = (modules.read)(root).unwrap_or_else(|| panic!("no {}", root.display()));
        let folder = root.parent().unwrap().to_owned();
        modules.add_file(root, &folder, None, &text);
        modules
    }

    fn add_file(&mut self, file: &Path, folder: &Path, parent: Option<usize>, text: &str) -> usize {
        let syntax =
            syn::parse_file(text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        self.add(file, folder, parent, syntax.items)
    }

    /// Adds a module, inline or a file of its own. `folder` is where files of its children are.
    fn add(
        &mut self,
        file: &Path,
        folder: &Path,
        parent: Option<usize>,
        items: Vec<Item>,
    ) -> usize {
        let own = self.all.len();
        self.all.push(Module {
            file: file.to_owned(),
            parent,
            ..Module::default()
        });
        for item in items {
            if is_test(&item) {
                continue;
            }
            match item {
                Item::Mod(child) => {
                    let name = child.ident.to_string();
                    let index = if let Some((_, items)) = child.content {
                        self.add(file, &folder.join(&name), Some(own), items)
                    } else {
                        let given = path_attribute(&child.attrs)
                            .map(|path| file.parent().unwrap().join(path));
                        let (path, text) = given
                            .into_iter()
                            .chain([
                                folder.join(&name).with_extension("rs"),
                                folder.join(&name).join("mod.rs"),
                            ])
                            .find_map(|path| (self.read)(&path).map(|text| (path, text)))
                            .unwrap_or_else(|| panic!("{}: no module {name}", file.display()));
                        let below = if path.ends_with("mod.rs") {
                            path.parent().unwrap().to_owned()
                        } else {
                            path.with_extension("")
                        };
                        self.add_file(&path, &below, Some(own), &text)
                    };
                    self.all[own].children.insert(name, index);
                }
                item => self.all[own].read(&item),
            }
        }
        own
    }

    /// The arrows between the crate's files.
    pub fn arrows(&self) -> Arrows {
        let mut arrows = Arrows::new();
        for (index, module) in self.all.iter().enumerate() {
            let from = arrows.entry(module.file.clone()).or_default();
            for path in &module.named {
                if let Some(Found::Item(owner)) = self.resolve(index, path, DEPTH) {
                    let file = &self.all[owner].file;
                    if *file != module.file {
                        let names = from.entry(file.clone()).or_default();
                        names.insert(path.join("::"));
                    }
                }
            }
        }
        arrows
    }

    fn resolve(&self, from: usize, path: &[String], depth: usize) -> Option<Found> {
        let (first, rest) = path.split_first()?;
        let start = match first.as_str() {
            "crate" => Found::Module(0),
            "self" => Found::Module(from),
            "super" => Found::Module(self.all[from].parent?),
            name => self.look_up(from, name, rest.is_empty(), depth)?,
        };
        self.walk(start, rest, depth)
    }

    fn walk(&self, start: Found, path: &[String], depth: usize) -> Option<Found> {
        let Found::Module(module) = start else {
            return Some(start);
        };
        let Some((name, rest)) = path.split_first() else {
            return Some(start);
        };
        let next = match name.as_str() {
            "super" => Found::Module(self.all[module].parent?),
            name => self.look_up(module, name, rest.is_empty(), depth)?,
        };
        self.walk(next, rest, depth)
    }

    /// A name as it is seen in a module. One that ends a path is rather an item than a module.
    fn look_up(&self, module: usize, name: &str, last: bool, depth: usize) -> Option<Found> {
        let depth = depth.checked_sub(1)?;
        let of = &self.all[module];
        let child = of.children.get(name).map(|index| Found::Module(*index));
        if child.is_some() && !last {
            return child;
        }
        if of.items.contains(name) {
            return Some(Found::Item(module));
        }
        let imported = of
            .imports
            .get(name)
            .and_then(|path| self.resolve(module, path, depth));
        let by_glob = || {
            of.globs
                .iter()
                .find_map(|path| match self.resolve(module, path, depth)? {
                    Found::Module(other) if other != module => {
                        self.look_up(other, name, last, depth)
                    }
                    _ => None,
                })
        };
        imported.or_else(by_glob).or(child)
    }
}

impl Module {
    fn read(&mut self, item: &Item) {
        let name = match item {
            Item::Macro(item) => item.ident.as_ref(),
            item => declared(item).map(|declared| declared.name),
        };
        self.items.extend(name.map(ToString::to_string));
        Reader(self).visit_item(item);
    }

    fn import(&mut self, tree: &UseTree, mut path: Names, private: bool) {
        let (name, alias) = match tree {
            UseTree::Path(tree) => {
                path.push(tree.ident.to_string());
                return self.import(&tree.tree, path, private);
            }
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.import(tree, path.clone(), private);
                }
                return;
            }
            UseTree::Glob(_) => return self.globs.push(path),
            UseTree::Name(tree) => (tree.ident.to_string(), None),
            UseTree::Rename(tree) => (tree.ident.to_string(), Some(tree.rename.to_string())),
        };
        if name != "self" || path.is_empty() {
            path.push(name);
        }
        if private {
            self.named.insert(path.clone());
        }
        let alias = alias.unwrap_or_else(|| path.last().unwrap().clone());
        self.imports.insert(alias, path);
    }

    /// The paths in what a macro is given.
    fn name_tokens(&mut self, tokens: TokenStream) {
        let mut path = Names::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => {
                    if colons != 2 {
                        self.end_path(&mut path);
                    }
                    path.push(ident.to_string());
                    colons = 0;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' && !path.is_empty() => {
                    colons += 1;
                }
                other => {
                    self.end_path(&mut path);
                    colons = 0;
                    if let TokenTree::Group(group) = other {
                        self.name_tokens(group.stream());
                    }
                }
            }
        }
        self.end_path(&mut path);
    }

    fn end_path(&mut self, path: &mut Names) {
        if !path.is_empty() {
            self.named.insert(std::mem::take(path));
        }
    }
}

/// Notes what the code of an item names.
struct Reader<'a>(&'a mut Module);

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if item.leading_colon.is_none() {
            let private = matches!(item.vis, Visibility::Inherited);
            self.0.import(&item.tree, Names::new(), private);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.leading_colon.is_none() {
            let names = path
                .segments
                .iter()
                .map(|segment| segment.ident.to_string());
            self.0.named.insert(names.collect());
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, of: &'ast syn::Macro) {
        visit::visit_macro(self, of);
        self.0.name_tokens(of.tokens.clone());
    }

    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}

    fn visit_visibility(&mut self, _: &'ast Visibility) {}
}
