//! Git, through libgit2: no program has to be installed for a repository to be made.

pub mod index;

use std::thread;
use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};
use git2::{ErrorCode, Repository, RepositoryInitOptions, Status, StatusOptions};

use super::files;
use crate::env_vars;
use crate::error::{Error, ErrorKind, Result};

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
pub fn place_of(directory: &Utf8Path) -> Result<Place> {
    let is_root = directory.join(".git").symlink_metadata().is_ok();
    if is_root && !is_repository(directory) {
        return Err(Error::refused(format!("`{directory}/.git` is there, but it is no repository with a work tree"))
            .hint("look at it with `git status`; move it away if it is broken, or choose another directory"));
    }
    let above = directory.ancestors().skip(1).find(|path| path.is_dir());
    let parent = above.and_then(|path| Repository::discover(path).ok()).and_then(|repository| {
        let work_tree = repository.workdir()?.to_owned();
        let text = Utf8PathBuf::from_path_buf(work_tree).ok()?;
        Some(Utf8PathBuf::from(text.as_str().trim_end_matches('/')))
    });
    Ok(Place { is_root, parent })
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

/// Whether anything is staged that HEAD does not have.
pub fn has_staged_changes(directory: &Utf8Path) -> Result<bool> {
    let staged =
        Status::INDEX_NEW | Status::INDEX_MODIFIED | Status::INDEX_DELETED | Status::INDEX_RENAMED | Status::INDEX_TYPECHANGE;
    let mut options = StatusOptions::new();
    options.include_untracked(false);
    let repository = open(directory)?;
    let statuses = repository.statuses(Some(&mut options)).map_err(tool)?;
    Ok(statuses.iter().any(|entry| entry.status().intersects(staged)))
}

/// Whether git knows who commits in a directory, which need not be a repository yet; the hint says how to tell it.
pub fn check_identity(directory: &Utf8Path) -> Result<()> {
    let own = Repository::open(directory).and_then(|repository| repository.config());
    let config = own.or_else(|_no_repository| git2::Config::open_default()).map_err(tool)?;
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

/// The id of the commit at HEAD; `None` on a branch without commits.
pub fn head(directory: &Utf8Path) -> Result<Option<String>> {
    Ok(head_commit(&open(directory)?)?.map(|commit| commit.id().to_string()))
}

/// Whether the commit at HEAD has a message and nothing else waits to be committed.
pub fn is_committed(directory: &Utf8Path, message: &str) -> bool {
    Repository::open(directory).is_ok_and(|repository| {
        head_commit(&repository).ok().flatten().is_some_and(|commit| commit.message().is_ok_and(|found| found == message))
    }) && has_staged_changes(directory).is_ok_and(|has| !has)
}

/// The commit at HEAD, when its message and its parent say that it is the one that was to be made.
pub fn commit_on(directory: &Utf8Path, parent: Option<&str>, message: &str) -> Option<String> {
    let repository = Repository::open(directory).ok()?;
    let commit = head_commit(&repository).ok()??;
    let is_ours = commit.message().is_ok_and(|found| found == message)
        && commit.parent_ids().map(|id| id.to_string()).collect::<Vec<_>>()
            == parent.map(str::to_owned).into_iter().collect::<Vec<_>>();
    is_ours.then(|| commit.id().to_string())
}

/// Removes the locks that a killed run left on HEAD and its branch. Git holds such a lock for milliseconds (it waits 100 of
/// them by default); one that stays for a second has no owner any more.
pub fn clear_reference_locks(directory: &Utf8Path) -> Result<()> {
    let Ok(repository) = Repository::open(directory) else { return Ok(()) };
    let target = repository.find_reference("HEAD").ok().and_then(|head| head.symbolic_target().ok().flatten().map(str::to_owned));
    let branch = target.map(|branch| repository.commondir().join(format!("{branch}.lock")));
    let locks = std::iter::once(repository.path().join("HEAD.lock")).chain(branch);
    for lock in locks.filter_map(|path| Utf8PathBuf::from_path_buf(path).ok()) {
        if stays_for(&lock, Duration::from_secs(1)) {
            fs_err::remove_file(&lock)?;
        }
    }
    Ok(())
}

/// Whether a file is there and the same one all the time.
fn stays_for(path: &Utf8Path, time: Duration) -> bool {
    let Ok(first) = files::stamp(path) else { return false };
    let deadline = Instant::now() + time;
    while Instant::now() < deadline {
        thread::sleep(Duration::from_millis(20));
        if files::stamp(path).ok().as_ref() != Some(&first) {
            return false;
        }
    }
    true
}

/// Takes the only commit of a repository back, so that its branch is unborn again. The caller has seen that there is no
/// other.
pub fn uncommit(directory: &Utf8Path) -> Result<()> {
    let repository = open(directory)?;
    repository.head().and_then(|mut head| head.delete()).map_err(tool)
}

/// Whether a repository has a branch, a tag or any other reference to a commit that is not ours. One that cannot be
/// opened counts as having some, unless its files say that it is empty.
pub fn has_other_commits(directory: &Utf8Path, ours: Option<&str>) -> bool {
    let Ok(repository) = Repository::open(directory) else { return !is_untouched(&directory.join(".git")) };
    let is_other = |commit: Result<git2::Commit<'_>, git2::Error>| match commit {
        Ok(commit) => Some(commit.id().to_string().as_str()) != ours,
        Err(_) => true,
    };
    let is_head_other = match repository.head() {
        Ok(head) => is_other(head.peel_to_commit()),
        Err(error) => error.code() != ErrorCode::UnbornBranch,
    };
    let Ok(mut references) = repository.references() else { return true };
    is_head_other || references.any(|reference| is_other(reference.and_then(|reference| reference.peel_to_commit())))
}

/// Whether a directory is the top of a repository with a work tree that can be opened.
pub fn is_repository(directory: &Utf8Path) -> bool {
    directory.join(".git").exists() && Repository::open(directory).is_ok_and(|repository| repository.workdir().is_some())
}

/// Whether a repository tracks a file. What cannot be found out counts as tracked.
pub fn is_tracked(file: &Utf8Path) -> bool {
    Standing::of(file).is_none_or(|standing| standing.is_tracked)
}

/// Says why a file must not hold secrets: no repository ignores it, or one tracks it. `None` when it may.
pub fn why_not_private(file: &Utf8Path) -> Option<String> {
    let reason = match Standing::of(file) {
        None => "git cannot tell whether it is ignored",
        Some(Standing { is_in_work_tree: false, .. }) => "it is in no git repository that ignores it",
        Some(Standing { is_tracked: true, .. }) => "git tracks it",
        Some(Standing { is_ignored: false, .. }) => "no ignore rule of its repository covers it",
        Some(_) => return None,
    };
    Some(reason.to_owned())
}

/// How a repository sees a file.
#[derive(Debug, Clone, Copy, Default)]
struct Standing {
    is_in_work_tree: bool,
    is_tracked: bool,
    is_ignored: bool,
}

impl Standing {
    /// How the repository around a file sees it; `None` when that cannot be found out.
    fn of(file: &Utf8Path) -> Option<Self> {
        let repository = match Repository::discover(file.parent()?) {
            Ok(repository) => repository,
            Err(error) if error.code() == ErrorCode::NotFound => return Some(Self::default()),
            Err(_) => return None,
        };
        // A bare repository has no work tree, so it ignores nothing.
        let Some(work_tree) = repository.workdir() else { return Some(Self::default()) };
        let Ok(relative) = file.as_std_path().strip_prefix(work_tree) else { return Some(Self::default()) };
        let is_tracked = repository.index().ok()?.get_path(relative, 0).is_some();
        let is_ignored = repository.is_path_ignored(relative).ok()?;
        Some(Self { is_in_work_tree: true, is_tracked, is_ignored })
    }
}
