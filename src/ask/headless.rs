//! Nobody can be asked: defaults are taken and said, and a question without one names the flag that answers it.

use secrecy::SecretString;

use super::{Ask, Asked, SecretCheck};
use crate::error::{Error, ErrorKind, Result};
use crate::question::Answer;
use crate::secret::SecretSpec;
use crate::ui::Ui;

/// The stand-in for a person.
pub(super) struct Headless;

impl Ask for Headless {
    fn ask(&mut self, ui: &mut Ui, asked: Asked<'_>) -> Result<Answer> {
        match asked.default {
            Some(default) => {
                ui.say(&format!("{}: {} (default; `{}` chooses another)", asked.question.name, default.display(), asked.flag));
                Ok(default.clone())
            }
            None => Err(Error::new(
                ErrorKind::NeedsInput,
                format!("`{}` needs an answer, and there is no terminal to ask on", asked.question.name),
            )
            .hint(format!("answer it with `{}`", asked.flag))),
        }
    }

    fn secret(&mut self, _: &mut Ui, _: &SecretSpec, _: SecretCheck<'_>) -> Result<Option<SecretString>> {
        Ok(None)
    }

    fn passphrase(&mut self, _: &mut Ui, _: &str) -> Result<Option<SecretString>> {
        Ok(None)
    }

    fn is_interactive(&self) -> bool {
        false
    }
}
