//! The Go toolchain: the one on PATH when it is new enough, else one that Go's module proxy serves as
//! a module to every older Go.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::download::download;
use crate::process::{command, on_path, output, say};
use crate::setup::packages;

/// The oldest Go that builds what is built here: Kubernetes 1.36 asks for it.
const OLDEST: (u32, u32) = (1, 26);

/// The Go that is downloaded when the installed one is older.
const WANTED: &str = "1.26.8";

/// A Go toolchain of at least [`OLDEST`].
pub struct Go {
    program: PathBuf,
}

impl Go {
    /// Finds or installs one.
    pub fn ensure() -> Result<Self> {
        let by_hand = format!("install Go {WANTED} or newer by hand (go.dev/dl)");
        if on_path("go").is_none() {
            packages::install(&["golang-go"], "Go", "one to two minutes")?;
        }
        let program = on_path("go").with_context(|| format!("Go is missing; {by_hand}"))?;
        let mut go = Self { program };
        let mut version = output(go.outside().arg("version")).context(by_hand.clone())?;
        let too_old = |version: &str| format!("{version} is too old; {by_hand}");
        if !is_new_enough(&version) {
            go = go.fetch_newer().with_context(|| too_old(&version))?;
            version = output(go.outside().arg("version")).context(by_hand.clone())?;
        }
        if !is_new_enough(&version) {
            bail!(too_old(&version));
        }
        Ok(go)
    }

    /// The path of `go`.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// `go` in this directory, without the settings of the environment, so that builds are the same
    /// everywhere. The caches stay where Go has them.
    pub fn command(&self, folder: &Path) -> Command {
        let mut go = command(&self.program);
        go.current_dir(folder)
            .env("CGO_ENABLED", "0")
            .env("GO111MODULE", "on")
            .env("GOFLAGS", "-mod=mod")
            .env("GOTOOLCHAIN", "local")
            .env("GOWORK", "off");
        go
    }

    /// `go` outside of any module.
    pub fn outside(&self) -> Command {
        self.command(&env::temp_dir())
    }

    /// The wanted Go, as a module. Files of modules are not executable; newer Gos mend that themselves,
    /// for older ones it is done here.
    fn fetch_newer(&self) -> Result<Self> {
        let platform = output(self.outside().args(["env", "GOOS", "GOARCH"]))?;
        let platform = platform.replace('\n', "-");
        let module = format!("golang.org/toolchain@v0.0.1-go{WANTED}.{platform}");
        let cache = output(self.outside().args(["env", "GOMODCACHE"]))?;
        let kept = Path::new(&cache).join(&module);
        if !kept.is_dir() {
            say(&format!(
                "fetching Go {WANTED} from the module proxy (under a minute, once; kept in {})",
                kept.display()
            ));
        }
        let fetched = download(self.outside(), &[module])?;
        let root = &fetched.first().context("Go fetched nothing")?.dir;
        make_executable(&root.join("bin"))?;
        for platform in fs::read_dir(root.join("pkg/tool"))? {
            make_executable(&platform?.path())?;
        }
        Ok(Self {
            program: root.join("bin/go"),
        })
    }
}

fn make_executable(folder: &Path) -> Result<()> {
    for file in fs::read_dir(folder)? {
        let path = file?.path();
        let mut permissions = path.metadata()?.permissions();
        if path.is_file() && permissions.mode() & 0o111 != 0o111 {
            permissions.set_mode(permissions.mode() | 0o111);
            fs::set_permissions(&path, permissions)
                .with_context(|| format!("{} cannot be made executable", path.display()))?;
        }
    }
    Ok(())
}

/// Whether the answer of `go version` is at least [`OLDEST`].
fn is_new_enough(answer: &str) -> bool {
    minor(answer).is_some_and(|version| version >= OLDEST)
}

/// `go version go1.26.8 linux/amd64` → (1, 26).
fn minor(answer: &str) -> Option<(u32, u32)> {
    let version = answer.split_whitespace().nth(2)?.strip_prefix("go")?;
    let mut parts = version.split(['.', '-']);
    let major = parts.next()?.parse().ok()?;
    let minor = parts.next()?;
    let digits = minor
        .find(|letter: char| !letter.is_ascii_digit())
        .map_or(minor, |end| &minor[..end]);
    Some((major, digits.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_go_says_how_new_it_is() {
        assert_eq!(minor("go version go1.26.8 linux/amd64"), Some((1, 26)));
        assert_eq!(minor("go version go1.27rc1 linux/amd64"), Some((1, 27)));
        assert_eq!(minor("go version go1.19 linux/amd64\n"), Some((1, 19)));
        assert!(!is_new_enough("go version go1.19 linux/amd64\n"));
        assert_eq!(minor("go version devel +abc"), None);
    }
}
