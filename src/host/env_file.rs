//! A `.env` on disk: looked at before it is read, found behind a link, written whole or not at all.
//!
//! Whatever the path holds, an error names it and the next step, never a value, and nothing hangs on it.

mod standing;

use std::io::Read;
use std::ops::Deref;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::sync::Arc;

use camino::Utf8Path;
use rustix::fs::OFlags;

use super::files::{self, Existing};
use super::{git, paths};
use crate::dotenv::Document;
use crate::error::{Error, Result};
use standing::{Found, behind_links, refuse_exposed};
pub use standing::{Links, Standing, clear_leftovers, staging_place};

/// More than this is no list of variables.
pub const MOST_BYTES: u64 = 16 * 1024 * 1024;
/// So much is compared at once.
const CHUNK: usize = 64 * 1024;

/// A `.env` as it was found.
pub struct EnvFile {
    standing: Standing,
    document: Arc<Document>,
}

impl std::fmt::Debug for EnvFile {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("EnvFile").field(&self.standing).finish()
    }
}

impl Deref for EnvFile {
    type Target = Standing;

    fn deref(&self) -> &Standing {
        &self.standing
    }
}

impl EnvFile {
    /// Reads a file; one that is not there is empty.
    pub fn read(path: &Utf8Path, links: Links<'_>) -> Result<Self> {
        let place = behind_links(path, links)?;
        let read = read_place(path, &place)?;
        if read.is_none() {
            refuse_missing_directory(path, &place)?;
        }
        let (found, bytes) = read.unzip();
        let document = Arc::new(Document::of_bytes(bytes.unwrap_or_default()));
        Ok(Self { standing: Standing::new(path, place, found), document })
    }

    /// The bytes of a file, wherever a link leads; `None` when it is not there.
    pub fn look(path: &Utf8Path) -> Result<Option<Vec<u8>>> {
        let file = Self::read(path, Links::Anywhere)?;
        Ok(file.exists().then(|| file.bytes().to_vec()))
    }

    /// Whether a file, wherever a link leads, has these bytes.
    pub fn holds(path: &Utf8Path, bytes: &[u8]) -> bool {
        open(path).is_ok_and(|file| {
            let is_like = |metadata: std::fs::Metadata| metadata.is_file() && metadata.len() == bytes.len() as u64;
            file.metadata().is_ok_and(is_like) && has_bytes(file, bytes).unwrap_or(false)
        })
    }

    /// Its bytes.
    pub fn bytes(&self) -> &[u8] {
        self.document.as_bytes()
    }

    /// What it holds.
    pub fn document(&self) -> Arc<Document> {
        Arc::clone(&self.document)
    }

    /// How it stands, without what it holds.
    pub fn into_standing(self) -> Standing {
        self.standing
    }

    /// Writes the same bytes beside it, private; nothing may be there.
    pub fn copy_to(&self, path: &Utf8Path) -> Result<()> {
        refuse_exposed(path, path, git::privacy(path))?;
        Ok(files::write_atomically(path, self.bytes(), files::PRIVATE, Existing::Refuse)?)
    }
}

/// A FIFO opened like this does not wait for somebody who writes.
fn open(place: &Utf8Path) -> std::io::Result<std::fs::File> {
    std::fs::OpenOptions::new().read(true).custom_flags(OFlags::NONBLOCK.bits().cast_signed()).open(place)
}

/// Whether a reader gives exactly some bytes. They are compared piece by piece: the file is not wanted in memory again.
fn has_bytes(mut from: impl Read, bytes: &[u8]) -> std::io::Result<bool> {
    let mut chunk = vec![0; CHUNK.min(bytes.len() + 1)];
    let mut rest = bytes;
    loop {
        let count = from.read(&mut chunk)?;
        let Some(after) = chunk.get(..count).and_then(|found| rest.strip_prefix(found)) else { return Ok(false) };
        if count == 0 {
            return Ok(rest.is_empty());
        }
        rest = after;
    }
}

fn read_place(path: &Utf8Path, place: &Utf8Path) -> Result<Option<(Found, Vec<u8>)>> {
    let shown = paths::shown(path);
    let mut file = match open(place) {
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
    Ok(Some((Found::of(&metadata), bytes)))
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
