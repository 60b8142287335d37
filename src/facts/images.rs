//! What is known about container images and registries; never a credential.

pub mod auth;
pub mod workflow;

use camino::Utf8PathBuf;

use super::Fact;
pub use auth::Login;
pub use workflow::Workflow;

/// What is known about container images and registries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Images {
    /// Where the project pushes images, scripts and flakes first.
    pub pushes: Fact<Vec<Push>>,
    /// The `skopeo` on PATH.
    pub skopeo: Fact<Option<Utf8PathBuf>>,
    /// The files that hold logins.
    pub auth_files: Fact<Vec<AuthFile>>,
    /// Registries the project pushes to from here, and whether there is a login for each.
    pub registries: Fact<Vec<Registry>>,
    /// Whether `GITHUB_TOKEN` is set here.
    pub has_github_token: Fact<bool>,
    /// Workflows that push an image.
    pub workflows: Fact<Vec<Workflow>>,
    /// Whether this Mac can build for Linux.
    pub linux_builder: Fact<LinuxBuilder>,
}

/// A line that pushes an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Push {
    /// The file, from the project's directory.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The program that pushes.
    pub tool: String,
    /// The registry, when the line names it.
    pub host: Option<String>,
    /// Whether the line runs in CI and not here.
    pub is_workflow: bool,
}

impl Push {
    /// `file:line`.
    pub fn place(&self) -> String {
        format!("{}:{}", self.file, self.line)
    }
}

/// A file that holds logins of registries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthFile {
    /// Where it is.
    pub path: Utf8PathBuf,
    /// Its permission bits.
    pub mode: u32,
    /// Whether passwords are in it, not with a helper.
    pub holds_passwords: bool,
    /// The registries it has logins for.
    pub logins: Vec<(String, Login)>,
}

/// A registry that the project pushes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registry {
    /// Its name.
    pub host: String,
    /// Whether there is a login, and how it is kept.
    pub login: Fact<Option<Login>>,
}

/// Whether a Mac can build for Linux.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinuxBuilder {
    /// Whether the project builds something for Linux.
    pub is_needed: bool,
    /// Whether a builder for Linux is set up.
    pub is_set_up: bool,
}
