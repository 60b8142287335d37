//! The place a project is going to be, as it was found before anything was planned.

use camino::Utf8PathBuf;

use super::record::Record;

/// What is known about the directory of a project.
#[derive(Debug, Clone, Default)]
pub struct Site {
    /// The directory, as an absolute path.
    pub path: Utf8PathBuf,
    /// Whether it exists.
    pub exists: bool,
    /// Whether it is the top of a git repository.
    pub is_repository: bool,
    /// The work tree around it, when there is one.
    pub parent_repository: Option<Utf8PathBuf>,
    /// The record of the project that is there already.
    pub record: Option<Record>,
    /// The text of its `.gitignore`.
    pub gitignore: Option<String>,
    /// The variables that have a value in its `.env`, when there is one.
    pub env_keys: Option<Vec<String>>,
    /// Whether git tracks its `.env`, which is a leak.
    pub env_is_tracked: bool,
    /// Whether a repository that exists already ignores its `.env`.
    pub env_is_ignored: bool,
}
