//! Changes variables of a `.env`. Every other byte stays; the file is the old one or the new one, never a third.

use camino::Utf8Path;
use secrecy::{ExposeSecret, SecretString};

use super::super::dotenvy;
use super::super::env_file::{self, EnvFile, Links};
use super::super::revert::{Effect, Mode};
use super::super::vault::{Prepared, Vault};
use super::{Note, secrets};
use crate::dotenv::edit::{Edit, EditError};
use crate::dotenv::{Consumer, Document, Writer};
use crate::error::{Error, Result};
use crate::plan::SecretChange;
use crate::plan::receipt::Before;

/// What is to be changed.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The file, as it was named.
    pub path: &'a Utf8Path,
    /// The changes, in order.
    pub changes: &'a [SecretChange],
    /// The programs that read it.
    pub consumers: &'a [Consumer],
    /// Where a copy of the old file goes.
    pub backup: Option<&'a Utf8Path>,
}

/// A document with its changes; `None` when it has them already.
pub fn edited(document: &Document, wanted: Wanted<'_>, vault: &Vault) -> Result<Option<Document>> {
    let writer = Writer::new(wanted.consumers.iter().copied());
    let values = values(wanted, vault)?;
    let edits: Vec<Edit<'_>> = wanted
        .changes
        .iter()
        .map(SecretChange::name)
        .zip(values.iter().map(|value| value.as_ref().map(ExposeSecret::expose_secret)))
        .collect();
    let edited = document.with_all(&edits, &writer).map_err(|error| explained(error, wanted.path))?;
    if let Some(document) = edited.as_ref().filter(|_| writer.consumers().contains(&Consumer::Rust)) {
        ask_dotenvy(document, wanted)?;
    }
    Ok(edited)
}

/// The value of each change; `None` for a variable that goes.
fn values(wanted: Wanted<'_>, vault: &Vault) -> Result<Vec<Option<SecretString>>> {
    let value = |change: &SecretChange| match change {
        SecretChange::Unset { .. } => Ok(None),
        SecretChange::Set(entry) => match vault.resolve(entry)? {
            None => Err(Error::failed(format!("there is no value for {}", entry.name)).hint("give it again")),
            value => Ok(value),
        },
    };
    wanted.changes.iter().map(value).collect()
}

/// Asks the reader of Rust programs itself whether it sees the values that were set.
fn ask_dotenvy(document: &Document, wanted: Wanted<'_>) -> Result<()> {
    let set = wanted.changes.iter().filter(|change| matches!(change, SecretChange::Set(_))).map(SecretChange::name);
    match dotenvy::misread(document, set) {
        None => Ok(()),
        Some(name) => {
            let shown = super::super::paths::shown(wanted.path);
            let message = format!("`{shown}` is not changed: {} would read another value of `{name}`", Consumer::Rust);
            Err(Error::refused(message).hint("choose another value, or store its base64 form and decode it in the program"))
        }
    }
}

/// A refused edit as an error with its way out.
pub fn explained(error: EditError, path: &Utf8Path) -> Error {
    let shown = super::super::paths::shown(path);
    let message = format!("`{shown}` is not changed: {error}");
    match error {
        // No choice of programs helps where every one is concerned.
        EditError::Unportable { why, .. } if why.consumers.is_empty() => Error::refused(message).hint(why.way_out()),
        EditError::Unportable { why, .. } => Error::refused(message)
            .hint(why.way_out())
            .hint("or name only the programs that read it, such as `--consumers node,direnv`"),
        EditError::Fault(_) => {
            Error::failed(message).hint(format!("mend it by hand; `nixstart env --file {shown} check` names each fault"))
        }
        EditError::Name(_) => Error::usage(message).hint("choose a name such as `API_TOKEN`"),
        EditError::Ambiguous(_) => Error::failed(message),
    }
}

pub(super) fn is_satisfied(wanted: Wanted<'_>, vault: &Vault) -> bool {
    if let Some(prepared) = vault.prepared(wanted.path) {
        return EnvFile::holds(wanted.path, prepared.document.as_bytes());
    }
    let Ok(file) = EnvFile::read(wanted.path, Links::Anywhere) else { return false };
    edited(&file.document(), wanted, vault).is_ok_and(|edited| edited.is_none())
}

pub(super) fn prepare(path: &Utf8Path) -> Result<Before> {
    env_file::clear_leftovers(path)?;
    Ok(secrets::found(path))
}

pub(super) fn change(wanted: Wanted<'_>, before: &Before, vault: &Vault, note: Note<'_>) -> Result<()> {
    let mut note = |stamp| note(Before { stamp: Some(stamp), ..before.clone() });
    let read = || EnvFile::read(wanted.path, Links::Anywhere);
    if let Some(Prepared { from, document }) = vault.prepared(wanted.path).filter(|prepared| prepared.from.is_current()) {
        from.refuse_to_write()?;
        if let Some(backup) = wanted.backup.filter(|_| from.exists()) {
            read()?.copy_to(backup)?;
        }
        return from.write(document, &mut note);
    }
    // Somebody was faster: what they wrote stays.
    let file = read()?;
    file.refuse_to_write()?;
    if let Some(backup) = wanted.backup.filter(|_| file.exists()) {
        file.copy_to(backup)?;
    }
    match edited(&file.document(), wanted, vault)? {
        Some(document) => file.write(&document, &mut note),
        None => Ok(()),
    }
}

pub(super) fn revert(path: &Utf8Path, changes: &[SecretChange], before: &Before, mode: Mode) -> Result<Vec<Effect>> {
    let names = changes.iter().map(SecretChange::name).collect::<Vec<_>>().join(", ");
    secrets::take_back(path, before, mode, &format!("the old values are kept nowhere; give them anew: {names}"))
}
