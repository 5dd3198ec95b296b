//! Where a secret comes from: a file or the environment, never the configuration itself.

use std::path::{Path, PathBuf};

use secrecy::SecretString;
use serde::Deserialize;

/// The token of a service account.
#[derive(Clone, Debug)]
pub enum Token {
    /// A token that stays the same while the process runs.
    Given(SecretString),
    /// A file that is read for each use; white space at its end is dropped.
    File(PathBuf),
}

impl From<&str> for Token {
    fn from(token: &str) -> Self {
        Self::Given(token.into())
    }
}

/// `{file: PATH}` or `{env: NAME}`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Source {
    /// The file that holds it; white space at its end is dropped.
    file: Option<PathBuf>,
    /// The variable that holds it.
    env: Option<String>,
}

impl Source {
    /// A token that stays where it is, when that is a file: whoever rotates it writes a new one there.
    pub(super) fn token(&self, folder: &Path) -> Result<Token, String> {
        let present = self.load(folder)?;
        Ok(match &self.file {
            Some(file) => Token::File(folder.join(file)),
            None => Token::Given(present),
        })
    }

    /// Loads it, or says in a sentence why it cannot.
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
