//! What comes of an order.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use camino::Utf8PathBuf;

use super::{App, Errand};
use crate::facts::direnv::standing::Standing;
use crate::nix::dev_shells::DevShell;
use crate::process::Process;
use crate::secret::form::Form;
use crate::tui::screen::dash::Ailment;

/// What is told to the screens.
#[derive(Debug, Clone, PartialEq)]
pub enum News {
    /// How the `.envrc` files stand.
    Standings(Vec<Standing>),
    /// The dev shells; no flake has none to tell of.
    Shells(Result<Option<Vec<DevShell>>, String>),
    /// What the checks found.
    Health(Result<Vec<Ailment>, String>),
    /// The apps that have variables.
    Sheets(Vec<(App, String)>),
    /// The variables of one, with their title.
    Sheet(App, Result<Sealed<(String, Form)>, String>),
    /// What an `.envrc` says: its bytes, and its text without secrets.
    Envrc(Utf8PathBuf, Result<(Vec<u8>, String), String>),
    /// direnv was told something, or not.
    Told(Result<String, String>),
    /// The processes that the project declares by now, or why that cannot be understood.
    Declared(Result<Vec<Process>, String>),
    /// Files of the project came, went or were changed.
    Changed(Vec<Utf8PathBuf>),
    /// Somebody came back from an errand, with its exit code.
    Back(Errand, Result<i32, String>),
    /// The variables of an app were saved, or why not.
    Saved(App, Result<(), String>),
}

/// Something that is handed over once. It may hold secrets, and `Debug` does not show it.
pub struct Sealed<T>(Arc<Mutex<Option<T>>>);

impl<T> Sealed<T> {
    /// Seals something.
    pub fn new(content: T) -> Self {
        Self(Arc::new(Mutex::new(Some(content))))
    }

    /// Takes it out; whoever comes second finds nothing.
    pub fn open(&self) -> Option<T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl<T> Clone for Sealed<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> PartialEq for Sealed<T> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl<T> fmt::Debug for Sealed<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Sealed")
    }
}
