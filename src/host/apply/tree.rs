//! Makes a directory with everything in it at once, or new files in a directory that exists.

use std::collections::BTreeSet;
use std::io;

use camino::{Utf8Path, Utf8PathBuf};

use super::super::files::{self, Existing};
use super::super::random;
use super::super::revert::{Effect, GUARD, Mode, Undoing};
use super::super::target::on_disk;
use crate::changeset::OnDisk;
use crate::error::{Error, Result};
use crate::file_tree::FileTree;
use crate::plan::receipt::Before;

pub(super) fn is_satisfied(directory: &Utf8Path, tree: &FileTree) -> bool {
    tree.iter().all(|(path, file)| matches!(on_disk(directory, path), Ok(OnDisk::File(found)) if found.contents == file.contents))
}

pub(super) fn prepare_directory(path: &Utf8Path) -> Result<Before> {
    let parent = path.parent().ok_or_else(|| Error::failed("the root of the file system cannot be a project"))?;
    let mut made_directories: Vec<Utf8PathBuf> =
        parent.ancestors().take_while(|above| !above.exists()).map(Utf8Path::to_owned).collect();
    made_directories.reverse();
    let staging = parent.join(format!(".nixstart-{}", random::suffix()?));
    Ok(Before { staging: Some(staging), made_directories, ..Before::default() })
}

pub(super) fn create_directory(path: &Utf8Path, tree: &FileTree, before: &Before) -> Result<()> {
    let staging = before.staging.as_ref().ok_or_else(|| Error::failed("no place to stage the directory in"))?;
    let outcome = stage(staging, tree).and_then(|()| files::rename_to_nothing(staging, path));
    if let Err(error) = outcome {
        let _best_effort = fs_err::remove_dir_all(staging);
        remove_empty(before.made_directories.iter().rev());
        let hint = (error.kind() == io::ErrorKind::AlreadyExists)
            .then(|| "somebody else made it; look at it before you run the command again".to_owned());
        return Err(Error::from(error).maybe_hint(hint));
    }
    if let Some(parent) = path.parent() {
        files::sync_directory(parent)?;
    }
    Ok(())
}

fn stage(staging: &Utf8Path, tree: &FileTree) -> io::Result<()> {
    fs_err::create_dir_all(staging)?;
    for directory in tree.directories() {
        fs_err::create_dir(staging.join(directory))?;
    }
    for (path, file) in tree.iter() {
        files::write_new(&staging.join(path.as_str()), &file.contents, file.mode())?;
    }
    files::sync_tree(staging)
}

pub(super) fn prepare_files(directory: &Utf8Path, tree: &FileTree) -> Before {
    let made_directories =
        tree.directories().into_iter().map(|path| directory.join(path)).filter(|path| !path.exists()).collect();
    Before { made_directories, ..Before::default() }
}

pub(super) fn create_files(directory: &Utf8Path, tree: &FileTree) -> Result<()> {
    for (path, file) in tree.iter() {
        let full = directory.join(path.as_str());
        match on_disk(directory, path)? {
            OnDisk::Absent => {
                if let Some(parent) = full.parent() {
                    fs_err::create_dir_all(parent)?;
                }
                files::write_atomically(&full, &file.contents, file.mode(), Existing::Refuse)?;
            }
            OnDisk::File(existing) if existing.contents == file.contents => {}
            OnDisk::File(_) => {
                return Err(Error::failed(format!("`{full}` has appeared meanwhile"))
                    .hint("move it away and continue, or take back what was done and begin again"));
            }
            OnDisk::Blocked(reason) => return Err(Error::refused(reason)),
        }
    }
    Ok(())
}

pub(super) fn revert_directory(path: &Utf8Path, tree: &FileTree, before: &Before, undoing: &Undoing<'_>) -> Result<Vec<Effect>> {
    let mode = undoing.mode;
    let mut effects = Vec::new();
    // A run that was killed leaves what it had staged; the name is ours alone.
    if let Some(staging) = before.staging.as_ref().filter(|staging| staging.exists()) {
        effects.push(Effect::Remove(staging.to_string()));
        if mode == Mode::Perform {
            fs_err::remove_dir_all(staging)?;
        }
    }
    remove_ours(path, tree, undoing, &mut effects)?;
    let left = entries_left(path, tree, undoing.earlier);
    let is_kept = |effect: &Effect| matches!(effect, Effect::Keep { what, .. } if Utf8Path::new(what).starts_with(path));
    let keeps_something = effects.iter().chain(undoing.earlier).any(is_kept);
    if left.is_empty() && !keeps_something && path.is_dir() {
        effects.push(Effect::Remove(format!("{path}/")));
    }
    effects.extend(
        left.into_iter().map(|entry| Effect::Keep { what: entry.to_string(), why: "nixstart did not make it".to_owned() }),
    );
    if mode == Mode::Perform {
        let ours: Vec<Utf8PathBuf> = tree.directories().into_iter().map(|directory| path.join(directory)).collect();
        remove_empty(ours.iter().rev());
        remove_empty([path.to_owned()].iter());
        remove_empty(before.made_directories.iter().rev());
    }
    Ok(effects)
}

pub(super) fn revert_files(directory: &Utf8Path, tree: &FileTree, before: &Before, undoing: &Undoing<'_>) -> Result<Vec<Effect>> {
    let mut effects = Vec::new();
    remove_ours(directory, tree, undoing, &mut effects)?;
    if undoing.mode == Mode::Perform {
        remove_empty(before.made_directories.iter().rev());
    }
    Ok(effects)
}

/// Removes the files that still hold what we wrote. Nothing is looked for behind a link.
fn remove_ours(directory: &Utf8Path, tree: &FileTree, undoing: &Undoing<'_>, effects: &mut Vec<Effect>) -> Result<()> {
    for (path, file) in tree.iter() {
        let full = directory.join(path.as_str());
        let keep = |why: String| Effect::Keep { what: full.to_string(), why };
        match on_disk(directory, path)? {
            OnDisk::Absent => {}
            OnDisk::Blocked(reason) => effects.push(keep(reason)),
            OnDisk::File(found) if found.contents != file.contents => effects.push(keep("it was changed since".to_owned())),
            OnDisk::File(_) if undoing.is_guard(&full) => effects.push(keep(GUARD.to_owned())),
            OnDisk::File(_) => {
                effects.push(Effect::Remove(full.to_string()));
                if undoing.mode == Mode::Perform {
                    fs_err::remove_file(&full)?;
                }
            }
        }
    }
    Ok(())
}

/// Entries of the directories of a tree that are not ours. What earlier steps of the undo take away or have named is not
/// listed, and nothing is looked for below what is not ours.
fn entries_left(path: &Utf8Path, tree: &FileTree, earlier: &[Effect]) -> Vec<Utf8PathBuf> {
    let folders: BTreeSet<Utf8PathBuf> = tree.directories().into_iter().map(|folder| path.join(folder)).collect();
    let files: BTreeSet<Utf8PathBuf> = tree.iter().map(|(file, _)| path.join(file.as_str())).collect();
    let is_settled = |entry: &Utf8Path| {
        earlier.iter().any(|effect| match effect {
            Effect::Remove(what) | Effect::Keep { what, .. } => what.trim_end_matches('/') == entry.as_str(),
            Effect::PutBack(_) | Effect::Unstage(_) | Effect::Uncommit(_) | Effect::Run(_) => false,
        })
    };
    let is_plain_folder = |folder: &&Utf8PathBuf| folder.symlink_metadata().is_ok_and(|metadata| metadata.is_dir());
    let root = path.to_owned();
    let looked_at = std::iter::once(&root).chain(&folders).filter(is_plain_folder);
    let entries = looked_at.flat_map(|folder| folder.read_dir_utf8().into_iter().flatten().flatten());
    let paths = entries.map(camino::Utf8DirEntry::into_path);
    paths.filter(|entry| !folders.contains(entry) && !files.contains(entry) && !is_settled(entry)).collect()
}

fn remove_empty<'a>(directories: impl Iterator<Item = &'a Utf8PathBuf>) {
    for directory in directories {
        // Not empty means that somebody put something there; it stays.
        let _stays_when_not_empty = fs_err::remove_dir(directory);
    }
}
