//! Git, through libgit2: no program has to be installed for a repository to be made.

pub mod index;
mod privacy;
pub mod staged;

use std::thread;
use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};
use git2::{ErrorCode, Repository, RepositoryInitOptions, Status, StatusOptions};

use super::files;
use crate::env_vars;
use crate::error::{Error, ErrorKind, Result};
use crate::file_tree::RelativePath;
pub use privacy::{Privacy, directory_of, is_tracked, privacies, privacy, why_not_private};

/// How a project's directory stands among repositories.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Whether the directory itself is the top of a work tree.
    pub is_root: bool,
    /// The work tree around the directory, when there is one above it.
    pub parent: Option<Utf8PathBuf>,
    /// Why nothing can be done with the repository of the directory.
    pub trouble: Option<Trouble>,
}

/// Why nothing can be done with a repository, and what helps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// What is wrong.
    pub what: String,
    /// What a person can do.
    pub hint: String,
}

impl From<Trouble> for Error {
    fn from(trouble: Trouble) -> Self {
        Self::refused(trouble.what).hint(trouble.hint).hint("or leave git alone with `--no-git`")
    }
}

fn tool(error: git2::Error) -> Error {
    let message = error.message().trim_end_matches('.').to_owned();
    let reported = Error::new(ErrorKind::Tool, format!("git: {message}"));
    match message.as_str() {
        // Forms of the index that libgit2 1.9 does not read.
        text if text.contains("'link'") => reported.hint("run `git update-index --no-split-index` and try again"),
        text if text.contains("'sdir'") => reported.hint("run `git sparse-checkout reapply --no-sparse-index` and try again"),
        _ => reported,
    }
}

/// Finds out where a directory, which need not exist, stands among repositories.
pub fn place_of(directory: &Utf8Path) -> Place {
    let is_root = directory.join(".git").symlink_metadata().is_ok();
    let trouble = is_root.then(|| trouble_of(directory)).flatten();
    let above = directory.ancestors().skip(1).find(|path| path.is_dir());
    let parent = above.and_then(|path| Repository::discover(path).ok()).and_then(|repository| {
        let work_tree = repository.workdir()?.to_owned();
        let text = Utf8PathBuf::from_path_buf(work_tree).ok()?;
        Some(Utf8PathBuf::from(text.as_str().trim_end_matches('/')))
    });
    Place { is_root, parent, trouble }
}

fn trouble_of(directory: &Utf8Path) -> Option<Trouble> {
    let trouble = |what: String, hint: &str| Some(Trouble { what, hint: hint.to_owned() });
    let error = match Repository::open(directory) {
        Ok(repository) if repository.workdir().is_none() => {
            return trouble(format!("the repository in `{directory}` is bare"), "choose another directory");
        }
        Ok(repository) => match repository.index() {
            Ok(index) if index.has_conflicts() => {
                return trouble(format!("the repository in `{directory}` has conflicts"), "finish the merge first");
            }
            Ok(_) => return None,
            Err(error) => error,
        },
        Err(error) => error,
    };
    let what = format!("the repository in `{directory}` cannot be used: {}", error.message().trim_end_matches('.'));
    let own = tool(error);
    let hint = own.hints().first().map_or("look at it with `git status`, or choose another directory", String::as_str);
    trouble(what, hint)
}

/// Makes a directory a repository, with the branch git itself would start with, or `main`.
pub fn init(directory: &Utf8Path) -> Result<()> {
    let configured = git2::Config::open_default().and_then(|config| config.get_string("init.defaultBranch")).ok();
    let configured = configured.filter(|name| git2::Reference::is_valid_name(&format!("refs/heads/{name}")));
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

/// Whether a tracked file differs from what is committed.
pub fn has_changes(directory: &Utf8Path) -> Result<bool> {
    let mut options = StatusOptions::new();
    options.include_untracked(false).include_ignored(false);
    let repository = open(directory)?;
    let statuses = repository.statuses(Some(&mut options)).map_err(tool)?;
    Ok(!statuses.is_empty())
}

/// Says before anything is written that git's own settings cannot be read.
pub fn check_settings() -> Result<()> {
    let read = git2::Config::open_default().and_then(|mut config| config.snapshot()).map(drop);
    read.map_err(|error| {
        Error::failed(format!("the settings of git cannot be read: {}", error.message())).hint("look at `git config --list`")
    })
}

/// Says before anything is written that a commit would land in the middle of something else.
pub fn check_nothing_is_going_on(directory: &Utf8Path) -> Result<()> {
    let state = open(directory)?.state();
    if state == git2::RepositoryState::Clean {
        return Ok(());
    }
    Err(Error::refused(format!("the repository is in the middle of something else ({state:?})").to_lowercase())
        .hint("finish or abort it first, or leave `--commit` out"))
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

/// Makes a commit of the index that nothing leads to yet, and returns its id: that of an earlier one when it says the same.
pub fn write_commit(directory: &Utf8Path, message: &str, earlier: Option<&str>) -> Result<String> {
    let repository = open(directory)?;
    let tree =
        repository.index().and_then(|mut index| index.write_tree()).and_then(|id| repository.find_tree(id)).map_err(tool)?;
    let parent = head_commit(&repository)?;
    let parents: Vec<&git2::Commit<'_>> = parent.iter().collect();
    let earlier = earlier.and_then(|id| repository.find_commit(git2::Oid::from_str(id).ok()?).ok()).filter(|commit| {
        let is_same = commit.tree_id() == tree.id() && commit.message().is_ok_and(|found| found == message);
        is_same && commit.parent_ids().eq(parents.iter().map(|parent| parent.id()))
    });
    if let Some(earlier) = earlier {
        return Ok(earlier.id().to_string());
    }
    let signature = signature(&repository)?;
    let id = repository.commit(None, &signature, &signature, message, &tree, &parents).map_err(tool)?;
    Ok(id.to_string())
}

/// Lets HEAD, or the branch it stands for, lead to a commit that follows what it leads to now.
pub fn advance_head(directory: &Utf8Path, id: &str) -> Result<()> {
    let repository = open(directory)?;
    let commit = git2::Oid::from_str(id).and_then(|id| repository.find_commit(id)).map_err(tool)?;
    let head = repository.find_reference("HEAD").map_err(tool)?;
    let name = head.symbolic_target().map_err(tool)?.unwrap_or("HEAD");
    let initial = if commit.parent_count() == 0 { " (initial)" } else { "" };
    let log = format!("commit{initial}: {}", commit.summary().ok().flatten().unwrap_or_default());
    let moved = match commit.parent_ids().next() {
        Some(parent) => repository.reference_matching(name, commit.id(), true, parent, &log),
        None => repository.reference(name, commit.id(), false, &log),
    };
    moved.map(drop).map_err(tool)
}

/// Who commits: each of name and address from the environment, or from the settings.
fn signature(repository: &Repository) -> Result<git2::Signature<'static>> {
    let config = repository.config().map_err(tool)?;
    let field = |variable: &str, key: &str| env_vars::get(variable).map_or_else(|| config.get_string(key), Ok).map_err(tool);
    let name = field(env_vars::GIT_AUTHOR_NAME, "user.name")?;
    let email = field(env_vars::GIT_AUTHOR_EMAIL, "user.email")?;
    git2::Signature::now(&name, &email).map_err(tool)
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

/// Whether a repository holds commits that are not ours, on a branch, under a tag or only in its log. One that cannot be
/// opened counts as holding some, unless its files say that it is empty.
pub fn has_other_commits(directory: &Utf8Path, ours: Option<&str>) -> bool {
    let git_directory = directory.join(".git");
    let Ok(repository) = Repository::open(directory) else { return !is_untouched(&git_directory) };
    let is_other = |commit: Result<git2::Commit<'_>, git2::Error>| match commit {
        Ok(commit) => Some(commit.id().to_string().as_str()) != ours,
        Err(_) => true,
    };
    let is_head_other = match repository.head() {
        Ok(head) => is_other(head.peel_to_commit()),
        Err(error) => error.code() != ErrorCode::UnbornBranch && !is_untouched(&git_directory),
    };
    let Ok(mut references) = repository.references() else { return true };
    is_head_other
        || references.any(|reference| is_other(reference.and_then(|reference| reference.peel_to_commit())))
        || logs_other_commits(&repository, ours)
}

/// Whether the log of HEAD names a commit that is not ours: one that was made and reset, or amended.
fn logs_other_commits(repository: &Repository, ours: Option<&str>) -> bool {
    let Ok(log) = repository.reflog("HEAD") else { return false };
    log.iter().any(|entry| !entry.id_new().is_zero() && Some(entry.id_new().to_string().as_str()) != ours)
}

/// What somebody has added to a repository that we made and that holds no commit of theirs, as a fragment.
pub fn drift(directory: &Utf8Path, ours: Option<&str>, digest: impl Fn(&str) -> Option<String>) -> Option<String> {
    let repository = Repository::open(directory).ok()?;
    // Our own commit is on one branch, until it is taken back.
    let count = repository.references().map_or(0, Iterator::count);
    if count > usize::from(ours.is_some() && head_commit(&repository).is_ok_and(|head| head.is_some())) {
        return Some("it has branches or tags of yours".to_owned());
    }
    for name in SETTINGS {
        let now = files::read_plain(&directory.join(name)).ok().map(|file| files::sha256(&file.contents));
        if digest(name).is_some_and(|then| Some(then) != now) {
            return Some(format!("`{name}` was changed since"));
        }
    }
    let hooks = directory.join(".git/hooks");
    let mut hooks = hooks.read_dir_utf8().into_iter().flatten().flatten();
    let hook = hooks.find(|entry| !entry.file_name().ends_with(".sample"))?;
    Some(format!("it has the hook `{}`", hook.file_name()))
}

/// Files of a new repository that a person changes: remotes and the like are in the first.
pub const SETTINGS: [&str; 2] = [".git/config", ".git/info/exclude"];

/// Whether the commit at HEAD holds any of the entries of an index.
pub fn head_holds(directory: &Utf8Path, entries: &index::Entries) -> Option<String> {
    let repository = Repository::open(directory).ok()?;
    let commit = head_commit(&repository).ok()??;
    let tree = commit.tree().ok()?;
    let holds =
        |path: &RelativePath, blob: &str| tree.get_path(path.as_str().as_ref()).is_ok_and(|entry| entry.id().to_string() == blob);
    entries.iter().any(|(path, entry)| holds(path, &entry.blob)).then(|| commit.id().to_string())
}

/// Whether a directory is the top of a repository with a work tree that can be opened.
pub fn is_repository(directory: &Utf8Path) -> bool {
    directory.join(".git").exists() && Repository::open(directory).is_ok_and(|repository| repository.workdir().is_some())
}
