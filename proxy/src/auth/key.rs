//! The server's own key: made at the first start, kept in the data folder, readable by it alone.

use std::io::Write;
use std::path::Path;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

const LENGTH: usize = 32;

/// A key for message authentication with HMAC-SHA-256.
#[derive(Clone)]
pub struct SigningKey([u8; LENGTH]);

impl SigningKey {
    /// Reads the key in `file`, or makes one there.
    pub(super) fn open(file: &Path) -> std::io::Result<Self> {
        match std::fs::read(file) {
            Ok(bytes) => bytes.as_slice().try_into().map(Self).map_err(|_| {
                let words = format!("{} does not hold a key of {LENGTH} bytes", file.display());
                std::io::Error::new(std::io::ErrorKind::InvalidData, words)
            }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Self::make(file),
            Err(error) => Err(error),
        }
    }

    fn make(file: &Path) -> std::io::Result<Self> {
        let key = Self(rand::random());
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(file)?;
        file.write_all(&key.0)?;
        file.sync_all()?;
        Ok(key)
    }

    /// The tag of `message`; a tag of one `purpose` is not valid for another.
    pub(super) fn sign(&self, purpose: &str, message: &[u8]) -> Vec<u8> {
        self.mac(purpose, message).finalize().into_bytes().to_vec()
    }

    /// Verifies `tag` in constant time.
    pub(super) fn verify(&self, purpose: &str, message: &[u8], tag: &[u8]) -> bool {
        self.mac(purpose, message).verify_slice(tag).is_ok()
    }

    fn mac(&self, purpose: &str, message: &[u8]) -> Hmac<Sha256> {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        mac.update(purpose.as_bytes());
        mac.update(&[0]);
        mac.update(message);
        mac
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn the_key_is_for_its_owner_only_and_never_shown() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        let key = SigningKey::open(&file).unwrap();
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(format!("{key:?}"), "Key(…)");
    }

    #[test]
    fn a_file_that_is_no_key_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        std::fs::write(&file, "short").unwrap();
        assert!(SigningKey::open(&file).is_err());
    }
}
