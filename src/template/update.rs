//! Brings a project to another rendering of its template by a three-way merge: what somebody has changed since stays, and what
//! both have changed in one place is left to a person.

use std::collections::BTreeMap;

use super::syntax;
use crate::changeset::{OnDisk, unified_diff};
use crate::file_tree::{File, FileTree, RelativePath};

/// What becomes of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Merge {
    /// It is new.
    Create(File),
    /// It becomes another.
    Replace {
        /// What it is now.
        existing: File,
        /// What it becomes.
        file: File,
    },
    /// A person has to do it.
    Refuse {
        /// Why, as a fragment.
        why: String,
        /// What would have been changed in the file as it was written, as a diff.
        wanted: String,
    },
}

/// Merges two renderings of a template into what is on disk: every file that the second one has differently, in the order of
/// names. A file that only the first one has stays.
pub fn merge(before: &FileTree, after: &FileTree, on_disk: &BTreeMap<RelativePath, OnDisk>) -> Vec<(RelativePath, Merge)> {
    let changed = after.iter().filter(|(path, file)| before.get(path.as_str()) != Some(file));
    let merged = changed.filter_map(|(path, file)| {
        let disk = on_disk.get(path).unwrap_or(&OnDisk::Absent);
        Some((path.clone(), merge_file(path, before.get(path.as_str()), file, disk)?))
    });
    merged.collect()
}

/// `None` when the file is as it should be already.
fn merge_file(path: &RelativePath, before: Option<&File>, after: &File, disk: &OnDisk) -> Option<Merge> {
    let refuse = |why: &str| {
        let wanted = unified_diff(path.as_str(), before.map(|file| file.contents.as_slice()), &after.contents);
        Some(Merge::Refuse { why: why.to_owned(), wanted })
    };
    match (disk, before) {
        (OnDisk::Blocked(why), _) => refuse(why),
        (OnDisk::File(existing), _) if existing == after => None,
        (OnDisk::Absent, None) => Some(Merge::Create(after.clone())),
        (OnDisk::Absent, Some(_)) => refuse("it is not there any more"),
        (OnDisk::File(existing), Some(before)) if existing == before => {
            Some(Merge::Replace { existing: existing.clone(), file: after.clone() })
        }
        (OnDisk::File(_), None) => refuse("there is another file of this name"),
        (OnDisk::File(existing), Some(before)) => match merged_text(before, existing, after) {
            Some(text) if text == existing.contents => None,
            Some(text) if syntax::check(path.file_name(), &String::from_utf8_lossy(&text)).is_some() => {
                refuse("what is in it and what is to be added do not fit together")
            }
            Some(contents) => {
                let file = File { contents, executable: existing.executable || after.executable };
                Some(Merge::Replace { existing: existing.clone(), file })
            }
            None if has_change(before, existing, after) => None,
            None => refuse("it was changed in the same place"),
        },
    }
}

/// The text with both changes; `None` when they touch the same lines, or when it is no text.
fn merged_text(before: &File, existing: &File, after: &File) -> Option<Vec<u8>> {
    let text = |file: &File| String::from_utf8(file.contents.clone()).ok();
    let (before, existing, after) = (text(before)?, text(existing)?, text(after)?);
    // A checkout with other line ends is no change of somebody's.
    let has_crlf = existing.contains("\r\n");
    let plain = if has_crlf { existing.replace("\r\n", "\n") } else { existing };
    let merged = diffy::merge(&before, &plain, &after).ok()?;
    Some(if has_crlf { merged.replace('\n', "\r\n") } else { merged }.into_bytes())
}

/// Whether a person has made a change already, in a file that differs around it: what it adds is there, piece by piece, and
/// what it takes away is not.
fn has_change(before: &File, existing: &File, after: &File) -> bool {
    let text = |file: &File| String::from_utf8_lossy(&file.contents).replace("\r\n", "\n");
    let (before, existing, after) = (text(before), text(existing), text(after));
    let patch = diffy::create_patch(&before, &after);
    let lines = patch.hunks().iter().flat_map(diffy::Hunk::lines);
    let (mut added, mut taken, mut has_all) = (String::new(), String::new(), true);
    for line in lines.chain([&diffy::Line::Context("")]) {
        match line {
            diffy::Line::Insert(line) => added += line,
            diffy::Line::Delete(line) => taken += line,
            diffy::Line::Context(_) => {
                has_all &= existing.contains(&std::mem::take(&mut added));
                has_all &= taken.trim().is_empty() || !existing.contains(&taken);
                taken.clear();
            }
        }
    }
    has_all
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;
    use proptest::prelude::*;

    use super::*;

    fn path(text: &str) -> RelativePath {
        RelativePath::parse(text).unwrap()
    }

    fn tree(files: &[(&str, &str)]) -> FileTree {
        files.iter().map(|(name, text)| (path(name), File::text(*text))).collect()
    }

    fn disk(files: &[(&str, &str)]) -> BTreeMap<RelativePath, OnDisk> {
        files.iter().map(|(name, text)| (path(name), OnDisk::File(File::text(*text)))).collect()
    }

    fn replaced(merge: &Merge) -> &str {
        match merge {
            Merge::Replace { file, .. } | Merge::Create(file) => std::str::from_utf8(&file.contents).unwrap(),
            Merge::Refuse { why, .. } => why,
        }
    }

    const BEFORE: &str = "a\nb\nc\nd\ne\n";
    const AFTER: &str = "a\nb\nc\nd\ne\nservice\n";

    #[test]
    fn what_somebody_has_changed_stays() {
        let of = |now: &str| merge(&tree(&[("x", BEFORE)]), &tree(&[("x", AFTER)]), &disk(&[("x", now)]));
        assert_eq!(replaced(&of(BEFORE)[0].1), AFTER);
        assert_eq!(replaced(&of("mine\na\nb\nc\nd\ne\n")[0].1), "mine\na\nb\nc\nd\ne\nservice\n");
        assert_eq!(replaced(&of("mine\r\na\r\nb\r\nc\r\nd\r\ne\r\n")[0].1), "mine\r\na\r\nb\r\nc\r\nd\r\ne\r\nservice\r\n");
        assert_eq!(of(AFTER), []);
        assert_eq!(of(&format!("mine\n{AFTER}")), [], "a second time is no change");
    }

    #[test]
    fn what_both_have_changed_in_one_place_is_left_to_a_person() {
        let merged = merge(&tree(&[("x", BEFORE)]), &tree(&[("x", AFTER)]), &disk(&[("x", "a\nb\nc\nd\ne\nother\n")]));
        let Merge::Refuse { why, wanted } = &merged[0].1 else { panic!("{merged:?}") };
        assert_eq!(why, "it was changed in the same place");
        assert!(wanted.contains("+service"), "{wanted}");
        // Made by hand beside the other change, it is there.
        let by_hand = disk(&[("x", "a\nb\nc\nd\ne\nother\nservice\n")]);
        assert_eq!(merge(&tree(&[("x", BEFORE)]), &tree(&[("x", AFTER)]), &by_hand), []);
    }

    #[test]
    fn new_files_are_made_and_others_of_their_name_are_not_touched() {
        let (before, after) = (tree(&[]), tree(&[("x", "new\n")]));
        assert_eq!(merge(&before, &after, &disk(&[])), [(path("x"), Merge::Create(File::text("new\n")))]);
        assert_eq!(merge(&before, &after, &disk(&[("x", "new\n")])), []);
        assert_eq!(replaced(&merge(&before, &after, &disk(&[("x", "mine\n")]))[0].1), "there is another file of this name");
        let blocked = [(path("x"), OnDisk::Blocked("`x` is a link".into()))].into_iter().collect();
        assert_eq!(replaced(&merge(&before, &after, &blocked)[0].1), "`x` is a link");
        assert_eq!(replaced(&merge(&tree(&[("x", "old\n")]), &after, &disk(&[]))[0].1), "it is not there any more");
    }

    #[test]
    fn a_merge_that_cannot_be_read_any_more_is_none() {
        let before = "{\n  \"a\": 1,\n  \"b\": 2,\n  \"c\": 3\n}\n";
        let after = "{\n  \"a\": 1,\n  \"b\": 2,\n  \"c\": 3,\n  \"d\": 4\n}\n";
        let mine = "{\n  \"z\": 0\n  ,\"a\": 1,\n  \"b\": 2,\n  \"c\": 3\n}\n";
        let of = |now: &str| {
            replaced(&merge(&tree(&[("x.json", before)]), &tree(&[("x.json", after)]), &disk(&[("x.json", now)]))[0].1).to_owned()
        };
        assert!(of(mine).contains("\"d\": 4") && of(mine).contains("\"z\": 0"));
        assert_eq!(
            of("{ broken\n  \"a\": 1,\n  \"b\": 2,\n  \"c\": 3\n}\n"),
            "what is in it and what is to be added do not fit together"
        );
    }

    proptest! {
        #[test]
        fn lines_of_somebody_are_never_lost(head in "[a-z]{0,6}(\n[a-z]{0,6}){0,4}\n", own in "MINE[0-9]{1,3}\n") {
            let (before, after) = (format!("{head}x\ny\nz\n"), format!("{head}x\ny\nz\nnew\n"));
            let now = format!("{own}{before}");
            for (_, merged) in merge(&tree(&[("f", &before)]), &tree(&[("f", &after)]), &disk(&[("f", &now)])) {
                if let Merge::Replace { file, .. } = merged {
                    prop_assert!(String::from_utf8(file.contents).unwrap().contains(own.trim()));
                }
            }
        }
    }
}
