//! Writes the variables a `.env` lacks or leaves empty: readable by its owner only, and only where a repository ignores the file.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;

use camino::{Utf8Path, Utf8PathBuf};
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
    clear_git_directory(path, &staging_place(path)?)?;
    let is_new = path.symlink_metadata().is_err();
    // The stamp of an existing file is not kept: its old content could not be put back without keeping secrets.
    let absent = path.file_name().filter(|_| is_new).and_then(|name| name.to_owned().try_into().ok());
    Ok(Before { absent: absent.into_iter().collect(), ..Before::default() })
}

/// The name of the file while it is in the git directory. A leftover of it is removed like any temporary file.
const IN_GIT_DIRECTORY: &str = ".env.nixstart-complete";

/// Where the file is written before it takes its place: the path itself when its temporary neighbours are private too, else
/// in the git directory of its repository, which git never tracks.
fn staging_place(path: &Utf8Path) -> Result<Utf8PathBuf> {
    let directory = path.parent().unwrap_or(Utf8Path::new("."));
    if git::why_not_private(&directory.join(format!("{}0", files::TEMPORARY))).is_none() {
        return Ok(path.to_owned());
    }
    let place = git::place_of(directory);
    let work_tree = if place.is_root { Some(directory.to_owned()) } else { place.parent };
    let git_directory = work_tree.map(|work_tree| work_tree.join(".git")).filter(|git| is_beside(git, directory));
    git_directory.map(|git| git.join(IN_GIT_DIRECTORY)).ok_or_else(|| {
        Error::refused(format!("secrets are not written to `{path}`: no ignore rule covers the file it is written to first"))
            .hint("add `.env.*` and `!.env.example` to `.gitignore`")
    })
}

/// Removes what a run that was killed left in the git directory.
fn clear_git_directory(path: &Utf8Path, place: &Utf8Path) -> Result<()> {
    match place.parent() {
        Some(git_directory) if place != path => Ok(files::remove_temporaries(git_directory)?),
        _ => Ok(()),
    }
}

/// Whether a file can be renamed from one directory to the other: both are directories of one file system.
fn is_beside(from: &Utf8Path, to: &Utf8Path) -> bool {
    let device = |path: &Utf8Path| path.symlink_metadata().ok().filter(Metadata::is_dir).map(|found| found.dev());
    device(from).is_some() && device(from) == device(to)
}

/// Writes the file. Its identity is noted before it appears, so that undo knows it even after a crash.
pub(super) fn write(path: &Utf8Path, entries: &[SecretEntry], before: &Before, vault: &Vault, note: Note<'_>) -> Result<()> {
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
    let place = staging_place(path)?;
    let staged = files::stage(&place, text.expose_secret().as_bytes(), files::PRIVATE)?;
    if existing == Existing::Refuse && before.absent.is_empty() {
        return Err(Error::failed(format!("`{path}` was removed meanwhile")).hint("run the command again"));
    }
    note(Before { stamp: Some(staged.stamp()?), ..before.clone() })?;
    if place == path {
        return Ok(staged.put(existing)?);
    }
    staged.put(Existing::Replace)?;
    move_into_place(&place, path, existing)
}

fn move_into_place(place: &Utf8Path, path: &Utf8Path, existing: Existing) -> Result<()> {
    let moved = match existing {
        Existing::Replace => fs_err::rename(place, path),
        Existing::Refuse => files::rename_to_nothing(place, path),
    };
    if let Err(error) = moved {
        let _best_effort = fs_err::remove_file(place);
        return Err(error.into());
    }
    Ok(files::sync_directory(path.parent().unwrap_or(Utf8Path::new(".")))?)
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
    if mode == Mode::Perform {
        staging_place(path).map_or(Ok(()), |place| clear_git_directory(path, &place))?;
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::SecretSource;

    /// A repository that ignores these.
    fn repository(gitignore: &str) -> (tempfile::TempDir, Utf8PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let directory = Utf8PathBuf::from_path_buf(folder.path().canonicalize().unwrap()).unwrap();
        git::init(&directory).unwrap();
        fs_err::write(directory.join(".gitignore"), gitignore).unwrap();
        (folder, directory)
    }

    #[test]
    fn what_is_written_first_is_as_private_as_env() {
        let (_folder, directory) = repository(".env\n.env.*\n");
        assert_eq!(staging_place(&directory.join(".env")).unwrap(), directory.join(".env"));
        let (_folder, directory) = repository(".env\n");
        fs_err::create_dir(directory.join("app")).unwrap();
        for path in [".env", "app/.env"] {
            assert_eq!(staging_place(&directory.join(path)).unwrap(), directory.join(".git").join(IN_GIT_DIRECTORY), "{path}");
        }
        fs_err::rename(directory.join(".git"), directory.join("elsewhere")).unwrap();
        fs_err::write(directory.join(".git"), "gitdir: elsewhere\n").unwrap();
        let error = prepare(&directory.join(".env")).unwrap_err();
        assert!(error.to_string().ends_with("no ignore rule covers the file it is written to first"), "{error}");
    }

    #[test]
    fn a_file_that_came_by_the_git_directory_is_whole_and_alone() {
        let (_folder, directory) = repository(".env\n");
        let path = directory.join(".env");
        let left = directory.join(".git").join(format!("{}left", files::TEMPORARY));
        fs_err::write(&left, "KEY=old").unwrap();
        let entry = |name: &str, value: &str| SecretEntry {
            name: name.to_owned(),
            comment: String::new(),
            source: SecretSource::Default { value: value.to_owned() },
        };
        for (entry, expected) in [(entry("A", "1"), "A=1\n"), (entry("B", "2"), "A=1\n\nB=2\n")] {
            let before = prepare(&path).unwrap();
            let mut stamps = Vec::new();
            write(&path, &[entry], &before, &Vault::default(), &mut |found: Before| {
                stamps.extend(found.stamp);
                Ok(())
            })
            .unwrap();
            assert_eq!(fs_err::read_to_string(&path).unwrap(), expected);
            assert_eq!((files::mode(&path).unwrap(), stamps), (files::PRIVATE, vec![files::stamp(&path).unwrap()]));
        }
        let is_ours = |name: &str| name.starts_with(files::TEMPORARY);
        for folder in [&directory, &directory.join(".git")] {
            assert!(!folder.read_dir_utf8().unwrap().any(|found| is_ours(found.unwrap().file_name())), "{folder}");
        }
    }
}
