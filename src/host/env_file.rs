//! A `.env` on disk: looked at before it is read, found behind a link, written whole or not at all.
//!
//! Whatever the path holds, an error names it and the next step, never a value, and nothing hangs on it.

use std::io::Read;
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};

use camino::{Utf8Path, Utf8PathBuf};
use rustix::fs::{Gid, OFlags, Uid};

use super::files::{self, Existing};
use super::{git, paths};
use crate::dotenv::Document;
use crate::error::{Error, Result};

/// More than this is no list of variables.
pub const MOST_BYTES: u64 = 16 * 1024 * 1024;
/// The name of the file while it is in the git directory. A leftover of it is removed like any temporary file.
const IN_GIT_DIRECTORY: &str = ".env.nixstart-complete";

/// Where a link may lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Links<'a> {
    /// Into this directory.
    Within(&'a Utf8Path),
    /// Anywhere, because somebody said so.
    Anywhere,
}

/// A `.env` as it was found.
pub struct EnvFile {
    path: Utf8PathBuf,
    place: Utf8PathBuf,
    found: Option<Found>,
    bytes: Vec<u8>,
}

/// The file that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Found {
    stamp: String,
    mode: u32,
    owner: (u32, u32),
}

impl std::fmt::Debug for EnvFile {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("EnvFile").field("path", &self.path).field("found", &self.found).finish_non_exhaustive()
    }
}

impl EnvFile {
    /// Reads a file; one that is not there is empty.
    pub fn read(path: &Utf8Path, links: Links<'_>) -> Result<Self> {
        let place = behind_links(path, links)?;
        let Some((found, bytes)) = read_place(path, &place)? else {
            refuse_missing_directory(path, &place)?;
            return Ok(Self { path: path.to_owned(), place, found: None, bytes: Vec::new() });
        };
        Ok(Self { path: path.to_owned(), place, found: Some(found), bytes })
    }

    /// The bytes of a file, wherever a link leads; `None` when it is not there.
    pub fn look(path: &Utf8Path) -> Result<Option<Vec<u8>>> {
        let file = Self::read(path, Links::Anywhere)?;
        Ok(file.exists().then_some(file.bytes))
    }

    /// The path as it was named.
    pub fn path(&self) -> &Utf8Path {
        &self.path
    }

    /// The file itself, behind links.
    pub fn place(&self) -> &Utf8Path {
        &self.place
    }

    /// Whether it is there.
    pub const fn exists(&self) -> bool {
        self.found.is_some()
    }

    /// Its bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What it holds, read anew with each call.
    pub fn document(&self) -> Document {
        Document::parse(&self.bytes)
    }

    /// Its identity; `None` when it is not there.
    pub fn stamp(&self) -> Option<String> {
        self.found.as_ref().map(|found| found.stamp.clone())
    }

    /// Its permission bits; `None` when it is not there.
    pub fn mode(&self) -> Option<u32> {
        self.found.as_ref().map(|found| found.mode)
    }

    /// Says why it may not be written: git would keep it, or it is somebody else's.
    pub fn refuse_to_write(&self) -> Result<()> {
        refuse_exposed(&self.path, &self.place)?;
        let Some(found) = &self.found else { return Ok(()) };
        let shown = paths::shown(&self.path);
        let user = rustix::process::geteuid();
        if !user.is_root() && user.as_raw() != found.owner.0 {
            return Err(
                Error::refused(format!("`{shown}` belongs to another user")).hint("ask its owner, or work on a copy of it")
            );
        }
        if found.mode & 0o200 == 0 {
            return Err(Error::refused(format!("`{shown}` is read-only")).hint(format!("run `chmod u+w {shown}` first")));
        }
        Ok(())
    }

    /// Writes another document in its place: durable, private, and only while nobody else has changed the file. `note`
    /// learns the identity of the new file before it appears.
    pub fn write(&self, document: &Document, note: &mut dyn FnMut(String) -> Result<()>) -> Result<()> {
        let place = staging_place(&self.path, &self.place)?;
        let mode = self.found.as_ref().map_or(files::PRIVATE, |found| found.mode & 0o700);
        let staged = files::stage(&place, document.as_bytes(), files::PRIVATE)?;
        files::set_mode(staged.path(), mode)?;
        if let Some(found) = &self.found {
            keep_owner(staged.path(), found.owner)?;
        }
        self.refuse_when_changed()?;
        note(staged.stamp()?)?;
        let existing = if self.exists() { Existing::Replace } else { Existing::Refuse };
        if place == self.place {
            return Ok(staged.put(existing)?);
        }
        if let Err(error) = staged.put(Existing::Replace) {
            // It may be there although the directory is not durable.
            let _best_effort = fs_err::remove_file(&place);
            return Err(error.into());
        }
        Ok(files::move_into_place(&place, &self.place, existing)?)
    }

    /// Writes the same bytes beside it, private; nothing may be there.
    pub fn copy_to(&self, path: &Utf8Path) -> Result<()> {
        refuse_exposed(path, path)?;
        Ok(files::write_atomically(path, &self.bytes, files::PRIVATE, Existing::Refuse)?)
    }

    fn refuse_when_changed(&self) -> Result<()> {
        let now = self.place.metadata().ok().map(|metadata| stamp_of(&metadata));
        if now == self.found.as_ref().map(|found| found.stamp.clone()) {
            return Ok(());
        }
        Err(Error::failed(format!("`{}` was changed by somebody else meanwhile; nothing was written", paths::shown(&self.path)))
            .hint("run the command again"))
    }
}

fn stamp_of(metadata: &std::fs::Metadata) -> String {
    format!("{}:{}:{}.{}", metadata.ino(), metadata.len(), metadata.mtime(), metadata.mtime_nsec())
}

/// The file itself behind links: its own, and those of the directories on the way to it.
fn behind_links(path: &Utf8Path, links: Links<'_>) -> Result<Utf8PathBuf> {
    let shown = paths::shown(path);
    let is_link = path.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink());
    let place = if is_link {
        path.canonicalize_utf8().map_err(|error| {
            Error::failed(format!("`{shown}` is a link that leads nowhere: {error}"))
                .hint(format!("make what it points to, or remove the link with `rm {shown}`"))
        })?
    } else {
        behind_linked_directories(path)
    };
    match links {
        Links::Within(root) if !place.starts_with(root.canonicalize_utf8().unwrap_or_else(|_| root.to_owned())) => {
            let what = if is_link { "is a link that leads" } else { "is in a linked directory, which leads" };
            let leads = paths::shown(&place);
            Err(Error::refused(format!("`{shown}` {what} out of the project, to `{leads}`"))
                .hint("add `--follow` when that is what you want"))
        }
        Links::Within(_) | Links::Anywhere => Ok(place),
    }
}

/// The path of a file that may not be there, without links.
fn behind_linked_directories(path: &Utf8Path) -> Utf8PathBuf {
    let directory = path.parent().and_then(|directory| directory.canonicalize_utf8().ok());
    match (directory, path.file_name()) {
        (Some(directory), Some(name)) => directory.join(name),
        // `read` says that there is no such directory.
        _ => path.to_owned(),
    }
}

fn read_place(path: &Utf8Path, place: &Utf8Path) -> Result<Option<(Found, Vec<u8>)>> {
    let shown = paths::shown(path);
    // A FIFO opened like this does not wait for somebody who writes.
    let opened = std::fs::OpenOptions::new().read(true).custom_flags(OFlags::NONBLOCK.bits().cast_signed()).open(place);
    let mut file = match opened {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            let reason = paths::reason(&error);
            return Err(Error::failed(format!("cannot read `{shown}`: {reason}")).hint(hint_for(&error, &shown)));
        }
    };
    let metadata = file.metadata()?;
    refuse_special(&shown, metadata.file_type())?;
    if metadata.len() > MOST_BYTES {
        let most = MOST_BYTES / 1024 / 1024;
        return Err(Error::failed(format!("`{shown}` has more than {most} MiB, so it is no list of variables"))
            .hint("name the right file with `--file`"));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or_default() + 1);
    (&mut file)
        .take(MOST_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Error::failed(format!("cannot read `{shown}`: {}", paths::reason(&error))))?;
    let found = Found { stamp: stamp_of(&metadata), mode: metadata.mode() & 0o7777, owner: (metadata.uid(), metadata.gid()) };
    Ok(Some((found, bytes)))
}

fn hint_for(error: &std::io::Error, shown: &str) -> String {
    match error.kind() {
        std::io::ErrorKind::PermissionDenied => format!("look at its permissions with `ls -l {shown}`"),
        std::io::ErrorKind::NotADirectory => "a part of the path is a file; name the right file with `--file`".to_owned(),
        _ => "name the right file with `--file`".to_owned(),
    }
}

fn refuse_special(shown: &str, kind: std::fs::FileType) -> Result<()> {
    let what = match kind {
        kind if kind.is_file() => return Ok(()),
        kind if kind.is_dir() => "a directory",
        kind if kind.is_fifo() => "a FIFO",
        kind if kind.is_socket() => "a socket",
        _ => "a device",
    };
    let hint = if kind.is_dir() {
        format!("name the file in it, such as `--file {shown}/.env`")
    } else {
        "name a plain file with `--file`".to_owned()
    };
    Err(Error::failed(format!("`{shown}` is {what} and no file of variables")).hint(hint))
}

fn refuse_missing_directory(path: &Utf8Path, place: &Utf8Path) -> Result<()> {
    let directory = place.parent().unwrap_or(Utf8Path::new("."));
    if directory.is_dir() {
        return Ok(());
    }
    let shown = paths::shown(directory);
    Err(Error::failed(format!("there is no directory `{shown}` for `{}`", paths::shown(path)))
        .hint(format!("make it with `mkdir -p {shown}`, or name another file with `--file`")))
}

/// Root keeps the owner that a file had.
fn keep_owner(path: &Utf8Path, (user, group): (u32, u32)) -> Result<()> {
    let is_ours = user == rustix::process::geteuid().as_raw();
    if is_ours {
        return Ok(());
    }
    let (user, group) = (Uid::from_raw(user), Gid::from_raw(group));
    Ok(rustix::fs::chown(path.as_std_path(), Some(user), Some(group)).map_err(std::io::Error::from)?)
}

/// Refuses a file that git tracks or would take with the next `git add`.
fn refuse_exposed(path: &Utf8Path, place: &Utf8Path) -> Result<()> {
    let (shown, name) = (paths::shown(path), place.file_name().unwrap_or(".env"));
    match git::privacy(place) {
        git::Privacy::Ignored | git::Privacy::NoRepository => Ok(()),
        git::Privacy::Tracked => Err(Error::refused(format!("secrets are not written to `{shown}`: git tracks it"))
            .hint(format!("run `git rm --cached {shown}` and commit that"))
            .hint("then change every secret in it: it is in the history")),
        git::Privacy::NotIgnored => {
            Err(Error::refused(format!("secrets are not written to `{shown}`: no ignore rule of its repository covers it"))
                .hint(format!("add `{name}` to a `.gitignore`, or let `nixstart doctor --fix --check env-ignored` do it")))
        }
        git::Privacy::Unknown => {
            Err(Error::refused(format!("secrets are not written to `{shown}`: git cannot tell whether it is ignored"))
                .hint(format!("look at it with `git check-ignore -v {shown}`")))
        }
    }
}

/// Where a file is written before it takes its place: its own name when its temporary neighbours are private too, else in
/// the git directory of its repository, which git never tracks.
pub(super) fn staging_place(path: &Utf8Path, place: &Utf8Path) -> Result<Utf8PathBuf> {
    let directory = place.parent().unwrap_or(Utf8Path::new("."));
    match git::privacy(&directory.join(format!("{}0", files::TEMPORARY))) {
        git::Privacy::Ignored | git::Privacy::NoRepository => return Ok(place.to_owned()),
        git::Privacy::Tracked | git::Privacy::NotIgnored | git::Privacy::Unknown => {}
    }
    let git_directory = git::directory_of(directory).filter(|git| is_beside(git, directory));
    git_directory.map(|git| git.join(IN_GIT_DIRECTORY)).ok_or_else(|| {
        let shown = paths::shown(path);
        Error::refused(format!("secrets are not written to `{shown}`: no ignore rule covers the file it is written to first"))
            .hint("add `.env.*` and `!.env.example` to `.gitignore`")
    })
}

/// Whether a file can be renamed from one directory to the other: both are directories of one file system.
fn is_beside(from: &Utf8Path, to: &Utf8Path) -> bool {
    let device = |path: &Utf8Path| path.symlink_metadata().ok().filter(std::fs::Metadata::is_dir).map(|found| found.dev());
    device(from).is_some() && device(from) == device(to)
}

/// Removes what runs that were killed left of a file. Whoever calls holds the lock of its directory.
pub fn clear_leftovers(path: &Utf8Path) -> Result<()> {
    let place = path.canonicalize_utf8().unwrap_or_else(|_| path.to_owned());
    let directory = place.parent().unwrap_or(Utf8Path::new("."));
    files::remove_temporaries(directory)?;
    if let Ok(staging) = staging_place(path, &place)
        && staging != place
        && let Some(git_directory) = staging.parent()
    {
        files::remove_temporaries(git_directory)?;
    }
    Ok(())
}
