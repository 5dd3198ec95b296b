//! A bare git repository on disk: its refs, objects, differences and merges, without pull requests,
//! accounts or HTTP. Everything here blocks: call it on a blocking thread.

pub(crate) mod diff;
pub(crate) mod objects;
pub(crate) mod process;
pub(crate) mod write;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use parking_lot::{Mutex, RwLock};

pub(crate) use self::diff::FileDiff;
pub(crate) use self::objects::{Commit, Signature, TreeEntry};
pub(crate) use self::write::{Content, Edit, NewCommit};

/// The oid of a ref that does not exist.
pub(crate) const ZERO: &str = "0000000000000000000000000000000000000000";

const PRE_RECEIVE: &str = r#"#!/bin/sh
# Refuses pushes to protected branches, unless the forge says that the pusher may.
[ "$FORGE_BYPASS" = 1 ] && exit 0
while read -r _ _ reference; do
  for branch in $FORGE_PROTECTED; do
    if [ "$reference" = "refs/heads/$branch" ]; then
      echo "error: GH006: Protected branch update failed for $reference." >&2
      echo "error: Changes must be made through a pull request." >&2
      exit 1
    fi
  done
done
"#;

/// The relation of two commits.
#[derive(Clone, Debug)]
pub(crate) struct Comparison {
    pub(crate) merge_base: String,
    /// The commits of `head` that `base` lacks, oldest first.
    pub(crate) ahead: Vec<String>,
    /// The number of commits of `base` that `head` lacks.
    pub(crate) behind: usize,
}

/// A ref that moved; [`ZERO`] stands for a ref that does not exist.
#[derive(Clone, Debug)]
pub struct RefUpdate {
    /// The full name.
    pub reference: String,
    /// The oid before.
    pub before: String,
    /// The oid after.
    pub after: String,
}

/// Results that depend on oids only and therefore never change, by the oids they were asked for.
struct Memo<T>(Mutex<HashMap<(String, String), T>>);

impl<T> Default for Memo<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone> Memo<T> {
    /// Returns what is remembered of two oids, or works it out.
    fn get(
        &self,
        one: &str,
        other: &str,
        work: impl FnOnce() -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let key = (one.to_owned(), other.to_owned());
        if let Some(known) = self.0.lock().get(&key) {
            return Ok(known.clone());
        }
        let result = work()?;
        let mut known = self.0.lock();
        // A lab that runs for days stays small.
        if known.len() > 2_000 {
            known.clear();
        }
        known.insert(key, result.clone());
        Ok(result)
    }
}

/// One bare repository.
pub(crate) struct Git {
    dir: PathBuf,
    objects: objects::Objects,
    refs: RwLock<BTreeMap<String, String>>,
    diffs: Memo<Arc<Vec<FileDiff>>>,
    comparisons: Memo<Option<Arc<Comparison>>>,
    merges: Memo<Option<String>>,
    histories: Memo<Arc<Vec<String>>>,
}

impl Git {
    /// Creates an empty bare repository at `dir`, whose HEAD is `branch`.
    pub(crate) fn create(dir: &Path, branch: &str) -> anyhow::Result<Self> {
        // Pull requests and statuses are in memory only, so an older repository is of no use.
        anyhow::ensure!(
            !dir.exists(),
            "{} exists already; a lab starts afresh, in a directory of its own",
            dir.display()
        );
        std::fs::create_dir_all(dir.join("hooks"))?;
        std::fs::create_dir_all(dir.join("objects/info"))?;
        std::fs::create_dir_all(dir.join("objects/pack"))?;
        std::fs::create_dir_all(dir.join("refs/heads"))?;
        std::fs::write(dir.join("HEAD"), format!("ref: refs/heads/{branch}\n"))?;
        // `unpackLimit` and `gc`: one process must not start another behind its back.
        std::fs::write(
            dir.join("config"),
            "[core]\n\trepositoryformatversion = 0\n\tbare = true\n[gc]\n\tauto = 0\n\
             [receive]\n\tautogc = false\n[maintenance]\n\tauto = false\n[http]\n\treceivepack = true\n\
             [uploadpack]\n\tallowFilter = true\n\tallowReachableSHA1InWant = true\n",
        )?;
        let hook = dir.join("hooks/pre-receive");
        std::fs::write(&hook, PRE_RECEIVE)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755))?;
        }
        Ok(Self {
            dir: dir.to_owned(),
            objects: objects::Objects::new(dir),
            refs: RwLock::new(BTreeMap::new()),
            diffs: Memo::default(),
            comparisons: Memo::default(),
            merges: Memo::default(),
            histories: Memo::default(),
        })
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Reads the refs again and returns those that moved since the last time.
    pub(crate) fn refresh(&self) -> anyhow::Result<Vec<RefUpdate>> {
        let listing = process::text(
            process::git(&self.dir).args(["for-each-ref", "--format=%(objectname) %(refname)"]),
        )?;
        let now: BTreeMap<String, String> = listing
            .lines()
            .filter_map(|line| line.split_once(' '))
            .map(|(oid, name)| (name.to_owned(), oid.to_owned()))
            .collect();
        let before = std::mem::replace(&mut *self.refs.write(), now.clone());
        let mut updates = Vec::new();
        for (name, oid) in &now {
            let old = before.get(name).map_or(ZERO, String::as_str);
            if old != oid {
                updates.push(RefUpdate {
                    reference: name.clone(),
                    before: old.to_owned(),
                    after: oid.clone(),
                });
            }
        }
        for (name, oid) in before.iter().filter(|(name, _)| !now.contains_key(*name)) {
            updates.push(RefUpdate {
                reference: name.clone(),
                before: oid.clone(),
                after: ZERO.to_owned(),
            });
        }
        Ok(updates)
    }

    /// The oid that the full ref name points to.
    pub(crate) fn reference(&self, name: &str) -> Option<String> {
        self.refs.read().get(name).cloned()
    }

    /// The tip of a branch, by its short name.
    pub(crate) fn branch(&self, name: &str) -> Option<String> {
        self.reference(&format!("refs/heads/{name}"))
    }

    /// The commit that a branch, tag, full ref name, oid or abbreviated oid stands for.
    pub(crate) fn resolve(&self, name: &str) -> anyhow::Result<Option<Arc<Commit>>> {
        let known = ["", "refs/heads/", "refs/tags/", "refs/"]
            .iter()
            .find_map(|prefix| self.reference(&format!("{prefix}{name}")));
        match known {
            Some(oid) => self.commit(&oid),
            None if name == "HEAD" => match self.branch("main") {
                Some(oid) => self.commit(&oid),
                None => Ok(None),
            },
            None if name.len() >= 7 && name.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
                self.commit(name)
            }
            None => Ok(None),
        }
    }

    /// Returns the commit of an oid, which may be abbreviated.
    pub(crate) fn commit(&self, oid: &str) -> anyhow::Result<Option<Arc<Commit>>> {
        Ok(self.objects.commit(oid)?.map(Arc::new))
    }

    /// The commit of an oid that must exist.
    pub(crate) fn known_commit(&self, oid: &str) -> anyhow::Result<Arc<Commit>> {
        self.commit(oid)?
            .with_context(|| format!("there is no commit {oid}"))
    }

    /// Any object by oid or `oid:path`.
    pub(crate) fn object(&self, name: &str) -> anyhow::Result<Option<objects::Object>> {
        self.objects.read(name)
    }

    /// The text of a file in a commit.
    pub(crate) fn text(&self, oid: &str, path: &str) -> anyhow::Result<Option<String>> {
        let object = self.objects.read(&format!("{oid}:{path}"))?;
        Ok(object
            .filter(|object| object.kind == "blob")
            .map(|object| String::from_utf8_lossy(&object.data).into_owned()))
    }

    /// The entries of a directory in a commit; the root's path is empty.
    pub(crate) fn tree(&self, oid: &str, path: &str) -> anyhow::Result<Option<Vec<TreeEntry>>> {
        match self.objects.read(&format!("{oid}:{path}"))? {
            Some(object) if object.kind == "tree" => Ok(Some(objects::parse_tree(&object.data)?)),
            _ => Ok(None),
        }
    }

    /// Every file below `path` in a commit, with its contents, sorted by path.
    pub(crate) fn files_below(
        &self,
        oid: &str,
        path: &str,
    ) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
        let mut files = Vec::new();
        for entry in self.tree(oid, path)?.unwrap_or_default() {
            let inner = format!("{path}/{}", entry.name);
            if entry.is_tree() {
                files.extend(self.files_below(oid, &inner)?);
            } else if let Some(object) = self.objects.read(&entry.oid)? {
                files.push((inner, object.data));
            }
        }
        Ok(files)
    }

    /// Returns the changed files from one commit to another.
    pub(crate) fn diff(&self, from: &str, to: &str) -> anyhow::Result<Arc<Vec<FileDiff>>> {
        let diff = || Ok(Arc::new(diff::diff(&self.dir, from, to)?));
        self.diffs.get(from, to, diff)
    }

    /// Compares `head` with `base`; `None` when they share no history.
    pub(crate) fn compare(
        &self,
        base: &str,
        head: &str,
    ) -> anyhow::Result<Option<Arc<Comparison>>> {
        self.comparisons.get(base, head, || {
            let mut command = process::git(&self.dir);
            let output = process::output(command.args(["merge-base", base, head]), &[])?;
            if !output.status.success() {
                return Ok(None);
            }
            let listing = process::text(process::git(&self.dir).args([
                "rev-list",
                "--reverse",
                "--topo-order",
                "--left-right",
                &format!("{base}...{head}"),
            ]))?;
            let ahead = listing.lines().filter_map(|line| line.strip_prefix('>'));
            Ok(Some(Arc::new(Comparison {
                merge_base: String::from_utf8(output.stdout)?.trim().to_owned(),
                ahead: ahead.map(str::to_owned).collect(),
                behind: listing.lines().filter(|line| line.starts_with('<')).count(),
            })))
        })
    }

    /// Returns the tree of `base` and `head` merged, `None` when they conflict.
    pub(crate) fn merged_tree(&self, base: &str, head: &str) -> anyhow::Result<Option<String>> {
        self.merges.get(base, head, || {
            let mut command = process::git(&self.dir);
            command.args(["merge-tree", "--write-tree", base, head]);
            let output = process::output(&mut command, &[])?;
            match output.status.code() {
                Some(0) => Ok(Some(String::from_utf8(output.stdout)?.trim().to_owned())),
                Some(1) => Ok(None),
                _ => anyhow::bail!(
                    "git merge-tree: {}",
                    String::from_utf8_lossy(&output.stderr).trim()
                ),
            }
        })
    }

    /// Returns the commits that `oid` contains, newest first.
    pub(crate) fn history(&self, oid: &str) -> anyhow::Result<Arc<Vec<String>>> {
        self.histories.get(oid, "", || {
            let listing = process::text(process::git(&self.dir).args(["rev-list", oid]))?;
            Ok(Arc::new(listing.lines().map(str::to_owned).collect()))
        })
    }

    /// Writes a commit, moves its ref and returns the move.
    pub(crate) fn write(&self, new: &NewCommit<'_>) -> anyhow::Result<RefUpdate> {
        let before = self.reference(new.reference);
        let after = write::commit(&self.dir, new)?;
        self.refs
            .write()
            .insert(new.reference.to_owned(), after.clone());
        Ok(RefUpdate {
            reference: new.reference.to_owned(),
            before: before.unwrap_or_else(|| ZERO.to_owned()),
            after,
        })
    }

    /// Points a ref at an oid (`Some`) or deletes it (`None`), from where it was.
    pub(crate) fn set_reference(&self, name: &str, oid: Option<&str>) -> anyhow::Result<RefUpdate> {
        let before = self.reference(name).unwrap_or_else(|| ZERO.to_owned());
        let mut command = process::git(&self.dir);
        command.arg("update-ref");
        match oid {
            Some(oid) => command.args([name, oid, &before]),
            None => command.args(["-d", name, &before]),
        };
        process::run(&mut command, &[])?;
        let mut refs = self.refs.write();
        match oid {
            Some(oid) => refs.insert(name.to_owned(), oid.to_owned()),
            None => refs.remove(name),
        };
        Ok(RefUpdate {
            reference: name.to_owned(),
            before,
            after: oid.unwrap_or(ZERO).to_owned(),
        })
    }
}
