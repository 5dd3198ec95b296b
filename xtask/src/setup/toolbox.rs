//! The tools that a command needs, by PATH and by variables.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::process::command;

/// Tools that were found or installed, as directories of PATH and variables of the environment.
#[derive(Default)]
pub struct Toolbox {
    dirs: Vec<PathBuf>,
    variables: Vec<(String, OsString)>,
}

impl Toolbox {
    /// A command that finds these tools before any others.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Result<Command> {
        let before = env::var_os("PATH").unwrap_or_default();
        let dirs = self.dirs.iter().cloned().chain(env::split_paths(&before));
        let path = env::join_paths(dirs).context("PATH cannot be extended")?;
        let mut found = command(program);
        found.env("PATH", path);
        self.lend(&mut found);
        Ok(found)
    }

    /// Sets this toolbox's variables for a command of another one.
    pub fn lend(&self, command: &mut Command) {
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
    }

    /// Puts a directory before those of PATH.
    pub fn add_dir(&mut self, dir: Option<PathBuf>) {
        self.dirs.extend(dir);
    }

    /// The value that a variable is set to.
    pub fn variable(&self, name: &str) -> Option<&OsStr> {
        let found = self.variables.iter().rfind(|(set, _)| *set == name)?;
        Some(&found.1)
    }

    /// Sets a variable.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<OsString>) {
        self.variables.push((name.into(), value.into()));
    }
}
