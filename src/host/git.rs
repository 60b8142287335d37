//! Git, through libgit2: no program has to be installed for a repository to be made.

use camino::{Utf8Path, Utf8PathBuf};
use git2::{ErrorCode, Repository, RepositoryInitOptions, Status, StatusOptions};

use crate::env_vars;
use crate::error::{Error, ErrorKind, Result};
use crate::file_tree::RelativePath;

/// A repository that has a project's directory as its work tree or contains it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Whether the directory itself is the top of a work tree.
    pub is_root: bool,
    /// The work tree around the directory, when there is one above it.
    pub parent: Option<Utf8PathBuf>,
}

fn tool(error: git2::Error) -> Error {
    Error::new(ErrorKind::Tool, format!("git: {}", error.message().trim_end_matches('.')))
}

/// Finds out where a directory, which need not exist, stands among repositories.
pub fn place_of(directory: &Utf8Path) -> Place {
    let is_root = directory.join(".git").symlink_metadata().is_ok();
    let above = directory.ancestors().skip(1).find(|path| path.is_dir());
    let parent = above.and_then(|path| Repository::discover(path).ok()).and_then(|repository| {
        let work_tree = repository.workdir()?.to_owned();
        let text = Utf8PathBuf::from_path_buf(work_tree).ok()?;
        Some(Utf8PathBuf::from(text.as_str().trim_end_matches('/')))
    });
    Place { is_root, parent }
}

/// Makes a directory a repository, with the branch git itself would start with, or `main`.
pub fn init(directory: &Utf8Path) -> Result<()> {
    let configured = git2::Config::open_default().and_then(|config| config.get_string("init.defaultBranch")).ok();
    let mut options = RepositoryInitOptions::new();
    options.external_template(false).initial_head(configured.as_deref().unwrap_or("main"));
    Repository::init_opts(directory, &options).map_err(tool)?;
    Ok(())
}

/// Removes what is left of a repository when its making was cut short: an unfinished `.git` without commits, and the
/// empty files with which libgit2 finds out what a file system can do.
pub fn remove_unborn(directory: &Utf8Path) -> std::io::Result<()> {
    let git_directory = directory.join(".git");
    if git_directory.is_dir() && is_untouched(&git_directory) {
        fs_err::remove_dir_all(&git_directory)?;
    }
    let Ok(entries) = directory.read_dir_utf8() else { return Ok(()) };
    let is_probe = |name: &str| name.strip_prefix("_git2_").is_some_and(|rest| rest.len() == 16);
    entries.flatten().filter(|entry| is_probe(entry.file_name())).try_for_each(|entry| fs_err::remove_file(entry.path()))
}

/// Whether nobody has staged or committed anything, told from the files alone: an unfinished repository cannot be opened.
fn is_untouched(git_directory: &Utf8Path) -> bool {
    let exists = |name: &str| git_directory.join(name).symlink_metadata().is_ok();
    !exists("index")
        && !exists("packed-refs")
        && !exists("reftable")
        && !holds_files(&git_directory.join("objects"))
        && !holds_files(&git_directory.join("refs"))
}

fn holds_files(directory: &Utf8Path) -> bool {
    let Ok(entries) = directory.read_dir_utf8() else { return false };
    entries.flatten().any(|entry| if entry.path().is_dir() { holds_files(entry.path()) } else { true })
}

fn open(directory: &Utf8Path) -> Result<Repository> {
    Repository::open(directory).map_err(tool)
}

/// Stages files.
pub fn stage(directory: &Utf8Path, paths: &[RelativePath]) -> Result<()> {
    let repository = open(directory)?;
    let mut index = repository.index().map_err(tool)?;
    for path in paths {
        index.add_path(path.as_str().as_ref()).map_err(tool)?;
    }
    index.write().map_err(tool)
}

/// Whether every file is staged with the bytes it has on disk.
pub fn is_staged(directory: &Utf8Path, paths: &[RelativePath]) -> bool {
    let Ok(repository) = Repository::open(directory) else { return false };
    let is_current = |path: &RelativePath| {
        repository
            .status_file(path.as_str().as_ref())
            .is_ok_and(|status| !status.intersects(Status::WT_NEW | Status::WT_MODIFIED | Status::WT_DELETED))
    };
    paths.iter().all(is_current)
}

/// Takes files off the index again; those that are committed stay.
pub fn unstage(directory: &Utf8Path, paths: &[RelativePath]) -> Result<()> {
    let repository = open(directory)?;
    let mut index = repository.index().map_err(tool)?;
    for path in paths {
        let is_new = repository.status_file(path.as_str().as_ref()).is_ok_and(|status| status.contains(Status::INDEX_NEW));
        if is_new {
            index.remove_path(path.as_str().as_ref()).map_err(tool)?;
        }
    }
    index.write().map_err(tool)
}

/// Whether somebody has staged anything in a repository.
pub fn has_staged_changes(directory: &Utf8Path) -> bool {
    let staged =
        Status::INDEX_NEW | Status::INDEX_MODIFIED | Status::INDEX_DELETED | Status::INDEX_RENAMED | Status::INDEX_TYPECHANGE;
    Repository::open(directory).is_ok_and(|repository| {
        let mut options = StatusOptions::new();
        options.include_untracked(false);
        repository
            .statuses(Some(&mut options))
            .is_ok_and(|statuses| statuses.iter().any(|entry| entry.status().intersects(staged)))
    })
}

/// Whether git knows who commits; the hint says how to tell it.
pub fn check_identity() -> Result<()> {
    let config = git2::Config::open_default().map_err(tool)?;
    let is_set = |key: &str, variable: &str| env_vars::get(variable).is_some() || config.get_string(key).is_ok();
    if is_set("user.name", env_vars::GIT_AUTHOR_NAME) && is_set("user.email", env_vars::GIT_AUTHOR_EMAIL) {
        return Ok(());
    }
    Err(Error::failed("git does not know who you are, so nothing can be committed")
        .hint("run `git config --global user.name \"Your Name\"` and `git config --global user.email you@example.org`")
        .hint("or leave `--commit` out; the files are staged all the same"))
}

/// Commits the index and returns the id of the commit.
pub fn commit(directory: &Utf8Path, message: &str) -> Result<String> {
    let repository = open(directory)?;
    let signature = signature(&repository)?;
    let tree =
        repository.index().and_then(|mut index| index.write_tree()).and_then(|id| repository.find_tree(id)).map_err(tool)?;
    let parent = head_commit(&repository)?;
    let parents: Vec<&git2::Commit<'_>> = parent.iter().collect();
    let id = repository.commit(Some("HEAD"), &signature, &signature, message, &tree, &parents).map_err(tool)?;
    Ok(id.to_string())
}

fn signature(repository: &Repository) -> Result<git2::Signature<'static>> {
    let from_environment = (env_vars::get(env_vars::GIT_AUTHOR_NAME), env_vars::get(env_vars::GIT_AUTHOR_EMAIL));
    let signature = match from_environment {
        (Some(name), Some(email)) => git2::Signature::now(&name, &email),
        _ => repository.signature(),
    };
    signature.map_err(tool)
}

fn head_commit(repository: &Repository) -> Result<Option<git2::Commit<'_>>> {
    match repository.head() {
        Ok(head) => head.peel_to_commit().map(Some).map_err(tool),
        Err(error) if matches!(error.code(), ErrorCode::UnbornBranch | ErrorCode::NotFound) => Ok(None),
        Err(error) => Err(tool(error)),
    }
}

/// The id of the commit at HEAD, when there is one.
pub fn head(directory: &Utf8Path) -> Option<String> {
    let repository = Repository::open(directory).ok()?;
    head_commit(&repository).ok().flatten().map(|commit| commit.id().to_string())
}

/// Whether a message is that of the commit at HEAD.
pub fn head_has_message(directory: &Utf8Path, message: &str) -> bool {
    Repository::open(directory).is_ok_and(|repository| {
        head_commit(&repository).ok().flatten().is_some_and(|commit| commit.message().is_ok_and(|found| found == message))
    })
}

/// Takes the only commit of a repository back, so that its branch is unborn again. `false` when there is more.
pub fn uncommit(directory: &Utf8Path, id: &str) -> Result<bool> {
    let repository = open(directory)?;
    let references: Vec<String> = repository
        .references()
        .map_err(tool)?
        .flatten()
        .filter_map(|reference| reference.name().ok().map(str::to_owned))
        .collect();
    let is_only = head_commit(&repository)?.is_some_and(|commit| commit.id().to_string() == id && commit.parent_count() == 0);
    if !is_only || references.len() != 1 {
        return Ok(false);
    }
    repository.head().and_then(|mut head| head.delete()).map_err(tool)?;
    Ok(true)
}

/// Whether a repository has a branch, a tag or any other reference to a commit. One that cannot be opened counts as having
/// some, unless its files say that it is empty.
pub fn has_commits(directory: &Utf8Path) -> bool {
    let Ok(repository) = Repository::open(directory) else { return !is_untouched(&directory.join(".git")) };
    let has_references = repository.references().map_or(true, |mut references| references.next().is_some());
    has_references || repository.head_detached().unwrap_or(true)
}

/// Files of the index that are not among these.
pub fn staged_besides(directory: &Utf8Path, known: &[RelativePath]) -> Vec<String> {
    let Ok(index) = Repository::open(directory).and_then(|repository| repository.index()) else { return Vec::new() };
    let paths = index.iter().map(|entry| String::from_utf8_lossy(&entry.path).into_owned());
    paths.filter(|path| !known.iter().any(|known| known.as_str() == path)).collect()
}

/// Whether a directory is the top of a repository that can be opened.
pub fn is_repository(directory: &Utf8Path) -> bool {
    directory.join(".git").exists() && Repository::open(directory).is_ok()
}

/// Whether a repository tracks a file.
pub fn is_tracked(file: &Utf8Path) -> bool {
    why_not_private(file).is_some_and(|reason| reason == TRACKED)
}

const TRACKED: &str = "git tracks it";

/// Says why a file must not hold secrets: no repository ignores it, or one tracks it. `None` when it may.
pub fn why_not_private(file: &Utf8Path) -> Option<String> {
    let directory = file.parent()?;
    let Ok(repository) = Repository::discover(directory) else {
        return Some("it is in no git repository that ignores it".to_owned());
    };
    let work_tree = Utf8PathBuf::from_path_buf(repository.workdir()?.to_owned()).ok()?;
    let Ok(relative) = file.strip_prefix(&work_tree) else {
        return Some("it is outside the work tree of its repository".to_owned());
    };
    let is_tracked = repository.index().is_ok_and(|index| index.get_path(relative.as_std_path(), 0).is_some());
    if is_tracked {
        return Some(TRACKED.to_owned());
    }
    let is_ignored = repository.is_path_ignored(relative.as_std_path()).unwrap_or(false);
    (!is_ignored).then(|| "no ignore rule of its repository covers it".to_owned())
}
