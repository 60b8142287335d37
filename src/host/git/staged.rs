//! What the next commit adds: the staged blobs that HEAD does not have. Also where git looks for hooks.

use camino::{Utf8Path, Utf8PathBuf};
use git2::{Delta, Diff, DiffDelta, ErrorCode, FileMode, Index, ObjectType, Oid, Repository, Tree};

use super::tool;
use crate::env_vars;
use crate::error::{Error, Result};

/// Larger files are looked at when they are text only.
const LARGEST_BINARY: usize = 5 * 1024 * 1024;
/// No file larger than this is looked at.
const LARGEST: usize = 100 * 1024 * 1024;
/// Git calls a file binary that has a NUL in as many bytes.
const HEAD: usize = 8000;

/// The repository that a commit is made in.
pub struct Staging {
    repository: Repository,
    /// The top of the work tree.
    pub top: Utf8PathBuf,
}

/// A file that the next commit adds or changes.
pub struct StagedFile<'a> {
    /// Its path from the top of the work tree.
    pub path: &'a str,
    /// What it will hold; `None` when it is too large to be looked at.
    pub bytes: Option<&'a [u8]>,
    /// Whether an ignore rule covers it, so that somebody must have forced it.
    pub is_ignored: bool,
}

impl Staging {
    /// Opens the repository around a directory. In a hook git names the repository, which need not be around.
    pub fn open(directory: &Utf8Path) -> Result<Self> {
        let repository = match env_vars::get(env_vars::GIT_DIR) {
            Some(named) => Repository::open(directory.join(named)),
            None => Repository::discover(directory),
        };
        let repository = repository.map_err(|error| match error.code() {
            ErrorCode::NotFound => {
                Error::failed(format!("`{directory}` is in no git repository")).hint("make one with `git init`")
            }
            _ => tool(error),
        })?;
        if let Some(named) = env_vars::get(env_vars::GIT_WORK_TREE) {
            repository.set_workdir(directory.join(named).as_std_path(), false).map_err(tool)?;
        }
        let top = repository.workdir().and_then(|top| Utf8PathBuf::from_path_buf(top.to_owned()).ok());
        let top = top.ok_or_else(|| Error::failed("the repository has no work tree, so nothing is committed in it"))?;
        Ok(Self { repository, top: Utf8PathBuf::from(top.as_str().trim_end_matches('/')) })
    }

    /// Hands on each file that is staged, in the order of their paths.
    pub fn each(&self, directory: &Utf8Path, look: &mut dyn FnMut(StagedFile<'_>)) -> Result<()> {
        let diff = self.difference(directory).map_err(tool)?;
        for delta in diff.deltas().filter(is_added) {
            let file = delta.new_file();
            let path = file.path().map(|path| path.to_string_lossy().into_owned()).unwrap_or_default();
            let is_ignored = file.path().is_some_and(|path| self.repository.is_path_ignored(path).unwrap_or(false));
            let blob = self.blob(file.id()).map_err(tool)?;
            look(StagedFile { path: &path, bytes: blob.as_ref().map(git2::Blob::content), is_ignored });
        }
        Ok(())
    }

    fn difference(&self, directory: &Utf8Path) -> Result<Diff<'_>, git2::Error> {
        // `git commit FILE` and `git commit --all` commit an index of their own.
        let index = match env_vars::get(env_vars::GIT_INDEX_FILE) {
            Some(named) => Index::open(directory.join(named).as_std_path())?,
            None => self.repository.index()?,
        };
        let mut options = git2::DiffOptions::new();
        options.ignore_submodules(true).include_typechange(true);
        self.repository.diff_tree_to_index(self.head()?.as_ref(), Some(&index), Some(&mut options))
    }

    /// The tree of the commit that the next one follows.
    fn head(&self) -> Result<Option<Tree<'_>>, git2::Error> {
        match self.repository.head() {
            Ok(head) => Ok(Some(head.peel_to_tree()?)),
            Err(error) if matches!(error.code(), ErrorCode::UnbornBranch | ErrorCode::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A blob that is not too large to be looked at.
    fn blob(&self, id: Oid) -> Result<Option<git2::Blob<'_>>, git2::Error> {
        let (size, kind) = self.repository.odb()?.read_header(id)?;
        if size > LARGEST || kind != ObjectType::Blob {
            return Ok(None);
        }
        let blob = self.repository.find_blob(id)?;
        let is_binary = blob.content().iter().take(HEAD).any(|byte| *byte == 0);
        Ok((size <= LARGEST_BINARY || !is_binary).then_some(blob))
    }

    /// Whether a file is in the index.
    pub fn is_tracked(&self, path: &Utf8Path) -> bool {
        let relative = path.strip_prefix(&self.top).unwrap_or(path);
        self.repository.index().is_ok_and(|index| index.get_path(relative.as_std_path(), 0).is_some())
    }

    /// The directory in which git looks for hooks, and whether `core.hooksPath` names it.
    pub fn hooks(&self) -> (Utf8PathBuf, bool) {
        let named = self.repository.config().and_then(|config| config.get_path("core.hooksPath")).ok();
        if let Some(path) = named.and_then(|path| Utf8PathBuf::from_path_buf(path).ok()).filter(|path| !path.as_str().is_empty())
        {
            // A relative one begins where hooks run, at the top of the work tree.
            return (self.top.join(path), true);
        }
        let common = Utf8PathBuf::from_path_buf(self.repository.commondir().to_owned());
        (common.unwrap_or_else(|_| self.top.join(".git")).join("hooks"), false)
    }
}

/// Whether a file gets new bytes. Submodules have none of their own.
fn is_added(delta: &DiffDelta<'_>) -> bool {
    let is_new = matches!(delta.status(), Delta::Added | Delta::Modified | Delta::Renamed | Delta::Copied | Delta::Typechange);
    is_new
        && matches!(
            delta.new_file().mode(),
            FileMode::Blob | FileMode::BlobExecutable | FileMode::BlobGroupWritable | FileMode::Link
        )
}
