//! Secret values while a command runs: in memory only, and resolved by key at the moment of writing.

use std::collections::BTreeMap;
use std::fmt;

use secrecy::{ExposeSecret, SecretString};

use super::random;
use crate::dotenv;
use crate::error::{Error, Result};
use crate::plan::{SecretEntry, SecretSource};
use crate::secret::generate::{generate, wanted_bytes};

/// Values that were typed or came on standard input, by key.
#[derive(Default)]
pub struct Vault(BTreeMap<String, SecretString>);

impl fmt::Debug for Vault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.0.keys()).finish()
    }
}

impl Vault {
    /// Puts a value in.
    pub fn insert(&mut self, key: &str, value: SecretString) {
        self.0.insert(key.to_owned(), value);
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&SecretString> {
        self.0.get(key)
    }

    /// Whether there is a value for an entry, as far as is known now.
    pub fn has_value(&self, entry: &SecretEntry) -> bool {
        self.resolve(entry).is_ok_and(|value| value.is_some_and(|value| !value.expose_secret().is_empty()))
    }

    /// The value of an entry, wherever it comes from. `None` is an entry that is left for later.
    pub fn resolve(&self, entry: &SecretEntry) -> Result<Option<SecretString>> {
        match &entry.source {
            SecretSource::Entered | SecretSource::StandardInput => Ok(self.get(&entry.name).cloned()),
            SecretSource::Default { value } => Ok(Some(value.clone().into())),
            SecretSource::Generated { how } => Ok(Some(generate(how, &random::bytes(wanted_bytes(how))?).into())),
            SecretSource::Later => Ok(None),
            // What was read and checked before the plan was made is what is written; the file is read again on resume.
            SecretSource::File { path } => match self.get(&entry.name) {
                Some(value) => Ok(Some(value.clone())),
                None => Ok(dotenv::read(&fs_err::read_to_string(path).map_err(Error::from)?)
                    .into_iter()
                    .find(|found| found.key == entry.name)
                    .map(|found| found.value)),
            },
        }
    }
}
