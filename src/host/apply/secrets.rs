//! Writes the variables a `.env` lacks or leaves empty: readable by its owner only, and only where a repository ignores the file.

use camino::Utf8Path;
use secrecy::{ExposeSecret, SecretString};

use super::super::files::{self, Existing};
use super::super::git;
use super::super::revert::{Effect, Mode};
use super::super::vault::Vault;
use super::Note;
use crate::dotenv::{self, Entry};
use crate::error::{Error, Result};
use crate::plan::SecretEntry;
use crate::plan::receipt::Before;

pub(super) fn is_satisfied(path: &Utf8Path, entries: &[SecretEntry], vault: &Vault) -> bool {
    let Ok(text) = fs_err::read_to_string(path) else { return false };
    let present = dotenv::read(&text);
    let is_there = |entry: &SecretEntry| {
        let found = present.iter().find(|found| found.key == entry.name);
        found.is_some_and(|found| found.has_value() || !vault.has_value(entry))
    };
    entries.iter().all(is_there)
}

pub(super) fn prepare(path: &Utf8Path) -> Result<Before> {
    if let Some(reason) = git::why_not_private(path) {
        return Err(Error::refused(format!("secrets are not written to `{path}`: {reason}")).hint(
            "add `.env` to a committed `.gitignore`; if git tracks it, run `git rm --cached .env` and change every secret in it",
        ));
    }
    let is_new = path.symlink_metadata().is_err();
    // The stamp of an existing file is not kept: its old content could not be put back without keeping secrets.
    let absent = path.file_name().filter(|_| is_new).and_then(|name| name.to_owned().try_into().ok());
    Ok(Before { absent: absent.into_iter().collect(), ..Before::default() })
}

/// Writes the file. Its identity is noted before it appears, so that undo knows it even after a crash.
pub(super) fn write(path: &Utf8Path, entries: &[SecretEntry], vault: &Vault, note: Note<'_>) -> Result<()> {
    let existing = match fs_err::symlink_metadata(path) {
        Ok(metadata) if metadata.is_file() => Some(SecretString::from(fs_err::read_to_string(path)?)),
        Ok(_) => return Err(Error::refused(format!("`{path}` is no plain file"))),
        Err(_) => None,
    };
    let mut text = existing.as_ref().map_or_else(String::new, |text| text.expose_secret().to_owned());
    for entry in entries {
        put(&mut text, entry, vault)?;
    }
    let text = SecretString::from(text);
    let existing = if existing.is_some() { Existing::Replace } else { Existing::Refuse };
    let staged = files::stage(path, text.expose_secret().as_bytes(), files::PRIVATE)?;
    note(Before { stamp: Some(staged.stamp()?), ..Before::default() })?;
    Ok(staged.put(existing)?)
}

/// Gives a variable its value: where the text leaves it empty, or at the end. One that has a value keeps it.
fn put(text: &mut String, entry: &SecretEntry, vault: &Vault) -> Result<()> {
    let found = dotenv::read(text).into_iter().find(|found| found.key == entry.name);
    if found.as_ref().is_some_and(Entry::has_value) {
        return Ok(());
    }
    let written = written(entry, vault)?;
    if found.is_none() {
        add(text, entry, &written);
    } else if !written.is_empty() {
        match dotenv::fill(text, &entry.name, &written) {
            Some(filled) => *text = filled,
            // The last of several values wins.
            None => add(text, entry, &written),
        }
    }
    Ok(())
}

/// The value of a variable as the text behind its `=`.
fn written(entry: &SecretEntry, vault: &Vault) -> Result<String> {
    let value = vault.resolve(entry)?;
    let value = value.as_ref().map_or("", |value| value.expose_secret());
    dotenv::quote(value).map_err(|reason| {
        Error::refused(format!("the value of {} cannot be written to `.env`: {reason}", entry.name)).hint(reason.way_out())
    })
}

fn add(text: &mut String, entry: &SecretEntry, written: &str) {
    let end_of_line = if text.contains("\r\n") { "\r\n" } else { "\n" };
    if !text.is_empty() {
        if !text.ends_with('\n') {
            text.push_str(end_of_line);
        }
        text.push_str(end_of_line);
    }
    for line in entry.comment.lines() {
        text.push_str(line);
        text.push_str(end_of_line);
    }
    text.push_str(&format!("{}={written}{end_of_line}", entry.name));
}

pub(super) fn revert(path: &Utf8Path, entries: &[SecretEntry], before: &Before, mode: Mode) -> Result<Vec<Effect>> {
    if path.symlink_metadata().is_err() {
        return Ok(Vec::new());
    }
    let keep = |why: String| Ok(vec![Effect::Keep { what: path.to_string(), why }]);
    if before.absent.is_empty() {
        let names = entries.iter().map(|entry| entry.name.as_str()).collect::<Vec<_>>().join(", ");
        return keep(format!("it was there before; take out by hand what was added: {names}"));
    }
    match &before.stamp {
        Some(stamp) if files::stamp(path).is_ok_and(|now| now == *stamp) => {}
        Some(_) => return keep("it was changed since".to_owned()),
        None => return keep("it is not known whether nixstart wrote it".to_owned()),
    }
    if mode == Mode::Perform {
        fs_err::remove_file(path)?;
    }
    Ok(vec![Effect::Remove(path.to_string())])
}
