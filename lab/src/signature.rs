//! The signature of webhook bodies.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// Returns `sha256=` and the hex of the body's HMAC-SHA256, as `X-Hub-Signature-256` carries it.
pub fn sign(secret: &str, body: &[u8]) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes());
    let mac = mac.expect("HMAC takes keys of any length");
    let code = mac.chain_update(body).finalize().into_bytes();
    format!("sha256={}", hex::encode(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_signed_as_in_githubs_documentation() {
        let signature = sign("It's a Secret to Everybody", b"Hello, World!");
        let digest = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        assert_eq!(signature, format!("sha256={digest}"));
    }
}
