//! A configuration file of a service.

use camino::Utf8PathBuf;

use super::fields::{Fields, any_text, mode_of};

/// A configuration file of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigFile {
    /// What is in it.
    pub contents: Contents,
    /// Where the service sees it, when it is a certain place.
    pub path: Option<String>,
    /// Its permission bits.
    pub mode: Option<u32>,
}

/// What is in a configuration file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Contents {
    /// A text of `nixstart.toml`.
    Text(String),
    /// A file of the project.
    Source(Utf8PathBuf),
}

impl ConfigFile {
    /// Reads the table, which has either a `text` or a `source`.
    pub(super) fn read(fields: &mut Fields<'_, '_>) -> Option<Self> {
        if fields.has("text") == fields.has("source") {
            fields.wrong("a table with one of `text` and `source`");
        }
        let text = fields.get("text", "a string", any_text).map(Contents::Text);
        let source = fields.path("source").map(Contents::Source);
        let path = fields.text("path");
        let mode = fields.word("mode", "permission bits such as `0644`", mode_of);
        Some(Self { contents: text.or(source)?, path, mode })
    }
}
