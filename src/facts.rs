//! What is known about a machine and a project before anything is judged or planned: plain values, gathered by
//! `host::probe`, read by `doctor` and `setup`. No fact holds a secret, only what can be said about one.

pub mod config;
pub mod daemon;
pub mod devenv;
pub mod direnv;
pub mod flake;
pub mod git;
pub mod images;
pub mod network;
pub mod nix;
pub mod node;
pub mod packages;
pub mod processes;
pub mod secrets;
pub mod shell;
pub mod store;
pub mod system;
pub mod terminal;
pub mod text_file;

use std::fmt;

pub use config::Config;
pub use daemon::Daemon;
pub use devenv::Devenv;
pub use direnv::Direnv;
pub use flake::Flake;
pub use git::Git;
pub use images::Images;
pub use network::Network;
pub use nix::Nix;
pub use node::Node;
pub use packages::Packages;
pub use processes::Processes;
pub use secrets::Secrets;
pub use shell::Shell;
pub use store::Store;
pub use system::System;
pub use terminal::Terminal;

/// Something that was looked for: its value, or why it is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact<T> {
    /// What was found.
    Known(T),
    /// Why it is not known.
    Unknown(Unknown),
}

/// Why a fact is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unknown {
    /// It does not exist on a machine or in a project like this one, as a fragment (`this is not macOS`).
    Irrelevant(String),
    /// Nobody looked, as a fragment (`--offline`, `only with --deep`).
    NotLooked(String),
    /// Looking took too long.
    TimedOut {
        /// How long it was waited for, in milliseconds.
        milliseconds: u64,
        /// What was waited for.
        what: String,
    },
    /// Looking failed, as a fragment.
    Failed(String),
}

impl<T> Default for Fact<T> {
    fn default() -> Self {
        Self::Unknown(Unknown::NotLooked("it was not looked at".to_owned()))
    }
}

impl<T> From<T> for Fact<T> {
    fn from(value: T) -> Self {
        Self::Known(value)
    }
}

impl<T> Fact<T> {
    /// A fact that makes no sense here.
    pub fn irrelevant(why: impl Into<String>) -> Self {
        Self::Unknown(Unknown::Irrelevant(why.into()))
    }

    /// A fact nobody looked for.
    pub fn not_looked(why: impl Into<String>) -> Self {
        Self::Unknown(Unknown::NotLooked(why.into()))
    }

    /// A fact that could not be found out.
    pub fn failed(why: impl fmt::Display) -> Self {
        Self::Unknown(Unknown::Failed(why.to_string()))
    }

    /// The value, or why there is none; made for `?` in a check.
    pub fn get(&self) -> Result<&T, Unknown> {
        match self {
            Self::Known(value) => Ok(value),
            Self::Unknown(why) => Err(why.clone()),
        }
    }

    /// The value, when it is known.
    pub const fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Unknown(_) => None,
        }
    }

    /// The fact about something that follows from this one.
    pub fn map<U>(self, follow: impl FnOnce(T) -> U) -> Fact<U> {
        match self {
            Self::Known(value) => Fact::Known(follow(value)),
            Self::Unknown(why) => Fact::Unknown(why),
        }
    }
}

impl fmt::Display for Unknown {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Irrelevant(why) | Self::NotLooked(why) | Self::Failed(why) => formatter.write_str(why),
            Self::TimedOut { milliseconds, what } => write!(formatter, "{what} took longer than {milliseconds} ms"),
        }
    }
}

/// Everything that is known, by subject.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// The operating system, disks, clock and limits.
    pub system: System,
    /// The way to caches and registries.
    pub network: Network,
    /// The `nix` programs of the machine.
    pub nix: Nix,
    /// The Nix daemon and the users it builds as.
    pub daemon: Daemon,
    /// Nix's settings.
    pub config: Config,
    /// The Nix store.
    pub store: Store,
    /// The user's shells.
    pub shell: Shell,
    /// Direnv and nix-direnv.
    pub direnv: Direnv,
    /// Devenv.
    pub devenv: Devenv,
    /// Git and the repository of the project.
    pub git: Git,
    /// The flake of the project.
    pub flake: Flake,
    /// `.env` files, and what must not leak; never a value.
    pub secrets: Secrets,
    /// Node, pnpm and Turborepo.
    pub node: Node,
    /// Container images and registries.
    pub images: Images,
    /// Processes, ports and sockets of the project.
    pub processes: Processes,
    /// The terminal.
    pub terminal: Terminal,
    /// The package manager of the system; what it offers is filled in by `setup` only.
    pub packages: Packages,
    /// Subjects whose probe broke, so that nothing is known of them.
    pub broken: Vec<&'static str>,
    /// Subjects whose probe did not come back in time.
    pub late: Vec<&'static str>,
}
