//! What is known about Node, pnpm and Turborepo.

pub mod lock;
pub mod wish;

use camino::Utf8PathBuf;
use semver::Version;

use super::Fact;
use crate::nix::hashes::Freshness;
pub use lock::Mismatch;
pub use wish::{PackageManager, Wish};

/// What is known about Node, pnpm and Turborepo.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Node {
    /// What the project asks of Node.
    pub wish: Fact<Wish>,
    /// Every `node` on PATH, the first first.
    pub on_path: Fact<Vec<NodeOnPath>>,
    /// The version of the first `node` on PATH.
    pub version: Fact<Version>,
    /// The package manager that `package.json` names.
    pub package_manager: Fact<Option<PackageManager>>,
    /// The `pnpm` on PATH.
    pub pnpm: Fact<Option<Pnpm>>,
    /// The lock file of the project.
    pub lock: Fact<Lock>,
    /// What Turborepo compares with.
    pub turbo: Fact<Turbo>,
    /// How the hash of the dependencies in `nix/hashes.json` stands to the lock file; `None` without such a hash.
    pub hash: Fact<Option<Freshness>>,
}

/// A `node` on PATH.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeOnPath {
    /// Where it is found.
    pub path: Utf8PathBuf,
    /// Who brought it.
    pub origin: Origin,
}

/// Who brought a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nix: it is in the store.
    Nix,
    /// A version manager, by its name.
    Manager(&'static str),
    /// Something else, mostly the system.
    Other,
}

/// The `pnpm` on PATH.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pnpm {
    /// Where it is found.
    pub path: Utf8PathBuf,
    /// Whether it is the shim of corepack, which downloads the version that a project names.
    pub is_corepack: bool,
    /// Its version; not asked for behind corepack, which would download it.
    pub version: Fact<Version>,
}

/// The lock file of the project.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lock {
    /// The name of the file.
    pub file: String,
    /// The package manager it belongs to.
    pub manager: String,
    /// Whether it is there.
    pub exists: bool,
    /// Whether git tracks it; `None` outside a repository.
    pub is_tracked: Option<bool>,
    /// Whether a merge left its marks in it.
    pub has_conflict: bool,
    /// Whether `package.json` names anything that is to be locked.
    pub is_needed: bool,
    /// Where it does not fit `package.json`.
    pub mismatches: Vec<Mismatch>,
    /// Lock files of other package managers beside it.
    pub others: Vec<String>,
}

/// What Turborepo compares with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Turbo {
    /// Whether the clone lacks old commits.
    pub is_shallow: bool,
    /// Whether there is any commit.
    pub has_commits: bool,
    /// The branch it compares with, and whether `TURBO_SCM_BASE` names it.
    pub base: String,
    /// Whether the variable names it.
    pub is_base_set: bool,
    /// Whether the branch is there, here or at `origin`.
    pub has_base: bool,
    /// The branches that are there and could be meant.
    pub branches: Vec<String>,
    /// Workflow lines that run Turborepo on what changed after a checkout of one commit only.
    pub shallow_workflows: Vec<String>,
}

/// The version manager that a directory of PATH belongs to.
pub fn manager_of(directory: &str) -> Option<&'static str> {
    let marks = [
        ("/.nvm/", "nvm"),
        ("fnm_multishells", "fnm"),
        ("/fnm/", "fnm"),
        ("/.volta/", "Volta"),
        ("/.asdf/", "asdf"),
        ("/mise/", "mise"),
        ("/.nodenv/", "nodenv"),
        ("/.nodebrew/", "nodebrew"),
        ("/n/versions/", "n"),
        ("/.n/bin", "n"),
        ("/.proto/", "proto"),
    ];
    let directory = format!("{directory}/");
    marks.into_iter().find(|(mark, _)| directory.contains(mark)).map(|(_, manager)| manager)
}
