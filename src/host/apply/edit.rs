//! Changes lines of a text file that belongs to somebody else, and its permission bits.

use std::io::ErrorKind;

use camino::Utf8Path;

use super::super::journal::Journal;
use super::super::revert::{Effect, Mode};
use super::super::{files, privilege};
use crate::error::{Error, Result};
use crate::line_edit::LineEdit;
use crate::plan::Privilege;
use crate::plan::receipt::Before;

/// The mode of a file that is made.
const NEW: u32 = 0o644;

pub(super) fn is_satisfied(path: &Utf8Path, edit: &LineEdit) -> bool {
    read(path).is_ok_and(|text| edit.is_applied(&text.unwrap_or_default()))
}

/// The bytes of a plain file; `None` when there is none.
fn read(path: &Utf8Path) -> Result<Option<Vec<u8>>> {
    match files::read_plain(path) {
        Ok(file) => Ok(Some(file.contents)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::refused(error)),
    }
}

pub(super) fn prepare(path: &Utf8Path, step: &str, journal: &Journal) -> Result<Before> {
    let kept = read(path)?.map(|text| journal.keep(step, &text)).transpose()?;
    let mode = files::mode(path).ok();
    let made_directories = absent_parents(path).into_iter().rev().map(Utf8Path::to_owned).collect();
    Ok(Before { made_directories, kept, mode, ..Before::default() })
}

pub(super) fn edit(path: &Utf8Path, edit: &LineEdit, privilege: Privilege) -> Result<()> {
    let text = read(path)?.unwrap_or_default();
    let edited = edit.apply(&text).map_err(|error| {
        Error::refused(format!("`{path}` cannot be changed: {error}")).hint("make the change by hand, or run the command again")
    })?;
    let mode = files::mode(path).unwrap_or(NEW);
    let absent = absent_parents(path);
    privilege::write(privilege, path, &edited, mode).inspect_err(|_| {
        for directory in absent {
            let _other_things_are_in_it = fs_err::remove_dir(directory);
        }
    })
}

/// The directories that are to be made, innermost first.
fn absent_parents(path: &Utf8Path) -> Vec<&Utf8Path> {
    path.ancestors().skip(1).take_while(|above| above.symlink_metadata().is_err()).collect()
}

pub(super) fn revert(path: &Utf8Path, edit: &LineEdit, before: &Before, privilege: Privilege, mode: Mode) -> Result<Vec<Effect>> {
    let keep = |why: String| Ok(vec![Effect::Keep { what: path.to_string(), why }]);
    let Some(text) = read(path)? else { return Ok(Vec::new()) };
    let old = before.kept.as_ref().map(fs_err::read).transpose()?;
    let restored = match edit.take_back(&text, old.as_deref().unwrap_or_default()) {
        Ok(restored) => restored,
        Err(error) => return keep(error.to_string()),
    };
    let is_gone = old.is_none() && restored.is_empty();
    if restored == text && !is_gone {
        return Ok(Vec::new());
    }
    if mode == Mode::Perform {
        if is_gone {
            privilege::remove(privilege, path)?;
            before.made_directories.iter().rev().for_each(|directory| drop(fs_err::remove_dir(directory)));
        } else {
            privilege::write(privilege, path, &restored, files::mode(path)?)?;
        }
    }
    Ok(vec![if is_gone { Effect::Remove(path.to_string()) } else { Effect::PutBack(path.to_string()) }])
}

pub(super) fn prepare_mode(path: &Utf8Path) -> Result<Before> {
    let metadata = fs_err::symlink_metadata(path)?;
    if metadata.is_symlink() {
        return Err(Error::refused(format!("`{path}` is a link; nixstart writes through no link")));
    }
    Ok(Before { mode: Some(files::mode(path)?), ..Before::default() })
}

pub(super) fn set_mode(path: &Utf8Path, mode: u32, privilege: Privilege) -> Result<()> {
    privilege::set_mode(privilege, path, mode)
}

pub(super) fn revert_mode(path: &Utf8Path, ours: u32, before: &Before, privilege: Privilege, mode: Mode) -> Result<Vec<Effect>> {
    let (Some(old), Ok(now)) = (before.mode, files::mode(path)) else { return Ok(Vec::new()) };
    if now == old {
        return Ok(Vec::new());
    }
    if now != ours {
        return Ok(vec![Effect::Keep { what: path.to_string(), why: format!("its mode is {now:04o} now") }]);
    }
    if mode == Mode::Perform {
        privilege::set_mode(privilege, path, old)?;
    }
    Ok(vec![Effect::PutBack(format!("{path} (mode {old:04o})"))])
}

/// A socket or an empty file: nothing of it has to be kept.
pub(super) fn prepare_removal(path: &Utf8Path) -> Result<Before> {
    let metadata = fs_err::symlink_metadata(path)?;
    if metadata.is_dir() || metadata.is_symlink() || metadata.len() > 0 {
        return Err(Error::refused(format!("`{path}` holds something, so it is not removed")));
    }
    Ok(Before::default())
}
