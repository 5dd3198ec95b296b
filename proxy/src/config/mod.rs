//! The configuration, read from one YAML file.
//!
//! `file` and `pipeline` have the shape of the file, `check` turns it into the `settings`, and `secret` reads
//! secrets. Nothing here opens a port or uses the network.

mod check;
mod error;
mod file;
mod pipeline;
mod secret;
mod settings;

use std::path::Path;

use serde_saphyr::Location;

pub use error::ConfigError;
pub use settings::{
    ClusterAccess, ClusterConfig, Config, GitHubConfig, NotifyingCluster, Token, WeaveGitOpsConfig,
};

impl Config {
    /// Reads the file. Paths in it are relative to its folder.
    ///
    /// # Errors
    /// One sentence with the file and, where it is known, the line.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            ConfigError::at(path, Location::UNKNOWN, format!("cannot be read: {error}"))
        })?;
        Self::parse(path, &text)
    }

    /// As [`Config::read`], for text that came from `path`.
    ///
    /// # Errors
    /// As [`Config::read`].
    pub fn parse(path: &Path, text: &str) -> Result<Self, ConfigError> {
        let file: file::File =
            serde_saphyr::from_str(text).map_err(|error| ConfigError::of_yaml(path, &error))?;
        check::checked(path, file)
    }
}
