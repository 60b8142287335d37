//! What is known about the flake of the project.

pub mod installer;
pub mod lock;
pub mod source;

use camino::Utf8PathBuf;

use super::Fact;
pub use installer::InstallerStep;
pub use lock::Lock;
pub use source::Input;

/// What is known about the flake of the project.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flake {
    /// The directory that holds `flake.nix`.
    pub root: Fact<Option<Utf8PathBuf>>,
    /// What makes one expect a flake, as a fragment; `None` when nothing does.
    pub expected_by: Fact<Option<String>>,
    /// Nix files of the flake that cannot be parsed.
    pub syntax: Fact<Vec<SyntaxError>>,
    /// Files that the flake needs and git does not track.
    pub untracked: Fact<Vec<Untracked>>,
    /// Files that the flake mentions and git ignores.
    pub ignored: Fact<Vec<String>>,
    /// The system of this machine, in Nix's words.
    pub system: Fact<String>,
    /// The systems that the text of the flake names.
    pub systems: Fact<Systems>,
    /// The dev shells for the system of this machine; evaluated only in depth.
    pub shells: Fact<Vec<String>>,
    /// Why the flake has to see variables; `None` when it need not.
    pub impurity: Fact<Option<String>>,
    /// The lock file.
    pub lock: Fact<Lock>,
    /// How old the newest nixpkgs of the lock file is.
    pub nixpkgs_age: Fact<NixpkgsAge>,
    /// How many tracked files differ from what is committed.
    pub changed: Fact<usize>,
    /// How much Nix copies into the store before it evaluates.
    pub size: Fact<SourceSize>,
    /// Steps of workflows that install Nix.
    pub installers: Fact<Vec<InstallerStep>>,
}

/// Why a Nix file cannot be parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// The file, relative to the flake.
    pub path: String,
    /// The line, counted from 1, when it is known.
    pub line: Option<usize>,
    /// What is wrong.
    pub message: String,
}

/// A file that git does not track and Nix therefore does not see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Untracked {
    /// Its path, relative to the top of the repository.
    pub path: String,
    /// Whether the flake cannot do without it: it is mentioned, or a manifest or lock file of a package manager.
    pub is_needed: bool,
}

/// The systems that the text of a flake names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Systems {
    /// Names that are written out.
    pub named: Vec<String>,
    /// Whether it also takes them from elsewhere.
    pub is_open: bool,
}

/// How old nixpkgs is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NixpkgsAge {
    /// The input of the flake that is nixpkgs, when it has one.
    pub input: Option<String>,
    /// Its age.
    pub days: u64,
}

/// How much Nix copies into the store.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceSize {
    /// In bytes; at least that much when it was not counted to the end.
    pub bytes: u64,
    /// Whether everything was counted.
    pub is_complete: bool,
    /// Whether git says which files are copied.
    pub is_repository: bool,
    /// The largest folders and files at the top, with their bytes.
    pub largest: Vec<(String, u64)>,
}

/// Names of files that a build in a flake cannot do without.
pub fn is_manifest(name: &str) -> bool {
    matches!(
        name,
        "flake.nix"
            | "flake.lock"
            | "devenv.nix"
            | "devenv.yaml"
            | "devenv.lock"
            | "package.json"
            | "package-lock.json"
            | "pnpm-lock.yaml"
            | "pnpm-workspace.yaml"
            | "yarn.lock"
            | "bun.lock"
            | "bun.lockb"
            | "Cargo.toml"
            | "Cargo.lock"
            | "go.mod"
            | "go.sum"
            | "pyproject.toml"
            | "uv.lock"
            | "poetry.lock"
    )
}
