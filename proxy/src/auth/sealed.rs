//! Values that the browser keeps and returns unchanged: `base64(json).base64(tag)`.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::key::SigningKey;

/// Writes `value` as text with its tag: authentic, not secret.
pub(super) fn seal<T: Serialize>(key: &SigningKey, purpose: &str, value: &T) -> String {
    let body = serde_json::to_vec(value).expect("plain structs always have a JSON form");
    let tag = key.sign(purpose, &body);
    format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(body),
        URL_SAFE_NO_PAD.encode(tag)
    )
}

/// Reads a text of [`seal`] for the same purpose; `None` for everything else.
pub(super) fn open<T: DeserializeOwned>(key: &SigningKey, purpose: &str, text: &str) -> Option<T> {
    let (body, tag) = text.split_once('.')?;
    let body = URL_SAFE_NO_PAD.decode(body).ok()?;
    let tag = URL_SAFE_NO_PAD.decode(tag).ok()?;
    key.verify(purpose, &body, &tag)
        .then(|| serde_json::from_slice(&body).ok())
        .flatten()
}
