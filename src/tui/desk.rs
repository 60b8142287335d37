//! What the screens about the project ask for: its shells, its health, its variables. Threads do it and send messages; Nix is asked
//! only when somebody has asked, files are looked at while somebody looks.

mod clerk;
pub mod errand;
pub mod inquiry;
pub mod news;

use std::fmt;
use std::sync::Arc;

use camino::Utf8PathBuf;

use super::screen::dash::Tab;
use crate::error::Result;
use crate::process::Process;
use crate::secret::form::Form;
pub(super) use clerk::Clerk;
pub use errand::Errand;
pub use news::{News, Sealed};

/// An app of a monorepo by its name; `None` is the file of the directory itself.
pub type App = Option<String>;

/// What the screens about the project are given.
#[derive(Debug, Clone)]
pub struct Desk {
    /// The top of the project.
    pub directory: Utf8PathBuf,
    /// Its variables.
    pub sheets: Sheets,
    /// The processes that it declares.
    pub declared: Declared,
}

/// Reads the processes that a project declares, each at rest. It may be called from any thread.
#[derive(Clone)]
pub struct Declared(pub Arc<dyn Fn() -> Result<Vec<Process>> + Send + Sync>);

impl fmt::Debug for Declared {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Declared")
    }
}

/// Reads the title and the form of an app's variables.
pub type Read = dyn Fn(&App) -> Result<(String, Form)> + Send + Sync;
/// Saves what was changed in the form of an app's variables.
pub type Save = dyn Fn(&App, &Form) -> Result<()> + Send + Sync;

/// How the variables of a project are found, read and saved. It may be called from any thread, but for the last.
#[derive(Clone)]
pub struct Sheets {
    /// The apps that have variables, each with the name of its file.
    pub list: Arc<dyn Fn() -> Vec<(App, String)> + Send + Sync>,
    /// The title and the form of one.
    pub read: Arc<Read>,
    /// Saves what was changed in a form. It prints, so the screen is given back meanwhile.
    pub save: Arc<Save>,
}

impl fmt::Debug for Sheets {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Sheets")
    }
}

/// What a screen asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// A screen is looked at from now on.
    Seen(Tab),
    /// Nix evaluates the shells.
    Evaluate,
    /// The checks are run.
    Examine,
    /// The files with variables are named.
    List,
    /// The variables of an app are read.
    Read(App),
    /// An `.envrc` is read, to be shown.
    ShowEnvrc(Utf8PathBuf),
    /// direnv may load an `.envrc` that still says what was seen.
    Allow(Utf8PathBuf, Vec<u8>),
    /// direnv must not load an `.envrc`.
    Deny(Utf8PathBuf),
}
