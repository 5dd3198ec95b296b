//! The files of a commit that the promotion workflow reads.

use std::collections::BTreeMap;

use workflow::{CHART, MAIN_GO, PROMOTION_FILE, ReleaseFiles, VALUES, VERSION_GO};

use crate::github::git::Git;

/// The files of one commit, by path.
pub(crate) struct Files(BTreeMap<String, String>);

impl Files {
    /// Reads the four files of a release, the lane, and the manifests of its environments.
    pub(crate) fn read(git: &Git, sha: &str) -> anyhow::Result<Self> {
        let mut files = BTreeMap::new();
        for path in [MAIN_GO, VERSION_GO, VALUES, CHART, PROMOTION_FILE] {
            if let Some(text) = git.text(sha, path)? {
                files.insert(path.to_owned(), text);
            }
        }
        for (path, contents) in git.files_below(sha, "environments")? {
            files.insert(path, String::from_utf8_lossy(&contents).into_owned());
        }
        Ok(Self(files))
    }

    pub(crate) fn get(&self, path: &str) -> Option<String> {
        self.0.get(path).cloned()
    }

    /// Reads the release that the commit declares.
    pub(crate) fn facts(&self) -> anyhow::Result<ReleaseFiles> {
        Ok(ReleaseFiles::read(|path| self.get(path))?)
    }
}
