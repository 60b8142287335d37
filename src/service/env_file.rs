//! A file with variables.

use camino::Utf8PathBuf;
use toml::Value;

use super::fields::{Entry, path_in_project};

/// A file with variables for a service, in the form of `.env`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvFile {
    /// Where, relative to the project.
    pub path: Utf8PathBuf,
    /// Whether the service stays off without it.
    pub required: bool,
}

impl EnvFile {
    /// Reads a path or `{ path = "…", required = false }`.
    pub(super) fn read(entry: &mut Entry<'_, '_>) -> Option<Self> {
        if let Value::String(_) = entry.value() {
            return Some(Self { path: path_in_project(entry)?, required: true });
        }
        entry
            .table(|fields| {
                let required = fields.flag("required").unwrap_or(true);
                Some(Self { path: fields.required_path("path")?, required })
            })
            .flatten()
    }
}
