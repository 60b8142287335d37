//! Gathers every fact that checks judge, and says which files their fixes may change.

use camino::{Utf8Path, Utf8PathBuf};

use super::files;
use super::journal::{self, Listed};
use super::probe::{self, Gathered, Vantage};
use crate::facts::Fact;
use crate::facts::processes::OpenReceipt;
use crate::line_edit::{self, EditError, LineEdit};
use crate::plan::receipt;

/// Every fact. What nixstart knows of itself comes from its own receipts.
pub fn gather(vantage: &Vantage) -> Gathered {
    let mut gathered = probe::gather(vantage);
    gathered.facts.processes.receipts = match journal::list() {
        Ok(listed) => Fact::Known(listed.into_iter().filter_map(open_receipt).collect()),
        Err(error) => Fact::failed(error),
    };
    gathered
}

/// A receipt that is not settled; one that cannot be read has no steps that are known.
fn open_receipt((id, stored): Listed) -> Option<OpenReceipt> {
    let Ok(stored) = stored else { return Some(OpenReceipt { id, steps: None }) };
    let receipt = stored.receipt;
    if receipt.status != receipt::Status::Unfinished || receipt.steps_to_undo().is_empty() {
        return None;
    }
    let all = receipt.plan.pending().count();
    Some(OpenReceipt { id, steps: Some((all - receipt.steps_to_resume().len(), all)) })
}

/// The file behind a link; what a program generates into the Nix store is nobody's to edit, nor is a block of nixstart that
/// somebody changed.
pub fn resolve(path: &Utf8Path, edit: Option<&LineEdit>) -> Result<Utf8PathBuf, String> {
    let real = match path.canonicalize_utf8() {
        Ok(real) => real,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && path.symlink_metadata().is_err() => path.to_owned(),
        Err(error) => return Err(format!("`{path}`: {error}")),
    };
    if real.starts_with("/nix/store") {
        return Err(format!("`{path}` is generated; change it where your configuration is"));
    }
    if let Some(edit) = edit {
        let blocks = files::read_plain(&real).map(|file| line_edit::blocks_of(&file.contents)).unwrap_or_default();
        if let Err(error @ (EditError::ChangedBlock(_) | EditError::BrokenBlock(_))) = edit.apply(&blocks) {
            return Err(format!("`{path}` is not edited, because {error}"));
        }
    }
    Ok(real)
}
