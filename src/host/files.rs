//! Files: written whole or not at all, never through a link, and made durable before anybody is told.

use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::panic::resume_unwind;
use std::thread;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err::os::unix::fs::OpenOptionsExt as _;
use fs_err::{File, OpenOptions};
use rustix::fs::{CWD, RenameFlags};
use sha2::{Digest, Sha256};

use super::random;
use crate::file_tree::{self, hex};

/// Permission bits of a file that only its owner may read.
pub const PRIVATE: u32 = 0o600;

/// SHA-256 of bytes, in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Writes a file that must not exist yet, with a mode from the first moment on.
pub fn write_new(path: &Utf8Path, contents: &[u8], mode: u32) -> io::Result<File> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    file.write_all(contents)?;
    Ok(file)
}

/// Makes a directory, and those above it, that only its owner may look into. One that is there is closed to others, but not one
/// that everybody shares, as `/tmp`: that is refused.
pub fn create_private_directory(path: &Utf8Path) -> io::Result<()> {
    let named = |error: io::Error| io::Error::new(error.kind(), format!("cannot use the directory `{path}`: {error}"));
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(named)?;
    let metadata = fs_err::metadata(path)?;
    if metadata.permissions().mode() & STICKY != 0 {
        return Err(named(io::Error::other("everybody shares it; name one below it")));
    }
    if metadata.permissions().mode() & 0o077 != 0 && metadata.uid() == rustix::process::geteuid().as_raw() {
        set_mode(path, 0o700)?;
    }
    Ok(())
}

/// The bit of directories in which everybody may make files, and nobody may remove those of others.
const STICKY: u32 = 0o1000;

/// Whether an atomic write may take the place of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// It may.
    Replace,
    /// There must be none.
    Refuse,
}

/// How the names of temporary files begin. The rule `.env.*` that ignores secrets covers them too.
pub const TEMPORARY: &str = ".env.nixstart-";

/// Removes the temporary files that a killed run left in a directory.
pub fn remove_temporaries(directory: &Utf8Path) -> io::Result<()> {
    temporaries(directory).try_for_each(fs_err::remove_file)
}

/// Whether there are any.
pub fn has_temporaries(directory: &Utf8Path) -> bool {
    temporaries(directory).next().is_some()
}

fn temporaries(directory: &Utf8Path) -> impl Iterator<Item = Utf8PathBuf> {
    let entries = directory.read_dir_utf8().into_iter().flatten().flatten();
    entries.filter(|entry| entry.file_name().starts_with(TEMPORARY)).map(camino::Utf8DirEntry::into_path)
}

/// A neighbour of a file, about to take its place.
pub struct Staged<'a> {
    temporary: Utf8PathBuf,
    file: File,
    path: &'a Utf8Path,
}

/// Writes a neighbour of a file and makes it durable. Dropping it removes it again.
pub fn stage<'a>(path: &'a Utf8Path, contents: &[u8], mode: u32) -> io::Result<Staged<'a>> {
    let staged = stage_undurable(path, contents, mode)?;
    staged.make_durable()?;
    Ok(staged)
}

/// Writes a neighbour of a file, which is to be made durable before it takes the file's place. Dropping it removes it again.
pub fn stage_undurable<'a>(path: &'a Utf8Path, contents: &[u8], mode: u32) -> io::Result<Staged<'a>> {
    let temporary = directory_of(path).join(format!("{TEMPORARY}{}", random::suffix()?));
    let file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&temporary)?;
    let mut staged = Staged { temporary, file, path };
    staged.file.write_all(contents)?;
    Ok(staged)
}

impl Staged<'_> {
    /// Where it is meanwhile.
    pub fn path(&self) -> &Utf8Path {
        &self.temporary
    }

    /// Makes its bytes, owner and mode durable.
    pub fn make_durable(&self) -> io::Result<()> {
        self.file.sync_all()
    }

    /// Makes it durable while something else is made so: for a disk that is little more than one of both.
    pub fn make_durable_beside<E: From<io::Error>>(&self, other: impl FnOnce() -> Result<(), E>) -> Result<(), E> {
        thread::scope(|scope| {
            let own = scope.spawn(|| self.make_durable());
            let other = other();
            own.join().unwrap_or_else(|panic| resume_unwind(panic))?;
            other
        })
    }

    /// The identity that the file is going to have; a rename does not change it.
    pub fn stamp(&self) -> io::Result<String> {
        stamp(&self.temporary)
    }

    /// Lets the neighbour take the file's place.
    pub fn put(self, existing: Existing) -> io::Result<()> {
        match existing {
            Existing::Replace => fs_err::rename(&self.temporary, self.path)?,
            Existing::Refuse => rename_to_nothing(&self.temporary, self.path)?,
        }
        sync_directory(directory_of(self.path))
    }
}

impl Drop for Staged<'_> {
    fn drop(&mut self) {
        let _gone_when_put = fs_err::remove_file(&self.temporary);
    }
}

fn directory_of(path: &Utf8Path) -> &Utf8Path {
    path.parent().unwrap_or(Utf8Path::new("."))
}

/// Writes a file whole or not at all. The mode of a new file goes through the umask; one that takes the place of another
/// has it exactly.
pub fn write_atomically(path: &Utf8Path, contents: &[u8], mode: u32, existing: Existing) -> io::Result<()> {
    let staged = stage(path, contents, mode)?;
    if existing == Existing::Replace {
        set_mode(staged.path(), mode)?;
    }
    staged.put(existing)
}

/// Sets the permission bits of a file.
pub fn set_mode(path: &Utf8Path, mode: u32) -> io::Result<()> {
    fs_err::set_permissions(path, PermissionsExt::from_mode(mode))
}

/// Lets a durable file that lies in another directory of the file system take its place.
pub fn move_into_place(from: &Utf8Path, to: &Utf8Path, existing: Existing) -> io::Result<()> {
    let moved = match existing {
        Existing::Replace => fs_err::rename(from, to),
        Existing::Refuse => rename_to_nothing(from, to),
    };
    if let Err(error) = moved {
        let _best_effort = fs_err::remove_file(from);
        return Err(error);
    }
    sync_directory(directory_of(to))
}

/// Renames to a path where nothing may be, without a moment in which something could appear there.
pub fn rename_to_nothing(from: &Utf8Path, to: &Utf8Path) -> io::Result<()> {
    match rustix::fs::renameat_with(CWD, from.as_std_path(), CWD, to.as_std_path(), RenameFlags::NOREPLACE) {
        Ok(()) => Ok(()),
        // File systems without the flag say so; then the check and the rename are two calls.
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS | rustix::io::Errno::OPNOTSUPP) => match to.symlink_metadata() {
            Ok(_) => Err(already_exists(to)),
            Err(_) => fs_err::rename(from, to),
        },
        Err(rustix::io::Errno::EXIST) => Err(already_exists(to)),
        Err(error) => Err(io::Error::from(error)),
    }
}

fn already_exists(path: &Utf8Path) -> io::Error {
    io::Error::new(io::ErrorKind::AlreadyExists, format!("`{path}` has appeared meanwhile"))
}

/// Makes the entries of a directory durable.
pub fn sync_directory(directory: &Utf8Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// Makes everything below a directory durable, with one call where the system has one.
pub fn sync_tree(directory: &Utf8Path) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    return Ok(rustix::fs::syncfs(File::open(directory)?)?);
    #[cfg(not(target_os = "linux"))]
    return sync_each(directory);
}

#[cfg(not(target_os = "linux"))]
fn sync_each(directory: &Utf8Path) -> io::Result<()> {
    for entry in directory.read_dir_utf8()? {
        let path = entry?.into_path();
        if path.symlink_metadata()?.is_dir() { sync_each(&path)? } else { File::open(&path)?.sync_all()? }
    }
    sync_directory(directory)
}

/// Reads a plain file with its executable bit; a link is not followed.
pub fn read_plain(path: &Utf8Path) -> io::Result<file_tree::File> {
    let metadata = fs_err::symlink_metadata(path)?;
    if !metadata.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("`{path}` is no plain file")));
    }
    Ok(file_tree::File { contents: fs_err::read(path)?, executable: metadata.permissions().mode() & 0o111 != 0 })
}

/// Whether a path holds exactly these bytes as a plain file.
pub fn holds(path: &Utf8Path, contents: &[u8]) -> bool {
    read_plain(path).is_ok_and(|file| file.contents == contents)
}

/// The permission bits of a file.
pub fn mode(path: &Utf8Path) -> io::Result<u32> {
    Ok(fs_err::symlink_metadata(path)?.permissions().mode() & 0o777)
}

/// Identity of a file, from which nothing about its content follows but its size.
pub fn stamp(path: &Utf8Path) -> io::Result<String> {
    let metadata = fs_err::symlink_metadata(path)?;
    Ok(format!("{}:{}:{}.{}", metadata.ino(), metadata.len(), metadata.mtime(), metadata.mtime_nsec()))
}

#[cfg(test)]
mod tests {
    use camino::Utf8PathBuf;

    use super::*;

    #[test]
    fn a_directory_is_closed_to_others_unless_everybody_shares_it() {
        let directory = tempfile::tempdir().unwrap();
        let root = Utf8PathBuf::from_path_buf(directory.path().to_owned()).unwrap();
        let (own, shared) = (root.join("own"), root.join("shared"));
        fs_err::create_dir(&own).unwrap();
        set_mode(&own, 0o755).unwrap();
        create_private_directory(&own).unwrap();
        assert_eq!(mode(&own).unwrap(), 0o700);
        fs_err::create_dir(&shared).unwrap();
        set_mode(&shared, 0o1777).unwrap();
        let error = create_private_directory(&shared).unwrap_err().to_string();
        assert!(error.contains("everybody shares it"), "{error}");
        assert_eq!(fs_err::metadata(&shared).unwrap().permissions().mode() & 0o7777, 0o1777);
    }
}
