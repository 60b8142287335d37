//! How much Nix copies into the store before it evaluates a flake.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};

use crate::facts::flake::SourceSize;
use crate::host::probe::git::work_tree::WorkTree;

/// How many files are counted where git does not know them.
const MOST_FILES: usize = 20_000;

/// How many folders are named.
const MOST_NAMED: usize = 5;

pub(super) fn look(root: &Utf8Path, work_tree: Option<&WorkTree>) -> SourceSize {
    let Some(work_tree) = work_tree else {
        let (files, is_complete) = walk(root);
        return sum(files.into_iter(), is_complete, false);
    };
    let below = root.strip_prefix(work_tree.top()).unwrap_or(Utf8Path::new(""));
    let files = work_tree.tracked().into_iter();
    let sizes = files.filter_map(|(path, size)| Some((Utf8Path::new(&path).strip_prefix(below).ok()?.to_owned(), size)));
    sum(sizes, true, true)
}

fn sum(files: impl Iterator<Item = (Utf8PathBuf, u64)>, is_complete: bool, is_repository: bool) -> SourceSize {
    let mut by_name: BTreeMap<String, u64> = BTreeMap::new();
    for (path, size) in files {
        let name = path.components().next().map(|part| part.as_str().to_owned()).unwrap_or_default();
        *by_name.entry(name).or_default() += size;
    }
    let bytes = by_name.values().sum();
    let mut largest: Vec<(String, u64)> = by_name.into_iter().collect();
    largest.sort_by_key(|(_, size)| std::cmp::Reverse(*size));
    largest.truncate(MOST_NAMED);
    SourceSize { bytes, is_complete, is_repository, largest }
}

/// Files below a directory, relative to it, and whether these are all.
fn walk(root: &Utf8Path) -> (Vec<(Utf8PathBuf, u64)>, bool) {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir_utf8().into_iter().flatten().flatten() {
            if found.len() >= MOST_FILES {
                return (found, false);
            }
            let Ok(metadata) = entry.path().symlink_metadata() else { continue };
            if metadata.is_dir() {
                folders.push(entry.path().to_owned());
            } else if let Ok(path) = entry.path().strip_prefix(root) {
                found.push((path.to_owned(), metadata.len()));
            }
        }
    }
    (found, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_what_lies_in_a_folder_that_is_no_repository() {
        let root = Utf8PathBuf::from_path_buf(tempfile::tempdir().unwrap().keep()).unwrap();
        fs_err::create_dir_all(root.join("node_modules/x")).unwrap();
        fs_err::write(root.join("node_modules/x/y.js"), vec![0; 5000]).unwrap();
        fs_err::write(root.join("flake.nix"), "{ }").unwrap();
        let found = look(&root, None);
        assert_eq!((found.bytes, found.is_complete, found.is_repository), (5003, true, false));
        assert_eq!(found.largest, [("node_modules".to_owned(), 5000), ("flake.nix".to_owned(), 3)]);
    }
}
