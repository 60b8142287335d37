//! A text file that lines may be added to, whether it exists or not.

use camino::Utf8PathBuf;

use super::shell::Form;

/// A text file that lines may be added to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextFile {
    /// Where it is, or would be.
    pub path: Utf8PathBuf,
    /// What it is on disk.
    pub form: Form,
    /// Whether the user may write it, or make it when it is absent.
    pub is_writable: bool,
    /// Whether it is lines of text, in whatever encoding that leaves ASCII as it is; an absent file is.
    pub is_text: bool,
    /// The blocks of nixstart in it, and nothing of what is around them.
    pub blocks: Vec<u8>,
}
