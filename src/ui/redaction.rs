//! The secrets of this run, which no message may repeat: whoever reads a `.env` says which values it holds.
//!
//! They are kept for the whole process, because a bug is reported without a [`super::Ui`] at hand.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use secrecy::{ExposeSecret, SecretString};

use crate::dotenv::{self, Document};
use crate::facts::secrets::format::may_be_piece;
use crate::secret::Redactor;

static KNOWN: Mutex<Known> = Mutex::new(Known { values: Vec::new(), files: Vec::new(), redactor: None });

/// Values by name, and what seeks them. It is made when something is said that may hold one: most runs end without.
struct Known {
    values: Vec<(String, SecretString)>,
    files: Vec<File>,
    redactor: Option<Arc<Redactor>>,
}

/// A `.env` that is taken apart when it has to be.
#[derive(Clone)]
struct File {
    document: Arc<Document>,
    names: Names,
}

/// What is declared of the variables of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// Those that everybody may see.
    pub public: BTreeSet<String>,
    /// Those that nobody may see.
    pub secret: BTreeSet<String>,
}

impl Names {
    /// Whether a value is kept out. Of variables that nobody declares, words stay: our own sentences are made of them, and a
    /// secret is hardly ever one.
    fn keep_out(&self, key: &str, value: &str) -> bool {
        !self.public.contains(key) && (self.secret.contains(key) || names_secret(key) || !is_word(value))
    }

    /// Whether a name itself is kept out.
    fn may_be_piece(&self, key: &str, value: &str) -> bool {
        !self.public.contains(key) && !self.secret.contains(key) && may_be_piece(key, value)
    }
}

/// Whether a name says, in any of the usual ways, that there may be a secret.
fn names_secret(key: &str) -> bool {
    let parts =
        ["PASS", "PWD", "SECRET", "TOKEN", "KEY", "AUTH", "CRED", "PIN", "SALT", "SIGN", "PHRASE", "SEED", "CODE", "HASH"];
    let key = key.to_ascii_uppercase();
    parts.iter().any(|part| key.contains(part))
}

/// Whether a value is a word as sentences have it: small letters alone, and few of them.
fn is_word(value: &str) -> bool {
    value.len() <= 10 && value.bytes().all(|byte| byte.is_ascii_lowercase())
}

impl Known {
    /// How much is known; it only grows.
    const fn size(&self) -> (usize, usize) {
        (self.values.len(), self.files.len())
    }
}

impl File {
    fn secrets(&self) -> Vec<(String, SecretString)> {
        let entries = dotenv::entries(&self.document);
        let pieces = entries.iter().filter(|entry| self.names.may_be_piece(&entry.key, entry.value.expose_secret()));
        let pieces = pieces.map(|entry| ("hidden name".to_owned(), SecretString::from(entry.key.as_str())));
        let mut secrets: Vec<(String, SecretString)> = pieces.collect();
        let values = entries.into_iter().filter(|entry| self.names.keep_out(&entry.key, entry.value.expose_secret()));
        secrets.extend(values.map(|entry| (entry.key, entry.value)));
        secrets
    }
}

fn lock() -> MutexGuard<'static, Known> {
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Keeps values out of everything that is said from now on.
pub fn keep_out(values: impl IntoIterator<Item = (String, SecretString)>) {
    let mut known = lock();
    for (name, value) in values {
        let is_it = |(other, known): &(String, SecretString)| *other == name && known.expose_secret() == value.expose_secret();
        // Whatever runs for long learns the same again and again.
        if !known.values.iter().any(is_it) {
            known.values.push((name, value));
            known.redactor = None;
        }
    }
}

/// Keeps the values of a `.env` out of everything that is said from now on, but those that everybody may see.
pub fn keep_out_of_file(document: Arc<Document>, names: Names) {
    let mut known = lock();
    let is_it = |file: &File| file.document.as_bytes() == document.as_bytes() && file.names == names;
    if !known.files.iter().any(is_it) {
        known.files.push(File { document, names });
        known.redactor = None;
    }
}

/// What takes the secrets of this run out of text.
pub fn redactor() -> Arc<Redactor> {
    let (values, size) = {
        let known = lock();
        if let Some(redactor) = &known.redactor {
            return Arc::clone(redactor);
        }
        let size = known.size();
        let mut values = known.values.clone();
        let files = known.files.clone();
        drop(known);
        values.extend(files.iter().flat_map(File::secrets));
        (values, size)
    };
    // Without the lock: a bug in here is reported by the same thread.
    let redactor = Arc::new(Redactor::new(values.iter().map(|(name, value)| (name.as_str(), value))));
    let mut known = lock();
    // What was learnt meanwhile it does not know.
    if known.size() == size {
        known.redactor = Some(Arc::clone(&redactor));
    }
    redactor
}

/// A text without the secrets of this run and without what looks like a token.
pub fn redact(text: &str) -> String {
    redactor().redact(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_variables_that_nobody_declares_stay() {
        let names = Names { public: ["PUBLIC".to_owned()].into(), secret: ["DECLARED".to_owned()].into() };
        let kept_out = |key: &str, value: &str| names.keep_out(key, value);
        assert!(!kept_out("X", "variable") && !kept_out("PUBLIC", "s3cr3t-s3cr3t"));
        for (key, value) in [("DECLARED", "variable"), ("DB_PASSWORD", "variable"), ("X", "v4riable"), ("X", "correcthorse")] {
            assert!(kept_out(key, value), "{key} {value}");
        }
    }
}
