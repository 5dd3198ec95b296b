//! Set-up, demo, test and bench: `cargo xtask help`.

fn main() {}
