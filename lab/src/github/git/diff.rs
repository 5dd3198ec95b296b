//! What changed between two commits, file by file, with the patch as GitHub shows it.

use std::path::Path;

use super::process;

/// One changed file.
#[derive(Clone, Debug)]
pub(crate) struct FileDiff {
    pub(crate) path: String,
    pub(crate) previous_path: Option<String>,
    pub(crate) status: FileStatus,
    /// The blob after the change; before it for a removed file.
    pub(crate) oid: String,
    pub(crate) additions: u64,
    pub(crate) deletions: u64,
    /// The hunks, from the first `@@`; none for binary files.
    pub(crate) patch: Option<String>,
}

/// The kind of a file's change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileStatus {
    Added,
    Removed,
    Modified,
    Renamed,
}

impl FileStatus {
    /// The word of the REST interface.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Modified => "modified",
            Self::Renamed => "renamed",
        }
    }
}

/// The difference from the tree of `from` to the tree of `to`.
pub(crate) fn diff(dir: &Path, from: &str, to: &str) -> anyhow::Result<Vec<FileDiff>> {
    let text = process::run(
        process::git(dir).args([
            "-c",
            "core.quotepath=off",
            "diff",
            "--no-color",
            "--no-ext-diff",
            "--full-index",
            "-M",
            from,
            to,
            "--",
        ]),
        &[],
    )?;
    Ok(parse(&String::from_utf8_lossy(&text)))
}

fn parse(text: &str) -> Vec<FileDiff> {
    let mut files: Vec<FileDiff> = Vec::new();
    let mut in_hunks = false;
    for line in text.split_inclusive('\n') {
        if let Some(names) = line.strip_prefix("diff --git ") {
            in_hunks = false;
            files.push(FileDiff {
                path: same_name(names.trim_end()),
                previous_path: None,
                status: FileStatus::Modified,
                oid: String::new(),
                additions: 0,
                deletions: 0,
                patch: None,
            });
            continue;
        }
        let Some(file) = files.last_mut() else {
            continue;
        };
        if line.starts_with("@@ ") {
            in_hunks = true;
        }
        if in_hunks {
            match line.as_bytes().first() {
                Some(b'+') => file.additions += 1,
                Some(b'-') => file.deletions += 1,
                _ => {}
            }
            file.patch.get_or_insert_default().push_str(line);
        } else {
            header(file, line.trim_end());
        }
    }
    for file in &mut files {
        if let Some(patch) = &mut file.patch {
            patch.truncate(patch.trim_end_matches('\n').len());
        }
    }
    files
}

fn header(file: &mut FileDiff, line: &str) {
    if line.starts_with("new file mode") {
        file.status = FileStatus::Added;
    } else if line.starts_with("deleted file mode") {
        file.status = FileStatus::Removed;
    } else if let Some(path) = line.strip_prefix("rename from ") {
        file.status = FileStatus::Renamed;
        file.previous_path = Some(path.to_owned());
    } else if let Some(path) = line.strip_prefix("rename to ") {
        file.path = path.to_owned();
    } else if let Some(oids) = line.strip_prefix("index ") {
        let (before, after) = oids
            .split(' ')
            .next()
            .and_then(|range| range.split_once(".."))
            .unwrap_or_default();
        let removed = file.status == FileStatus::Removed;
        file.oid = if removed { before } else { after }.to_owned();
    }
}

/// The name in `a/NAME b/NAME`; renames name theirs in lines of their own.
fn same_name(names: &str) -> String {
    let half = names.len() / 2;
    names
        .get(half + 1..)
        .and_then(|second| second.strip_prefix("b/"))
        .unwrap_or(names)
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_is_read_file_by_file() {
        let files = parse(concat!(
            "diff --git a/environments/uat/a.yaml b/environments/uat/a.yaml\n",
            "index 1111111111111111111111111111111111111111..2222222222222222222222222222222222222222 100644\n",
            "--- a/environments/uat/a.yaml\n",
            "+++ b/environments/uat/a.yaml\n",
            "@@ -1,2 +1,2 @@\n",
            "-version: 1.1.4\n",
            "+version: 1.1.5\n",
            " interval: 1m\n",
            "diff --git a/new.txt b/new.txt\n",
            "new file mode 100644\n",
            "index 0000000000000000000000000000000000000000..3333333333333333333333333333333333333333\n",
            "--- /dev/null\n",
            "+++ b/new.txt\n",
            "@@ -0,0 +1 @@\n",
            "+hello\n",
        ));
        assert_eq!(files.len(), 2);
        assert_eq!(files[0].path, "environments/uat/a.yaml");
        assert_eq!((files[0].additions, files[0].deletions), (1, 1));
        assert!(files[0].oid.starts_with("2222"));
        assert_eq!(
            files[0].patch.as_deref(),
            Some("@@ -1,2 +1,2 @@\n-version: 1.1.4\n+version: 1.1.5\n interval: 1m")
        );
        assert_eq!(files[1].status, FileStatus::Added);
        assert_eq!(files[1].path, "new.txt");
    }
}
