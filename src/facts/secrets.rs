//! What is known about `.env` files, and what must not leak; never a value.
//!
//! A name is held only when it cannot be a value that somebody pasted in its place ([`format::shown_name`]).

pub mod declared;
pub mod format;

use camino::Utf8PathBuf;

use super::Fact;
pub use crate::secret::shapes::Shape;
pub use format::{Fault, FaultKind};

/// What is known about `.env` files, and what must not leak; never a value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Secrets {
    /// The `.env` files that are there or should be.
    pub files: Fact<Vec<EnvFile>>,
    /// Whether Nix copies a `.env` into the store.
    pub store: Fact<StoreCopy>,
    /// Whether an image takes a `.env` along.
    pub image: Fact<ImageCopy>,
    /// The `.env` files that commits hold.
    pub history: Fact<History>,
    /// Tokens in any file of any commit.
    pub history_tokens: Fact<Vec<Leak>>,
    /// Tokens in Nix files and `.envrc`.
    pub in_nix_files: Fact<Vec<Leak>>,
}

/// A `.env` file that is there or should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvFile {
    /// Where it is, as an absolute path.
    pub path: Utf8PathBuf,
    /// Where it is, from the project's directory.
    pub name: String,
    /// The example beside it.
    pub example: Option<Utf8PathBuf>,
    /// The files that declare its variables.
    pub declared_in: Vec<String>,
    /// What declared variables lack.
    pub gaps: Vec<Gap>,
    /// What can be said about the file; `None` when it is not there.
    pub content: Fact<Option<EnvContent>>,
    /// What git does with it.
    pub privacy: Fact<Privacy>,
}

/// What can be said about a `.env` without telling a value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EnvContent {
    /// How it is written, where programs read it differently.
    pub faults: Vec<Fault>,
    /// Its permission bits.
    pub mode: u32,
    /// Whether it belongs to the user.
    pub is_own: bool,
    /// Whether others can put another file in its place, because they may change its directory.
    pub is_replaceable: bool,
    /// Whether every value is encrypted, so that it may be committed (`encrypted:` of dotenvx).
    pub is_encrypted: bool,
    /// Whether a value looks like a secret.
    pub holds_secret: bool,
}

impl EnvFile {
    /// Whether it is one that some frameworks expect to be committed, and holds nothing that looks like a secret.
    pub fn is_public(&self) -> bool {
        let content = self.content.known().and_then(Option::as_ref);
        content.is_some_and(|content| content.is_encrypted || (is_committed_by_custom(&self.name) && !content.holds_secret))
    }
}

/// What a declared variable lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// The variable.
    pub key: String,
    /// What it lacks.
    pub kind: GapKind,
    /// Whether the project cannot run with it.
    pub blocks: bool,
}

/// What a variable lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GapKind {
    /// It is not there.
    Missing,
    /// It has no value.
    Empty,
    /// Its value is the text of an example.
    Placeholder,
    /// Its value cannot be right, as a fragment without the value.
    Rejected(String),
}

/// What git does with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Privacy {
    /// A `.gitignore` of the project ignores it.
    Ignored,
    /// A `.gitignore` ignores it by a rule that is not committed yet.
    IgnoredFromNextCommit,
    /// Only a rule of this machine ignores it, which nobody else has.
    IgnoredHereOnly,
    /// Nothing ignores it.
    NotIgnored,
    /// It is tracked.
    Tracked,
}

/// Whether Nix copies a `.env` into the store, where everybody can read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreCopy {
    /// The flake is in a git repository, which copies tracked files only.
    TrackedFilesOnly,
    /// The flake is in no git repository, so that everything in its directory is copied.
    WholeDirectory {
        /// The `.env` files that are copied.
        files: Vec<String>,
    },
    /// The flake is named as `path:`, so that everything in its directory is copied.
    PathReference {
        /// Where it is named, as file and line.
        place: String,
        /// The `.env` files that are copied.
        files: Vec<String>,
    },
}

/// Whether a container image takes a `.env` along.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImageCopy {
    /// Something keeps every `.env` out.
    KeptOut,
    /// A line copies a whole directory, and nothing keeps these files out.
    Copied {
        /// The line, as file and line.
        place: String,
        /// The `.env` files that are copied.
        files: Vec<String>,
        /// The file with the rules, which may not be there.
        ignore: Utf8PathBuf,
    },
}

/// Whether others may change what is in a directory, by its mode, its group and its owner. A group that has the number of a user
/// is, by custom, of that user alone; with the sticky bit one changes only what is one's own.
pub const fn is_open_directory(mode: u32, group: u32, owner: u32) -> bool {
    let is_sticky = mode & 0o1000 != 0;
    !is_sticky && (mode & 0o002 != 0 || (mode & 0o020 != 0 && group != owner))
}

/// The `.env` files that commits hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    /// The files, each once.
    pub files: Vec<HistoricFile>,
    /// How many commits were looked at.
    pub commits: usize,
    /// Whether these were all.
    pub is_complete: bool,
}

/// A `.env` file that a commit holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoricFile {
    /// Where it is, from the project's directory.
    pub name: String,
    /// The newest commit that holds it, shortened.
    pub commit: String,
    /// Variables with a value, where the name may be shown.
    pub variables: Vec<String>,
    /// Whether a value looks like a secret.
    pub holds_secret: bool,
}

/// A place that holds what looks like a secret.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Leak {
    /// The file, with its commit before it when it is in history.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// What it looks like.
    pub shape: Shape,
}

impl Leak {
    /// `file:line: what it is`.
    pub fn describe(&self) -> String {
        format!("{}:{}: {}", self.file, self.line, self.shape.describe())
    }
}

/// Whether a file name is that of a `.env` that holds values, not of an example or a schema.
pub fn is_env_file(name: &str) -> bool {
    let Some(rest) = name.strip_prefix(".env") else { return false };
    let example = ["example", "sample", "template", "schema", "dist", "defaults", "vault", "lock"];
    let has_values = |rest: &str| !rest.split('.').any(|word| example.contains(&word)) && !rest.contains("nixstart-");
    rest.is_empty() || rest.strip_prefix('.').is_some_and(has_values)
}

/// Whether a file name is one that some frameworks expect to be committed, with public values only (`.env.production`).
pub fn is_committed_by_custom(name: &str) -> bool {
    let mode = name.rsplit('/').next().and_then(|name| name.strip_prefix(".env."));
    mode.is_some_and(|mode| mode != "keys" && mode != "local" && !mode.ends_with(".local"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_open_when_others_may_change_it() {
        let open = [(0o777, 1, 1), (0o775, 100, 1000)];
        let closed = [(0o755, 100, 1000), (0o775, 1000, 1000), (0o1777, 0, 0), (0o700, 0, 0)];
        assert!(open.iter().all(|(mode, group, owner)| is_open_directory(*mode, *group, *owner)));
        assert!(!closed.iter().any(|(mode, group, owner)| is_open_directory(*mode, *group, *owner)));
    }

    #[test]
    fn knows_files_with_values_from_examples() {
        for name in [".env", ".env.local", ".env.production", ".env.production.local", ".env.keys"] {
            assert!(is_env_file(name), "{name}");
        }
        for name in [".envrc", ".env.example", ".env.local.example", ".env.schema", "env", ".environment", ".env.nixstart-a1"] {
            assert!(!is_env_file(name), "{name}");
        }
        assert!(is_committed_by_custom("apps/web/.env.production"));
        assert!(!is_committed_by_custom(".env") && !is_committed_by_custom(".env.local") && !is_committed_by_custom(".env.keys"));
    }
}
