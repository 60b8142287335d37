//! What is found out and done for the screens about the project: the same with a screen and without one. Errors are words for people.

use camino::Utf8Path;

use super::{App, Desk};
use crate::doctor;
use crate::error::{Error, Result};
use crate::facts::direnv::standing::Standing;
use crate::host::probe::{Reach, Vantage};
use crate::host::{checkup, dev_shells, direnv};
use crate::nix::dev_shells::DevShell;
use crate::process::Process;
use crate::secret::form::Form;
use crate::tui::screen::dash::Ailment;
use crate::ui::redaction;

/// Something, or why not, in words that hold no secret.
pub type Told<T> = std::result::Result<T, String>;

/// What an `.envrc` says: its bytes, and its text without secrets.
pub type EnvrcText = (Vec<u8>, String);

/// An error in a line, with the last of what a tool said, and without a secret.
pub(super) fn told(error: Error) -> String {
    let output = error.output().to_owned();
    let last: Vec<&str> = output.lines().filter(|line| !line.trim().is_empty()).rev().take(12).collect();
    let lines: Vec<&str> = last.into_iter().rev().collect();
    let hints: Vec<String> = error.hints().iter().map(|hint| format!("hint: {hint}")).collect();
    let text = std::iter::once(error.message()).chain(lines.into_iter().map(str::to_owned)).chain(hints);
    redaction::redact(&text.collect::<Vec<_>>().join("\n"))
}

impl Desk {
    /// The processes that the project declares.
    pub(super) fn declared(&self) -> Told<Vec<Process>> {
        (self.declared.0)().map_err(|error| redaction::redact(&error.message()))
    }

    /// The dev shells as Nix evaluates them, for as long as somebody wants to know; no flake has none to tell of.
    pub fn shells(&self, is_wanted: &dyn Fn() -> bool) -> Told<Option<Vec<DevShell>>> {
        dev_shells::around(&self.directory, is_wanted).map_err(told)
    }

    /// How direnv stands to each `.envrc`.
    pub fn standings(&self) -> Vec<Standing> {
        direnv::standings(&self.directory).unwrap_or_default()
    }

    /// What the checks find, without the network.
    pub fn ailments(&self) -> Told<Vec<Ailment>> {
        self.examine().map_err(told)
    }

    fn examine(&self) -> Result<Vec<Ailment>> {
        let vantage = Vantage::here(Reach { network: false, deep: false })?;
        let vantage = Vantage { directory: self.directory.clone(), ..vantage };
        let findings = doctor::examine(&checkup::gather(&vantage).facts, |_| true);
        Ok(findings.iter().map(|finding| Ailment::of(finding, &redaction::redact)).collect())
    }

    /// The title and the form of an app's variables.
    pub fn sheet(&self, app: &App) -> Told<(String, Form)> {
        (self.sheets.read)(app).map_err(told)
    }
}

/// What an `.envrc` says.
pub fn envrc(path: &Utf8Path) -> Told<EnvrcText> {
    let read = direnv::read(path).map(|bytes| {
        let text = redaction::redact(&String::from_utf8_lossy(&bytes));
        (bytes, text)
    });
    read.map_err(told)
}

/// Lets direnv load an `.envrc` that still says what was seen; returns what is said of it.
pub fn allow(path: &Utf8Path, seen: &[u8]) -> Told<String> {
    direnv::allow(path, seen).map(|()| format!("direnv may load {path}")).map_err(told)
}

/// Keeps direnv from loading an `.envrc`; returns what is said of it.
pub fn deny(path: &Utf8Path) -> Told<String> {
    direnv::deny(path).map(|()| format!("direnv does not load {path}")).map_err(told)
}
