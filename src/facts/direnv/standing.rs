//! How an `.envrc` stands: whether direnv may load it, what is kept of it, and whether it is loaded here.

use camino::Utf8PathBuf;

use super::cache::Cache;
use super::{Envrc, Permission};
use crate::facts::Fact;

/// How an `.envrc` stands, as files and the environment tell; direnv is not asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The file and what it activates.
    pub envrc: Envrc,
    /// Whether direnv may load it.
    pub permission: Permission,
    /// What nix-direnv keeps of it.
    pub cache: Fact<Cache>,
    /// Whether it is loaded.
    pub loaded: Loaded,
}

/// Where an environment is loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Loaded {
    /// This one, in the shell nixstart was started from.
    Here,
    /// That of another `.envrc`.
    Elsewhere(Utf8PathBuf),
    /// None at all.
    No,
}

impl Loaded {
    /// What is loaded, seen from an `.envrc`.
    pub fn of(envrc: &camino::Utf8Path, loaded: Option<Utf8PathBuf>) -> Self {
        match loaded {
            Some(path) if path == envrc => Self::Here,
            Some(path) => Self::Elsewhere(path),
            None => Self::No,
        }
    }
}
