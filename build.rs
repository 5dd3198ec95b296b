//! Writes the scoped style sheets.

fn main() {}
