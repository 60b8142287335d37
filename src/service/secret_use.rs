//! How a service gets a secret.

use super::fields::Fields;

/// How a service gets a secret.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SecretUse {
    /// As a variable.
    #[default]
    Env,
    /// As a file.
    File,
}

impl SecretUse {
    /// Reads `{ as = "env" }`.
    pub(super) fn read(fields: &mut Fields<'_, '_>) -> Self {
        let word = |word: &str| match word {
            "env" => Some(Self::Env),
            "file" => Some(Self::File),
            _ => None,
        };
        fields.word("as", "`env` or `file`", word).unwrap_or_default()
    }
}
