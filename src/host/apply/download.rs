//! Downloads a program into a private directory. It has another name until its digest and its first bytes were checked,
//! and only then may it be run.

use std::io::Read;
use std::os::unix::fs::PermissionsExt;

use camino::Utf8Path;
use fs_err::os::unix::fs::OpenOptionsExt as _;
use fs_err::{File, OpenOptions};
use sha2::Digest as _;

use super::super::http::{self, Digest, HttpError, Place, Progress, Request, Trust};
use super::super::revert::{Effect, Mode};
use super::super::{files, random};
use super::Note;
use crate::error::{Error, Result};
use crate::plan::action::size_as_text;
use crate::plan::receipt::{After, Before};
use crate::plan::{DownloadCheck, Sha256};

/// What a publisher says about a file is never longer.
const MOST_BYTES_OF_DIGESTS: u64 = 64 * 1024;
/// What the address of a file of this machine begins with.
const FILE: &str = "file://";
/// Its owner may run it.
const PROGRAM: u32 = 0o700;
/// How the files begin that this machine can run: ELF, a script, Mach-O for one processor and for several.
const PROGRAMS: [&[u8]; 4] = [b"\x7fELF", b"#!", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe"];

/// What is downloaded.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// From where.
    pub url: &'a str,
    /// The new file, as an absolute path.
    pub path: &'a Utf8Path,
    /// What it is checked against.
    pub check: &'a DownloadCheck,
    /// More bytes than this are not taken.
    pub most_bytes: u64,
}

/// Why a file that came is not kept.
#[derive(Debug, thiserror::Error)]
pub enum DownloadError {
    /// It is another file.
    #[error("`{url}` is not what was expected: its SHA-256 is {found}, and {by} is {expected}")]
    Mismatch {
        /// From where.
        url: String,
        /// The digest it has.
        found: Sha256,
        /// The digest it should have.
        expected: Sha256,
        /// Who says so.
        by: &'static str,
    },
    /// Its publisher names no digest for it.
    #[error("`{sha256_url}` has no SHA-256 digest of `{name}`")]
    NotPublished {
        /// Where the digest should be.
        sha256_url: String,
        /// The file.
        name: String,
    },
    /// It cannot be run.
    #[error("`{url}` is no program: it begins like neither ELF nor Mach-O nor a script")]
    NoProgram {
        /// From where.
        url: String,
    },
}

impl From<DownloadError> for Error {
    fn from(error: DownloadError) -> Self {
        let hint = match &error {
            DownloadError::Mismatch { by: PINNED, .. } => {
                "get a newer nixstart, or name the digest that you trust with `--installer-sha256`"
            }
            DownloadError::Mismatch { .. } => "run the same command again; when it stays so, tell the publisher",
            DownloadError::NotPublished { .. } => "name the digest that you trust with `--installer-sha256`",
            DownloadError::NoProgram { .. } => "a newer nixstart may know where it is now",
        };
        Self::refused(error).hint(hint)
    }
}

const PINNED: &str = "the pinned one";
const PUBLISHED: &str = "the one that its publisher names";

/// Whether the file is there with the digest that was known before. One that only its publisher vouches for is asked for
/// again.
pub(super) fn is_satisfied(path: &Utf8Path, check: &DownloadCheck) -> bool {
    match check {
        DownloadCheck::Pinned { sha256 } => digest_of(path).is_some_and(|found| found == *sha256),
        DownloadCheck::Published { .. } | DownloadCheck::PublishedBeside { .. } => false,
    }
}

/// Whether a program stands where it was put.
pub(super) fn is_in_place(path: &Utf8Path) -> bool {
    files::mode(path).is_ok_and(|mode| mode == PROGRAM) && is_program(path).unwrap_or_default()
}

/// The digest of a plain file.
pub fn digest_of(path: &Utf8Path) -> Option<Sha256> {
    if !path.symlink_metadata().is_ok_and(|metadata| metadata.is_file()) {
        return None;
    }
    let mut digest = sha2::Sha256::new();
    let mut file = File::open(path).ok()?;
    let mut piece = vec![0; 64 * 1024];
    loop {
        let count = file.read(&mut piece).ok()?;
        match piece.get(..count) {
            Some([]) | None => return Some(Sha256::of_bytes(digest.finalize().into())),
            Some(read) => digest.update(read),
        }
    }
}

fn is_program(path: &Utf8Path) -> std::io::Result<bool> {
    let mut head = Vec::new();
    File::open(path)?.take(4).read_to_end(&mut head)?;
    Ok(PROGRAMS.iter().any(|magic| head.starts_with(magic)))
}

/// Looks which directories are missing. A file of an earlier, unfinished try makes room.
pub(super) fn prepare(path: &Utf8Path, earlier: Option<&Before>) -> Result<Before> {
    if earlier.is_some_and(|before| is_ours(path, before)) {
        fs_err::remove_file(path)?;
    }
    if path.symlink_metadata().is_ok() {
        let error = Error::refused(format!("`{path}` is there already, and it is not what is wanted"));
        return Err(error.hint(format!("look at it, remove it with `rm {path}`, and run the command again")));
    }
    let mut made_directories: Vec<_> = http::missing(path.parent().unwrap_or(path)).map(Utf8Path::to_owned).collect();
    made_directories.reverse();
    Ok(Before { made_directories, ..Before::default() })
}

/// Whether a file is the one whose identity was noted before it got its name.
fn is_ours(path: &Utf8Path, before: &Before) -> bool {
    before.stamp.as_ref().is_some_and(|stamp| files::stamp(path).is_ok_and(|now| now == *stamp))
}

/// Downloads, checks, and lets the file have its name. Its identity is noted before, so that undo knows it even after a
/// crash. When anything goes wrong, nothing of it stays.
pub fn fetch(wanted: Wanted<'_>, trust: &Trust, note: Note<'_>, on_line: &mut dyn FnMut(&str)) -> Result<()> {
    let directory = wanted.path.parent().unwrap_or(Utf8Path::new("/"));
    let mut place = Place::open(directory)?;
    let temporary = directory.join(format!("{}{}", files::TEMPORARY, random::suffix()?));
    let mut told = Told::default();
    let request = Request::new(wanted.url, wanted.most_bytes, trust);
    place.holds(&temporary);
    let found = match wanted.url.strip_prefix(FILE) {
        Some(file) => copy(Utf8Path::new(file), &request, &temporary)?,
        None => http::download(&request, &temporary, &mut |progress| told.tell(progress, on_line))?,
    };
    let (expected, by) = expected(wanted, &found.url, trust)?;
    let url = || wanted.url.to_owned();
    if found.sha256 != expected {
        return Err(DownloadError::Mismatch { url: url(), found: found.sha256, expected, by }.into());
    }
    if !is_program(&temporary)? {
        return Err(DownloadError::NoProgram { url: url() }.into());
    }
    fs_err::set_permissions(&temporary, PermissionsExt::from_mode(PROGRAM))?;
    note(Before { stamp: Some(files::stamp(&temporary)?), ..Before::default() })?;
    files::rename_to_nothing(&temporary, wanted.path)?;
    place.keep();
    Ok(files::sync_directory(directory)?)
}

/// Copies a file of this machine, with the same limit of size.
fn copy(file: &Utf8Path, request: &Request, into: &Utf8Path) -> Result<Digest> {
    let from = File::open(file)?;
    if !from.metadata()?.is_file() {
        return Err(Error::refused(format!("`{file}` is no plain file")));
    }
    let mut new = OpenOptions::new().write(true).create_new(true).mode(files::PRIVATE).open(into)?;
    let bytes = std::io::copy(&mut from.take(request.most_bytes.saturating_add(1)), &mut new)?;
    new.sync_all()?;
    if bytes > request.most_bytes {
        return Err(HttpError::TooLarge { url: request.url.clone(), most: request.most_bytes }.into());
    }
    let sha256 = digest_of(into).ok_or_else(|| Error::failed(format!("`{into}` cannot be read")))?;
    Ok(Digest { sha256, bytes, url: request.url.clone() })
}

/// The digest that a file has to have which came from an address in the end, and who says so.
fn expected(wanted: Wanted<'_>, came_from: &str, trust: &Trust) -> Result<(Sha256, &'static str)> {
    let (sha256_url, named) = match wanted.check {
        DownloadCheck::Pinned { sha256 } => return Ok((sha256.clone(), PINNED)),
        DownloadCheck::Published { sha256_url } => (sha256_url.clone(), wanted.url),
        DownloadCheck::PublishedBeside { suffix } => (format!("{came_from}{suffix}"), came_from),
    };
    let body = http::get(&Request::new(&sha256_url, MOST_BYTES_OF_DIGESTS, trust))?;
    let path = named.split(['?', '#']).next().unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default();
    let found = Sha256::published(&String::from_utf8_lossy(&body.bytes), name)
        .ok_or_else(|| DownloadError::NotPublished { sha256_url, name: name.to_owned() })?;
    Ok((found, PUBLISHED))
}

/// Tells how far a download is, a few times in all.
#[derive(Default)]
struct Told {
    next: u64,
}

impl Told {
    /// A file that is over at once needs no line.
    const LEAST: u64 = 4_000_000;

    fn tell(&mut self, progress: Progress, on_line: &mut dyn FnMut(&str)) {
        if progress.received < self.next.max(Self::LEAST) {
            return;
        }
        self.next = progress.received + (progress.total.unwrap_or_default() / 8).max(Self::LEAST);
        let of = progress.total.map(|total| format!(" of {}", size_as_text(total))).unwrap_or_default();
        on_line(&format!("{}{of}", size_as_text(progress.received)));
    }
}

/// The digest of the file, when it is the one whose identity was noted.
pub(super) fn made(path: &Utf8Path, before: &Before) -> After {
    let digest = if is_ours(path, before) { digest_of(path) } else { None };
    After { sha256: digest.map(String::from), ..After::default() }
}

/// Removes the file when it still has its digest, and the directories that were made for it when nothing else is in them.
pub(super) fn revert(path: &Utf8Path, before: &Before, after: &After, mode: Mode) -> Result<Vec<Effect>> {
    let keep = |why: &str| Ok(vec![Effect::Keep { what: path.to_string(), why: why.to_owned() }]);
    let is_there = path.symlink_metadata().is_ok();
    match &after.sha256 {
        None if is_there => return keep("it is not known whether nixstart downloaded it"),
        Some(ours) if is_there && digest_of(path).is_none_or(|found| found.as_str() != ours) => {
            return keep("it was changed since");
        }
        Some(_) | None => {}
    }
    if mode == Mode::Perform {
        if is_there {
            fs_err::remove_file(path)?;
        }
        before.made_directories.iter().rev().for_each(|directory| drop(fs_err::remove_dir(directory)));
    }
    Ok(if is_there { vec![Effect::Remove(path.to_string())] } else { Vec::new() })
}
