//! The difference between a rendered tree and what is on disk, and what is done about each file.

use std::collections::BTreeMap;

use crate::file_tree::{File, FileTree, RelativePath};

/// What stands at a path on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OnDisk {
    /// Nothing.
    Absent,
    /// A plain file.
    File(File),
    /// Something a file cannot be written to, as a fragment: a directory, a link that leads outside, a device.
    Blocked(String),
}

/// What a rendered file means for the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Nothing is there; it is made.
    Create,
    /// The same bytes are there.
    Same,
    /// Other bytes are there.
    Conflict {
        /// What is there.
        existing: File,
    },
    /// Something is there that no file can take the place of.
    Blocked {
        /// What it is, as a fragment.
        reason: String,
    },
}

/// What is done about a file that is there with other bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    /// The file stays as it is.
    Keep,
    /// The new bytes take its place.
    Replace,
    /// The new bytes are written beside it.
    Beside,
    /// The lines it lacks are added to it.
    Merge,
}

impl Resolution {
    /// The word for it, as an answer.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Replace => "replace",
            Self::Beside => "beside",
            Self::Merge => "merge",
        }
    }

    /// What is done when nobody can be asked. It never loses a byte.
    pub fn default_for(path: &RelativePath) -> Self {
        if is_mergeable(path) { Self::Merge } else { Self::Keep }
    }

    /// What can be done about a file, best first.
    pub fn choices(path: &RelativePath) -> Vec<Self> {
        let merge = is_mergeable(path).then_some(Self::Merge);
        merge.into_iter().chain([Self::Keep, Self::Beside, Self::Replace]).collect()
    }
}

/// Whether a file is a list of lines, so that two of them can be merged.
fn is_mergeable(path: &RelativePath) -> bool {
    matches!(path.file_name(), ".gitignore" | ".dockerignore" | ".gitattributes")
}

/// Names for a file that is written beside another one, in the order in which they are tried.
pub fn beside(path: &RelativePath) -> impl Iterator<Item = RelativePath> + '_ {
    let numbers = std::iter::once(String::new()).chain((2..100).map(|number| format!(".{number}")));
    numbers.filter_map(move |number| RelativePath::parse(&format!("{path}.new{number}")).ok())
}

/// Compares a tree with what is on disk.
pub fn compare<'a>(tree: &'a FileTree, on_disk: &BTreeMap<RelativePath, OnDisk>) -> Vec<(&'a RelativePath, &'a File, Change)> {
    let change = |path: &RelativePath, file: &File| match on_disk.get(path).unwrap_or(&OnDisk::Absent) {
        OnDisk::Absent => Change::Create,
        OnDisk::File(existing) if existing.contents == file.contents => Change::Same,
        OnDisk::File(existing) => {
            let merged = is_mergeable(path).then(|| merge_lines(&existing.contents, &file.contents));
            if merged.is_some_and(|merged| merged == existing.contents) {
                Change::Same
            } else {
                Change::Conflict { existing: existing.clone() }
            }
        }
        OnDisk::Blocked(reason) => Change::Blocked { reason: reason.clone() },
    };
    tree.iter().map(|(path, file)| (path, file, change(path, file))).collect()
}

/// Adds to a list of lines those of another list that it lacks, in their order. Nothing that is there changes.
pub fn merge_lines(existing: &[u8], wanted: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(existing);
    let known: Vec<&str> = text.lines().map(str::trim_end).collect();
    let rules = String::from_utf8_lossy(wanted);
    let is_rule = |line: &&str| !line.trim().is_empty() && !line.starts_with('#');
    let lacking: Vec<&str> = rules.lines().map(str::trim_end).filter(is_rule).filter(|line| !known.contains(line)).collect();
    if lacking.is_empty() {
        return existing.to_vec();
    }
    let end_of_line = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let mut result = existing.to_vec();
    if !result.is_empty() && !result.ends_with(b"\n") {
        result.extend_from_slice(end_of_line.as_bytes());
    }
    for line in lacking {
        result.extend_from_slice(line.as_bytes());
        result.extend_from_slice(end_of_line.as_bytes());
    }
    result
}

/// A unified diff between two texts; bytes that are no text are only said to differ.
pub fn unified_diff(path: &str, old: Option<&[u8]>, new: &[u8]) -> String {
    let (Ok(before), Ok(after)) = (str::from_utf8(old.unwrap_or_default()), str::from_utf8(new)) else {
        return format!("Binary files a/{path} and b/{path} differ\n");
    };
    let diff = diffy::create_patch(before, after).to_string();
    let body = diff.split_once("+++ modified\n").map_or("", |(_, body)| body);
    let from = if old.is_some() { format!("a/{path}") } else { "/dev/null".to_owned() };
    format!("--- {from}\n+++ b/{path}\n{body}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn path(text: &str) -> RelativePath {
        RelativePath::parse(text).unwrap()
    }

    #[test]
    fn tells_new_same_and_conflicting_files_apart() {
        let tree: FileTree = ["new", "same", "other", "dir"].iter().map(|name| (path(name), File::text("ours"))).collect();
        let on_disk = [
            (path("same"), OnDisk::File(File::text("ours"))),
            (path("other"), OnDisk::File(File::text("theirs"))),
            (path("dir"), OnDisk::Blocked("a directory".into())),
        ];
        let changes: Vec<_> = compare(&tree, &on_disk.into_iter().collect())
            .into_iter()
            .map(|(path, _, change)| (path.to_string(), change))
            .collect();
        assert_eq!(changes[0], ("dir".into(), Change::Blocked { reason: "a directory".into() }));
        assert_eq!(changes[1], ("new".into(), Change::Create));
        assert_eq!(changes[2], ("other".into(), Change::Conflict { existing: File::text("theirs") }));
        assert_eq!(changes[3], ("same".into(), Change::Same));
    }

    #[test]
    fn merges_lines_without_touching_what_is_there() {
        assert_eq!(merge_lines(b"a\r\nb", b"# c\nb\n\nc\n"), b"a\r\nb\r\nc\r\n");
        assert_eq!(merge_lines(b"", b"a\n"), b"a\n");
    }

    #[test]
    fn shows_a_unified_diff() {
        assert_eq!(unified_diff("f", Some(b"a\nb\n"), b"a\nc\n"), "--- a/f\n+++ b/f\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n");
        assert_eq!(unified_diff("f", None, b"a\n"), "--- /dev/null\n+++ b/f\n@@ -0,0 +1 @@\n+a\n");
        assert_eq!(unified_diff("f", Some(b"\xff"), b"a"), "Binary files a/f and b/f differ\n");
    }

    proptest! {
        #[test]
        fn merging_is_idempotent_and_keeps_every_byte(existing in "[a-c#!.\r\n]{0,20}", wanted in "[a-e#!.\n]{0,20}") {
            let once = merge_lines(existing.as_bytes(), wanted.as_bytes());
            prop_assert!(once.starts_with(existing.as_bytes()));
            prop_assert_eq!(merge_lines(&once, wanted.as_bytes()), once);
        }
    }
}
