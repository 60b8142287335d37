//! Secret values while a command runs: in memory only, and resolved by key at the moment of writing.

use std::collections::BTreeMap;
use std::fmt;

use camino::{Utf8Path, Utf8PathBuf};
use secrecy::{ExposeSecret, SecretString};

use super::env_file::Standing;
use super::random;
use crate::dotenv::{self, Document};
use crate::error::{Error, Result};
use crate::plan::{SecretEntry, SecretSource};
use crate::secret::generate::{generate, wanted_bytes};

/// Values that were typed or came on standard input, by key, and files that were made of them.
#[derive(Default)]
pub struct Vault {
    values: BTreeMap<String, SecretString>,
    prepared: BTreeMap<Utf8PathBuf, Prepared>,
}

/// A `.env` as it is going to be.
#[derive(Debug)]
pub struct Prepared {
    /// The file it was made from, or that it is going to be.
    pub from: Standing,
    /// What takes its place.
    pub document: Document,
}

impl fmt::Debug for Vault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.values.keys()).finish()
    }
}

impl Vault {
    /// Puts a value in.
    pub fn insert(&mut self, key: &str, value: SecretString) {
        self.values.insert(key.to_owned(), value);
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&SecretString> {
        self.values.get(key)
    }

    /// Keeps a file as it is going to be, so that it is not made twice.
    pub fn prepare(&mut self, path: &Utf8Path, prepared: Prepared) {
        self.prepared.insert(path.to_owned(), prepared);
    }

    /// A file as it is going to be.
    pub fn prepared(&self, path: &Utf8Path) -> Option<&Prepared> {
        self.prepared.get(path)
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
            SecretSource::Generated { .. } if self.get(&entry.name).is_some() => Ok(self.get(&entry.name).cloned()),
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
