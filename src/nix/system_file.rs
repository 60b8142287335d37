//! Where nixstart puts settings of the system: into a file of its own, which `nix.conf` includes with one line. Who wants
//! them gone removes the file and the line. Nix passes over a file of `!include` that is not there (measured with 2.26).

use camino::{Utf8Path, Utf8PathBuf};

use crate::line_edit::LineEdit;

/// The name of the file, beside `nix.conf`.
pub const NAME: &str = "nixstart.conf";
/// The line in `nix.conf`.
pub const INCLUDE: &str = "!include nixstart.conf";

/// The edits that make settings take effect, in the order in which they are safe: first the file, then the line.
pub fn edits(nix_conf: &Utf8Path, settings: Vec<String>) -> [(Utf8PathBuf, LineEdit); 2] {
    let include = LineEdit::Add { lines: vec![INCLUDE.to_owned()] };
    [(nix_conf.with_file_name(NAME), LineEdit::Add { lines: settings }), (nix_conf.to_owned(), include)]
}
