//! Reading YAML into JSON values as Kubernetes reads it: `yes` and `n` are strings, not booleans.

use serde_json::Value;

/// The documents of a file; empty ones are left out.
pub fn documents(text: &str) -> Result<Vec<Value>, serde_saphyr::Error> {
    serde_saphyr::from_multiple_with_options(text, serde_saphyr::options! { strict_booleans: true })
}

/// The document of a text that holds only one.
pub fn document(text: &str) -> Result<Value, serde_saphyr::Error> {
    serde_saphyr::from_str_with_options(text, serde_saphyr::options! { strict_booleans: true })
}
