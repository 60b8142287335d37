//! Asking the person: one seam with three ways through it, for a terminal, for a plain one, and for none.

mod headless;
mod inquire;
mod plain;

use std::io;

use secrecy::{ExposeSecret, SecretString};

use crate::error::{Error, ErrorKind, Result};
use crate::question::{Answer, Question};
use crate::secret::{Accepted, Rejection, SecretSpec};
use crate::ui::Ui;

/// A check of what was entered for a secret.
pub type SecretCheck<'a> = &'a dyn Fn(&str) -> std::result::Result<Accepted, Rejection>;

/// A question on its way to a person.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The question.
    pub question: &'a Question,
    /// The answer that Enter gives, and that is taken when nobody can be asked.
    pub default: Option<&'a Answer>,
    /// The flag that answers the question on the command line, for people who cannot be asked.
    pub flag: &'a str,
}

/// Somebody who can be asked, or a stand-in that takes defaults.
pub trait Ask {
    /// Gets an answer.
    fn ask(&mut self, ui: &mut Ui, asked: Asked<'_>) -> Result<Answer>;

    /// Gets the value of a secret; `None` is "later".
    fn secret(&mut self, ui: &mut Ui, spec: &SecretSpec, check: SecretCheck<'_>) -> Result<Option<SecretString>>;

    /// Gets the passphrase of a private key, without showing it; `None` when nobody can be asked.
    fn passphrase(&mut self, ui: &mut Ui, prompt: &str) -> Result<Option<SecretString>>;

    /// Whether a person answers.
    fn is_interactive(&self) -> bool;
}

/// The way to ask that fits the terminal and the user's wish.
pub fn for_terminal(ui: &Ui, no_input: bool) -> Box<dyn Ask> {
    if no_input || !Ui::is_interactive() {
        Box::new(headless::Headless)
    } else if ui.is_plain() {
        Box::new(plain::Plain)
    } else {
        Box::new(inquire::Inquire::new(ui.is_colored()))
    }
}

/// Takes every default and asks nobody.
pub fn defaults() -> Box<dyn Ask> {
    Box::new(headless::Headless)
}

/// Puts the terminal back into the state a shell expects, whatever a prompt was doing with it.
pub fn restore_terminal() {
    crate::ui::screen::leave();
    if crossterm::terminal::is_raw_mode_enabled().unwrap_or(false) {
        let _best_effort = crossterm::terminal::disable_raw_mode();
        let _best_effort = crossterm::execute!(io::stderr(), crossterm::event::DisableBracketedPaste, crossterm::cursor::Show);
    }
}

/// Reads until the check accepts what was entered or nothing is entered, which means "later".
fn accept_secret(
    ui: &mut Ui,
    check: SecretCheck<'_>,
    mut read: impl FnMut(&mut Ui) -> Result<SecretString>,
) -> Result<Option<SecretString>> {
    loop {
        let entered = read(ui)?;
        if entered.expose_secret().trim().is_empty() {
            return Ok(None);
        }
        match check(entered.expose_secret()) {
            Ok(accepted) => {
                accepted.notes.iter().for_each(|note| ui.say(&format!("  {note}")));
                accepted.warnings.iter().for_each(|warning| ui.warn(warning));
                return Ok(Some(accepted.into_value()));
            }
            Err(rejection) => {
                ui.refuse(&rejection.message);
                ui.hint(&rejection.hint);
            }
        }
    }
}

fn interrupted() -> Error {
    Error::new(ErrorKind::Interrupted, "interrupted; nothing was changed")
}

fn declined() -> Error {
    Error::new(ErrorKind::Declined, "cancelled; nothing was changed")
}
