//! A work tree, as libgit2 sees it.

use camino::{Utf8Path, Utf8PathBuf};
use git2::{Repository, Status, StatusOptions};

/// How many files of untracked folders are looked at, and how deep.
const MOST_FILES: usize = 5000;
const DEEPEST: usize = 8;

/// A work tree.
pub(in crate::host::probe) struct WorkTree {
    repository: Repository,
    top: Utf8PathBuf,
}

/// What differs from what is committed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::host::probe) struct Changes {
    /// How many tracked files differ.
    pub(in crate::host::probe) tracked: usize,
    /// Files that git neither tracks nor ignores, relative to the top.
    pub(in crate::host::probe) untracked: Vec<String>,
}

impl WorkTree {
    /// Opens the work tree with this top; the error is a fragment.
    pub(in crate::host::probe) fn open(top: &Utf8Path) -> Result<Self, String> {
        let repository = Repository::open(top).map_err(|error| fragment(&error))?;
        Ok(Self { repository, top: top.to_owned() })
    }

    /// The top.
    pub(in crate::host::probe) fn top(&self) -> &Utf8Path {
        &self.top
    }

    /// Whether an ignore rule covers a path, relative to the top.
    pub(in crate::host::probe) fn is_ignored(&self, path: &str) -> bool {
        self.repository.is_path_ignored(path).unwrap_or(false)
    }

    /// Whether a file, or anything in a folder, is in the index.
    pub(in crate::host::probe) fn is_tracked(&self, path: &str) -> bool {
        let Ok(index) = self.repository.index() else { return false };
        index.get_path(path.as_ref(), 0).is_some() || index.find_prefix(format!("{path}/").as_str()).is_ok()
    }

    /// Files of the index with their sizes.
    pub(in crate::host::probe) fn tracked(&self) -> Vec<(String, u64)> {
        let Ok(index) = self.repository.index() else { return Vec::new() };
        index.iter().map(|entry| (String::from_utf8_lossy(&entry.path).into_owned(), u64::from(entry.file_size))).collect()
    }

    /// What differs from what is committed.
    pub(in crate::host::probe) fn changes(&self) -> Result<Changes, String> {
        let mut options = StatusOptions::new();
        options.include_untracked(true).recurse_untracked_dirs(false).exclude_submodules(true).update_index(false);
        let statuses = self.repository.statuses(Some(&mut options)).map_err(|error| fragment(&error))?;
        let mut found = Changes::default();
        for entry in statuses.iter() {
            let path = String::from_utf8_lossy(entry.path_bytes()).into_owned();
            // What `git add --intent-to-add` marked is in the index.
            let is_new = entry.status().contains(Status::WT_NEW) && !self.is_tracked(path.trim_end_matches('/'));
            if !is_new {
                found.tracked += usize::from(entry.status() != Status::IGNORED);
            } else if path.ends_with('/') {
                self.walk(path.trim_end_matches('/').into(), &mut found.untracked);
            } else {
                found.untracked.push(path);
            }
        }
        found.untracked.sort_unstable();
        Ok(found)
    }

    /// Adds the files of an untracked folder that no rule ignores.
    fn walk(&self, start: Utf8PathBuf, found: &mut Vec<String>) {
        let mut folders = vec![(start, 0)];
        let mut seen = 0;
        while let Some((folder, depth)) = folders.pop() {
            let Ok(entries) = self.top.join(&folder).read_dir_utf8() else { continue };
            for entry in entries.flatten() {
                seen += 1;
                if seen > MOST_FILES {
                    return;
                }
                let path = folder.join(entry.file_name());
                let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
                let is_other = matches!(entry.file_name(), "node_modules" | ".git" | "target");
                if is_other || self.is_ignored(path.as_str()) {
                    continue;
                }
                if !is_folder {
                    found.push(path.into_string());
                } else if depth < DEEPEST && !self.top.join(&path).join(".git").exists() {
                    folders.push((path, depth + 1));
                }
            }
        }
    }
}

fn fragment(error: &git2::Error) -> String {
    format!("git: {}", error.message().trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{git, repository};
    use super::*;

    #[test]
    fn tells_tracked_untracked_and_ignored_files_apart() {
        let (project, vantage) = repository();
        for (path, text) in [
            ("flake.nix", "{ }"),
            (".gitignore", "node_modules\n*.log\n"),
            ("apps/web/package.json", "{}"),
            ("apps/web/a.log", ""),
            ("apps/web/node_modules/x/package.json", "{}"),
            ("new.nix", "1"),
            ("marked.nix", "1"),
        ] {
            let file = project.join(path);
            fs_err::create_dir_all(file.parent().unwrap()).unwrap();
            fs_err::write(file, text).unwrap();
        }
        git(&vantage, &["add", "flake.nix", ".gitignore"]);
        git(&vantage, &["commit", "--quiet", "--message", "first"]);
        git(&vantage, &["add", "--intent-to-add", "marked.nix"]);
        fs_err::write(project.join("flake.nix"), "{ a = 1; }").unwrap();
        let work_tree = WorkTree::open(&project).unwrap();
        let found = work_tree.changes().unwrap();
        assert_eq!(found.untracked, ["apps/web/package.json", "new.nix"]);
        assert_eq!(found.tracked, 2);
        assert!(work_tree.is_ignored("apps/web/a.log") && work_tree.is_tracked("flake.nix") && !work_tree.is_tracked("apps"));
        let sizes: Vec<String> = work_tree.tracked().into_iter().map(|(path, _)| path).collect();
        assert_eq!(sizes, [".gitignore", "flake.nix", "marked.nix"]);
    }
}
