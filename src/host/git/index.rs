//! The index of a repository: files are staged and put back under git's own lock, which a killed run leaves recognisable.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use camino::{Utf8Path, Utf8PathBuf};
use git2::{Index, IndexEntryExtendedFlag, IndexTime, Oid, Repository, Status};
use sha1::{Digest, Sha1};

use super::{open, tool};
use crate::error::{Error, Result};
use crate::file_tree::RelativePath;
use crate::host::files::{self, Existing};
use crate::plan::receipt::IndexEntry;

/// What the index holds, by path.
pub type Entries = BTreeMap<RelativePath, IndexEntry>;

/// Is told the stamp of the lock before it is taken, so that it is known for ours after a crash.
pub type NoteLock<'a> = &'a mut dyn FnMut(String) -> Result<()>;

const PLAIN: u32 = 0o100_644;
const EXECUTABLE: u32 = 0o100_755;

/// What the index holds for paths; those it does not know are left out.
pub fn entries(directory: &Utf8Path, paths: &[RelativePath]) -> Result<Entries> {
    let index = open(directory)?.index().map_err(tool)?;
    Ok(paths.iter().filter_map(|path| Some((path.clone(), entry_of(&index, path)?))).collect())
}

/// The paths that are staged with the bytes they have on disk and were not staged so before.
pub fn newly_staged(directory: &Utf8Path, paths: &[RelativePath], before: &Entries) -> Result<Entries> {
    let mut now = entries(directory, paths)?;
    now.retain(|path, entry| before.get(path) != Some(entry) && is_staged(directory, std::slice::from_ref(path)));
    Ok(now)
}

/// Whether every file is staged with the bytes it has on disk.
pub fn is_staged(directory: &Utf8Path, paths: &[RelativePath]) -> bool {
    let Ok(repository) = Repository::open(directory) else { return false };
    let is_current = |path: &RelativePath| {
        repository
            .status_file(path.as_str().as_ref())
            .is_ok_and(|status| !status.intersects(Status::WT_NEW | Status::WT_MODIFIED | Status::WT_DELETED))
    };
    paths.iter().all(is_current)
}

/// Paths of the index.
pub fn paths(directory: &Utf8Path) -> Result<Vec<String>> {
    let index = open(directory)?.index().map_err(tool)?;
    Ok(index.iter().map(|entry| String::from_utf8_lossy(&entry.path).into_owned()).collect())
}

/// Says before anything is written that paths cannot be staged as git would stage them.
pub fn check_paths(directory: &Utf8Path, paths: &[RelativePath]) -> Result<()> {
    let repository = open(directory)?;
    let index = repository.index().map_err(tool)?;
    let known: Vec<String> = index.iter().map(|entry| String::from_utf8_lossy(&entry.path).into_owned()).collect();
    for path in paths {
        let refuse = |why: String| {
            Err(Error::refused(format!("`{path}` cannot be staged: {why}"))
                .hint("leave git alone with `--no-git`, and run `git add` yourself"))
        };
        if let Some(below) =
            known.iter().find(|entry| entry.strip_prefix(path.as_str()).is_some_and(|rest| rest.starts_with('/')))
        {
            return refuse(format!("the index holds `{below}` below it"));
        }
        if let Some(above) = path.parents().find(|parent| known.iter().any(|entry| entry == parent)) {
            return refuse(format!("the index holds `{above}` as a file"));
        }
        if index.get_path(path.as_str().as_ref(), 0).is_some_and(|entry| is_hidden(&entry)) {
            return refuse("git was told to look away from it (`git ls-files -v`)".to_owned());
        }
        for attribute in FOREIGN {
            let value = repository.get_attr(path.as_str().as_ref(), attribute, git2::AttrCheckFlags::FILE_THEN_INDEX);
            if let git2::AttrValue::String(value) = git2::AttrValue::from_string(value.map_err(tool)?) {
                return refuse(format!("an attribute sends it through `{attribute}={value}`, which only git itself does"));
            }
        }
    }
    Ok(())
}

/// Attributes that change the bytes of a file in ways libgit2 does not know.
const FOREIGN: [&str; 2] = ["filter", "working-tree-encoding"];

/// Whether an entry is marked `assume-unchanged` or `skip-worktree`.
fn is_hidden(entry: &git2::IndexEntry) -> bool {
    entry.flags & 0x8000 != 0 || IndexEntryExtendedFlag::from_bits_truncate(entry.flags_extended).is_skip_worktree()
}

/// Stages files as they are on disk.
pub fn stage(directory: &Utf8Path, paths: &[RelativePath], note: NoteLock<'_>) -> Result<()> {
    edit(directory, note, |repository, index| paths.iter().try_for_each(|path| add(repository, index, directory, path)))
}

/// Puts back what the index held for the paths that are still staged as we left them, and returns those paths.
pub fn restore(directory: &Utf8Path, ours: &Entries, before: &Entries, note: NoteLock<'_>) -> Result<Vec<RelativePath>> {
    let still_ours = still_staged(directory, ours)?;
    if still_ours.is_empty() {
        return Ok(still_ours);
    }
    edit(directory, note, |_, index| {
        for path in &still_ours {
            match before.get(path) {
                Some(entry) => index.add(&raw(path, entry)?).map_err(tool)?,
                None => index.remove_path(path.as_str().as_ref()).map_err(tool)?,
            }
        }
        Ok(())
    })?;
    Ok(still_ours)
}

/// The paths that are still staged as we left them.
pub fn still_staged(directory: &Utf8Path, ours: &Entries) -> Result<Vec<RelativePath>> {
    let index = open(directory)?.index().map_err(tool)?;
    let is_ours = |(path, entry): &(&RelativePath, &IndexEntry)| entry_of(&index, path).as_ref() == Some(*entry);
    Ok(ours.iter().filter(is_ours).map(|(path, _)| path.clone()).collect())
}

/// Removes what a killed run left beside the index: temporary files, and the lock when its stamp says that it is ours.
pub fn clear_leftovers(directory: &Utf8Path, stamp: Option<&str>) -> Result<()> {
    let Ok(repository) = Repository::open(directory) else { return Ok(()) };
    let index = index_path(&repository)?;
    let lock = lock_path(&index);
    if stamp.is_some_and(|stamp| files::stamp(&lock).is_ok_and(|found| found == stamp)) {
        fs_err::remove_file(&lock)?;
    }
    Ok(files::remove_temporaries(index.parent().unwrap_or(directory))?)
}

/// Changes the index under git's own lock: a copy is changed and takes its place.
fn edit(directory: &Utf8Path, note: NoteLock<'_>, change: impl FnOnce(&Repository, &mut Index) -> Result<()>) -> Result<()> {
    let repository = open(directory)?;
    let path = index_path(&repository)?;
    let _lock = IndexLock::take(&path, note)?;
    let copy = files::stage(&path, &read_or_empty(&path)?, 0o644)?;
    let mode = files::mode(&path).ok();
    let mut index = Index::open(copy.path().as_std_path()).map_err(tool)?;
    change(&repository, &mut index)?;
    index.write().map_err(tool)?;
    mode.map(|mode| files::set_mode(copy.path(), mode)).transpose()?;
    fs_err::File::open(copy.path())?.sync_all()?;
    Ok(copy.put(Existing::Replace)?)
}

/// The bytes of the index; those of an empty one when there is none yet.
fn read_or_empty(path: &Utf8Path) -> Result<Vec<u8>> {
    match fs_err::read(path) {
        Ok(bytes) => Ok(bytes),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            // Version 2 without entries, and the checksum.
            let header = b"DIRC\0\0\0\x02\0\0\0\0";
            Ok([header.as_slice(), &Sha1::digest(header)].concat())
        }
        Err(error) => Err(error.into()),
    }
}

/// `index.lock`, as git takes it; removed when dropped.
struct IndexLock(Utf8PathBuf);

impl IndexLock {
    fn take(index: &Utf8Path, note: NoteLock<'_>) -> Result<Self> {
        let path = lock_path(index);
        let staged = files::stage(&path, b"", 0o644)?;
        note(staged.stamp()?)?;
        match staged.put(Existing::Refuse) {
            Ok(()) => Ok(Self(path)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                Err(Error::failed(format!("another git is working in this repository: `{path}` exists"))
                    .hint("wait until it is done; if none is running, delete that file"))
            }
            Err(error) => Err(error.into()),
        }
    }
}

impl Drop for IndexLock {
    fn drop(&mut self) {
        let _gone = fs_err::remove_file(&self.0);
    }
}

fn index_path(repository: &Repository) -> Result<Utf8PathBuf> {
    let index = repository.index().map_err(tool)?;
    let path = index.path().map_or_else(|| repository.path().join("index"), std::path::Path::to_owned);
    Utf8PathBuf::from_path_buf(path)
        .map_err(|path| Error::failed(format!("the path of the index is no text: `{}`", path.display())))
}

fn lock_path(index: &Utf8Path) -> Utf8PathBuf {
    Utf8PathBuf::from(format!("{index}.lock"))
}

fn entry_of(index: &Index, path: &RelativePath) -> Option<IndexEntry> {
    let entry = index.get_path(path.as_str().as_ref(), 0)?;
    let is_intent = IndexEntryExtendedFlag::from_bits_truncate(entry.flags_extended).is_intent_to_add();
    Some(IndexEntry { mode: entry.mode, blob: entry.id.to_string(), is_intent })
}

fn add(repository: &Repository, index: &mut Index, directory: &Utf8Path, path: &RelativePath) -> Result<()> {
    let full = directory.join(path.as_str());
    let metadata = fs_err::symlink_metadata(&full)?;
    let counts = repository.config().and_then(|config| config.get_bool("core.fileMode")).unwrap_or(true);
    let mode = match index.get_path(path.as_str().as_ref(), 0) {
        Some(known) if !counts => known.mode,
        None if !counts => PLAIN,
        _ if metadata.permissions().mode() & 0o111 == 0 => PLAIN,
        _ => EXECUTABLE,
    };
    // As libgit2 does it, with the filters of `.gitattributes`.
    let blob = repository.blob_path(full.as_std_path()).map_err(tool)?;
    let mut entry = raw(path, &IndexEntry { mode, blob: blob.to_string(), is_intent: false })?;
    // With the file's times git need not read it again to see that it is the same. The fields are 32 bits wide.
    let low = |value: u64| u32::try_from(value & u64::from(u32::MAX)).unwrap_or_default();
    let seconds = |value: i64| i32::try_from(value).unwrap_or_default();
    let nanoseconds = |value: i64| u32::try_from(value).unwrap_or_default();
    entry.ctime = IndexTime::new(seconds(metadata.ctime()), nanoseconds(metadata.ctime_nsec()));
    entry.mtime = IndexTime::new(seconds(metadata.mtime()), nanoseconds(metadata.mtime_nsec()));
    (entry.dev, entry.ino, entry.file_size) = (low(metadata.dev()), low(metadata.ino()), low(metadata.len()));
    (entry.uid, entry.gid) = (metadata.uid(), metadata.gid());
    index.add(&entry).map_err(tool)
}

fn raw(path: &RelativePath, entry: &IndexEntry) -> Result<git2::IndexEntry> {
    let extended = if entry.is_intent { IndexEntryExtendedFlag::INTENT_TO_ADD.bits() } else { 0 };
    Ok(git2::IndexEntry {
        ctime: IndexTime::new(0, 0),
        mtime: IndexTime::new(0, 0),
        dev: 0,
        ino: 0,
        mode: entry.mode,
        uid: 0,
        gid: 0,
        file_size: 0,
        id: Oid::from_str(&entry.blob).map_err(tool)?,
        flags: 0,
        flags_extended: extended,
        path: path.as_str().as_bytes().to_vec(),
    })
}
