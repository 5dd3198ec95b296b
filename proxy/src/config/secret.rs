//! The source of a secret: a file or the environment, never the configuration itself.

use std::path::{Path, PathBuf};

use secrecy::SecretString;
use serde::Deserialize;

use super::settings::Token;

/// `{file: PATH}` or `{env: NAME}`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Source {
    /// A file; white space at its end is dropped.
    file: Option<PathBuf>,
    /// The name of an environment variable.
    env: Option<String>,
}

impl Source {
    /// Returns the token. One in a file is read again for each use, because rotation replaces the file.
    pub(super) fn token(&self, folder: &Path) -> Result<Token, String> {
        let present = self.load(folder)?;
        Ok(match &self.file {
            Some(file) => Token::File(folder.join(file)),
            None => Token::Given(present),
        })
    }

    /// Reads the secret; an error is a sentence.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is where secrets come from the environment"
    )]
    pub(super) fn load(&self, folder: &Path) -> Result<SecretString, String> {
        let secret = match (&self.file, &self.env) {
            (Some(file), None) => {
                let path = folder.join(file);
                std::fs::read_to_string(&path).map_err(|error| {
                    format!(
                        "the secret's file {} cannot be read: {error}",
                        path.display()
                    )
                })?
            }
            (None, Some(name)) => std::env::var(name)
                .map_err(|_| format!("the environment variable {name} is not set"))?,
            _ => return Err("a secret needs either 'file' or 'env'".into()),
        };
        let secret = secret.trim_end();
        if secret.is_empty() {
            return Err("the secret is empty".into());
        }
        Ok(SecretString::from(secret))
    }
}
