//! Writes the variables a `.env` lacks or leaves empty: readable by its owner only, and only where a repository ignores the file.

use camino::Utf8Path;
use secrecy::{ExposeSecret, SecretString};

use super::super::env_file::{self, EnvFile, Links};
use super::super::revert::{Effect, Mode};
use super::super::vault::Vault;
use super::super::{files, git};
use super::Note;
use crate::dotenv::{self, Document, Entry, Fault};
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
    env_file::staging_place(path, path)?;
    env_file::clear_leftovers(path)?;
    Ok(found(path))
}

/// What is there before a `.env` is written. The stamp of an existing file is not kept: its old content could not be put back
/// without keeping secrets.
pub(super) fn found(path: &Utf8Path) -> Before {
    let is_new = path.symlink_metadata().is_err();
    let absent = path.file_name().filter(|_| is_new).and_then(|name| name.to_owned().try_into().ok());
    Before { absent: absent.into_iter().collect(), ..Before::default() }
}

/// Writes the file. Its identity is noted before it appears, so that undo knows it even after a crash.
pub(super) fn write(path: &Utf8Path, entries: &[SecretEntry], before: &Before, vault: &Vault, note: Note<'_>) -> Result<()> {
    let file = read(path)?;
    if !file.exists() && before.absent.is_empty() {
        return Err(Error::failed(format!("`{path}` was removed meanwhile")).hint("run the command again"));
    }
    let mut text = String::from_utf8_lossy(file.document().as_bytes()).into_owned();
    for entry in entries {
        put(&mut text, entry, vault)?;
    }
    let text = SecretString::from(text);
    let document = Document::parse(text.expose_secret().as_bytes());
    file.write(&document, &mut |stamp| note(Before { stamp: Some(stamp), ..before.clone() }))
}

/// A link may lead about in its own directory only.
fn read(path: &Utf8Path) -> Result<EnvFile> {
    let file = EnvFile::read(path, Links::Within(path.parent().unwrap_or(path)))?;
    match file.document().fault() {
        Some(fault @ (Fault::NotUtf8 { .. } | Fault::Utf16)) => {
            Err(Error::failed(format!("`{path}` cannot be changed: {fault}"))
                .hint("save it as UTF-8, then run the command again"))
        }
        _ => Ok(file),
    }
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
    let names = entries.iter().map(|entry| entry.name.as_str()).collect::<Vec<_>>().join(", ");
    take_back(path, before, mode, &format!("it was there before; take out by hand what was added: {names}"))
}

/// Removes a `.env` that was not there and is still as it was left. `why_kept` says what becomes of one that was there.
pub(super) fn take_back(path: &Utf8Path, before: &Before, mode: Mode, why_kept: &str) -> Result<Vec<Effect>> {
    if mode == Mode::Perform {
        env_file::clear_leftovers(path)?;
    }
    if path.symlink_metadata().is_err() {
        return Ok(Vec::new());
    }
    let keep = |why: String| Ok(vec![Effect::Keep { what: path.to_string(), why }]);
    if before.absent.is_empty() {
        return keep(why_kept.to_owned());
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
    use camino::Utf8PathBuf;

    use super::*;
    use crate::plan::SecretSource;

    const IN_GIT_DIRECTORY: &str = ".env.nixstart-complete";

    fn staging_place(path: &Utf8Path) -> Result<Utf8PathBuf> {
        env_file::staging_place(path, path)
    }

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
