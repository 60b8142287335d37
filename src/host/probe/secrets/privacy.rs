//! Asks what git does with a file: the rules of committed `.gitignore` files first, those of this machine only then.

use camino::{Utf8Path, Utf8PathBuf};
use git2::{ErrorCode, Index, Repository};
use ignore::gitignore::GitignoreBuilder;

use super::Vantage;
use crate::facts::Fact;
use crate::facts::secrets::Privacy;
use crate::host::git;

/// The repository around a project.
pub(super) struct WorkTree {
    path: Utf8PathBuf,
    index: Index,
    repository: Repository,
}

/// The repository around a directory; `None` when there is none.
pub(super) fn work_tree(directory: &Utf8Path) -> Fact<Option<WorkTree>> {
    let repository = match Repository::discover(directory) {
        Ok(repository) => repository,
        Err(error) if error.code() == ErrorCode::NotFound => return Fact::Known(None),
        Err(_) => return Fact::not_looked(UNOPENED),
    };
    let Some(path) = repository.workdir().and_then(Utf8Path::from_path) else { return Fact::Known(None) };
    let path = Utf8PathBuf::from(path.as_str().trim_end_matches('/'));
    match repository.index() {
        Ok(index) => Fact::Known(Some(WorkTree { path, index, repository })),
        Err(_) => Fact::not_looked(UNOPENED),
    }
}

const UNOPENED: &str = "git does not open this repository";

pub(super) fn of(vantage: &Vantage, work_tree: &Fact<Option<WorkTree>>, file: &Utf8Path) -> Fact<Privacy> {
    let work_tree = match work_tree.get() {
        Ok(Some(work_tree)) => work_tree,
        Ok(None) => return Fact::irrelevant("the project is in no git repository"),
        Err(why) => return Fact::Unknown(why),
    };
    let path = &work_tree.path;
    // The work tree is a real path; the project may be named through a link.
    let file = &file
        .parent()
        .and_then(|parent| parent.canonicalize_utf8().ok())
        .map_or_else(|| file.to_owned(), |parent| parent.join(file.file_name().unwrap_or_default()));
    let Ok(relative) = file.strip_prefix(path) else {
        return Fact::irrelevant("it is outside the work tree of its repository");
    };
    let privacy = if work_tree.index.get_path(relative.as_std_path(), 0).is_some() {
        Privacy::Tracked
    } else if is_ignored_for_all(path, relative, &|rules| fs_err::read_to_string(path.join(rules)).ok()) {
        let is_committed = is_ignored_for_all(path, relative, &|rules| staged(work_tree, rules));
        if is_committed { Privacy::Ignored } else { Privacy::IgnoredFromNextCommit }
    } else if is_ignored_here(vantage, file) {
        Privacy::IgnoredHereOnly
    } else {
        Privacy::NotIgnored
    };
    privacy.into()
}

/// Whether a `.gitignore` between the work tree and the file ignores it; the deepest that says something decides. `read` gives
/// the text of one by its path in the work tree.
fn is_ignored_for_all(work_tree: &Utf8Path, relative: &Utf8Path, read: &dyn Fn(&Utf8Path) -> Option<String>) -> bool {
    for folder in relative.ancestors().skip(1) {
        let Some(text) = read(&folder.join(".gitignore")) else { continue };
        let mut builder = GitignoreBuilder::new(work_tree.join(folder));
        let is_understood = text.lines().all(|line| builder.add_line(None, line).is_ok());
        let Ok(rules) = builder.build() else { continue };
        let found = rules.matched_path_or_any_parents(work_tree.join(relative), false);
        if is_understood && !found.is_none() {
            return found.is_ignore();
        }
    }
    false
}

/// The text of a file as git has it: in the index, from which the next commit is made.
fn staged(work_tree: &WorkTree, path: &Utf8Path) -> Option<String> {
    let entry = work_tree.index.get_path(path.as_std_path(), 0)?;
    let blob = work_tree.repository.find_blob(entry.id).ok()?;
    Some(String::from_utf8_lossy(blob.content()).into_owned())
}

/// Asks git, which also knows `.git/info/exclude` and the user's own rules; where it is not installed, its library.
fn is_ignored_here(vantage: &Vantage, file: &Utf8Path) -> bool {
    let asked = vantage.run("git", &["check-ignore", "--quiet", "--", file.as_str()]);
    asked.known().map_or_else(|| git::privacy(file) == git::Privacy::Ignored, super::super::Output::is_success)
}
