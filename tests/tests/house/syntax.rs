//! Small readings of Rust's syntax.

use syn::{Attribute, Expr, Ident, Item, Lit, Meta, Visibility};

/// Whether an item is compiled for tests alone.
pub fn is_test(item: &Item) -> bool {
    attributes(item).iter().any(|attribute| {
        let Meta::List(list) = &attribute.meta else {
            return false;
        };
        let condition = list.tokens.to_string();
        list.path.is_ident("cfg")
            && !condition.contains("not")
            && condition
                .split(|c: char| !c.is_alphanumeric())
                .any(|word| word == "test")
    })
}

/// The file that `#[path = "…"]` names.
pub fn path_attribute(attributes: &[Attribute]) -> Option<String> {
    attributes
        .iter()
        .find(|attribute| attribute.path().is_ident("path"))
        .and_then(value)
}

/// The lines of a doc comment, trimmed.
pub fn doc(attributes: &[Attribute]) -> Vec<String> {
    attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("doc"))
        .filter_map(|attribute| Some(value(attribute)?.trim().to_owned()))
        .collect()
}

fn value(attribute: &Attribute) -> Option<String> {
    let Meta::NameValue(pair) = &attribute.meta else {
        return None;
    };
    match &pair.value {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Str(text) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        item => declared(item).map_or(&[], |declared| declared.attributes),
    }
}

/// The declaration of something that has a name.
pub struct Declared<'a> {
    pub name: &'a Ident,
    pub visibility: &'a Visibility,
    pub attributes: &'a [Attribute],
}

/// What an item declares; `None` for `impl`, `use` and macros.
pub fn declared(item: &Item) -> Option<Declared<'_>> {
    let (name, visibility, attributes) = match item {
        Item::Const(item) => (&item.ident, &item.vis, &item.attrs),
        Item::Enum(item) => (&item.ident, &item.vis, &item.attrs),
        Item::Fn(item) => (&item.sig.ident, &item.vis, &item.attrs),
        Item::Mod(item) => (&item.ident, &item.vis, &item.attrs),
        Item::Static(item) => (&item.ident, &item.vis, &item.attrs),
        Item::Struct(item) => (&item.ident, &item.vis, &item.attrs),
        Item::Trait(item) => (&item.ident, &item.vis, &item.attrs),
        Item::Type(item) => (&item.ident, &item.vis, &item.attrs),
        Item::Union(item) => (&item.ident, &item.vis, &item.attrs),
        _ => return None,
    };
    Some(Declared {
        name,
        visibility,
        attributes,
    })
}
