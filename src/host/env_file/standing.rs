//! How a `.env` stands on disk: which file it is, who may write it, and how another document takes its place. What it holds is
//! not read for that.

use std::cell::OnceCell;
use std::os::unix::fs::MetadataExt;

use camino::{Utf8Path, Utf8PathBuf};
use rustix::fs::{Gid, Uid};

use super::super::files::{self, Existing};
use super::super::git::{self, Privacy};
use super::super::paths;
use crate::dotenv::Document;
use crate::error::{Error, Result};

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

/// Where a `.env` is, and the identity of the file that was found there.
#[derive(Debug)]
pub struct Standing {
    path: Utf8PathBuf,
    place: Utf8PathBuf,
    found: Option<Found>,
    /// What git does with it, and with its temporary neighbours: a repository takes a while to be asked.
    privacy: OnceCell<(Privacy, Privacy)>,
}

/// The file that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    stamp: String,
    mode: u32,
    owner: (u32, u32),
}

impl Found {
    pub(super) fn of(metadata: &std::fs::Metadata) -> Self {
        let owner = (metadata.uid(), metadata.gid());
        Self { stamp: stamp_of(metadata), mode: metadata.mode() & 0o7777, owner }
    }
}

impl Standing {
    pub(super) fn new(path: &Utf8Path, place: Utf8PathBuf, found: Option<Found>) -> Self {
        Self { path: path.to_owned(), place, found, privacy: OnceCell::new() }
    }

    /// The path as it was named.
    pub fn path(&self) -> &Utf8Path {
        &self.path
    }

    /// The file itself, behind links.
    pub fn place(&self) -> &Utf8Path {
        &self.place
    }

    /// The same file, about which git is asked again.
    #[must_use]
    pub fn asked_again(self) -> Self {
        Self { privacy: OnceCell::new(), ..self }
    }

    /// Whether it is there.
    pub const fn exists(&self) -> bool {
        self.found.is_some()
    }

    /// Its identity; `None` when it is not there.
    pub fn stamp(&self) -> Option<String> {
        self.found.as_ref().map(|found| found.stamp.clone())
    }

    /// Its permission bits; `None` when it is not there.
    pub fn mode(&self) -> Option<u32> {
        self.found.as_ref().map(|found| found.mode)
    }

    /// Whether the path still leads to the file that was found.
    pub fn is_current(&self) -> bool {
        behind_links(&self.path, Links::Anywhere).is_ok_and(|place| place == self.place) && self.is_unchanged()
    }

    fn is_unchanged(&self) -> bool {
        self.place.metadata().ok().map(|metadata| stamp_of(&metadata)) == self.stamp()
    }

    /// What git does with it, asked once.
    pub fn privacy(&self) -> Privacy {
        self.privacies().0
    }

    fn privacies(&self) -> (Privacy, Privacy) {
        *self.privacy.get_or_init(|| {
            let neighbour = temporary_neighbour(&self.place);
            let [own, neighbour] = git::privacies([&self.place, &neighbour]);
            (own, neighbour)
        })
    }

    /// Says why it may not be written: git would keep it, or it is somebody else's.
    pub fn refuse_to_write(&self) -> Result<()> {
        refuse_exposed(&self.path, &self.place, self.privacy())?;
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
        let place = staged_in(&self.path, &self.place, self.privacies().1)?;
        let mode = self.found.as_ref().map_or(files::PRIVATE, |found| found.mode & 0o700);
        let staged = files::stage_undurable(&place, document.as_bytes(), files::PRIVATE);
        let staged = staged.map_err(|error| unwritable(&self.path, &place, &error))?;
        files::set_mode(staged.path(), mode)?;
        if let Some(found) = &self.found {
            keep_owner(staged.path(), found.owner)?;
        }
        let stamp = staged.stamp()?;
        staged.make_durable_beside(|| note(stamp))?;
        self.refuse_when_changed()?;
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

    fn refuse_when_changed(&self) -> Result<()> {
        if self.is_unchanged() {
            return Ok(());
        }
        Err(Error::failed(format!("`{}` was changed by somebody else meanwhile; nothing was written", paths::shown(&self.path)))
            .hint("run the command again"))
    }
}

/// Why nothing can be written; the temporary file is nobody's business.
fn unwritable(path: &Utf8Path, staging: &Utf8Path, error: &std::io::Error) -> Error {
    let failed = Error::failed(format!("`{}` cannot be written: {}", paths::shown(path), paths::reason(error)));
    match error.kind() {
        std::io::ErrorKind::StorageFull => failed.hint("free some space and run the same command again"),
        std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => {
            let directory = paths::shown(directory_of(staging));
            failed.hint(format!("it is written beside itself first, so you need the right to write to `{directory}`"))
        }
        _ => failed,
    }
}

fn stamp_of(metadata: &std::fs::Metadata) -> String {
    format!("{}:{}:{}.{}", metadata.ino(), metadata.len(), metadata.mtime(), metadata.mtime_nsec())
}

/// The file itself behind links: its own, and those of the directories on the way to it.
pub(super) fn behind_links(path: &Utf8Path, links: Links<'_>) -> Result<Utf8PathBuf> {
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
pub(super) fn refuse_exposed(path: &Utf8Path, place: &Utf8Path, privacy: Privacy) -> Result<()> {
    let (shown, name) = (paths::shown(path), place.file_name().unwrap_or(".env"));
    match privacy {
        Privacy::Ignored | Privacy::NoRepository => Ok(()),
        Privacy::Tracked => Err(Error::refused(format!("secrets are not written to `{shown}`: git tracks it"))
            .hint(format!("run `git rm --cached {shown}` and commit that"))
            .hint("then change every secret in it: it is in the history")),
        Privacy::NotIgnored => {
            let hint = match name {
                ".env" => "add `.env` to a `.gitignore`, or let `nixstart doctor --fix --check env-ignored` do it".to_owned(),
                other if other.starts_with(".env.") => "add `.env.*` and `!.env.example` to a `.gitignore`".to_owned(),
                other => format!("add `{other}` to a `.gitignore`"),
            };
            Err(Error::refused(format!("secrets are not written to `{shown}`: no ignore rule of its repository covers it"))
                .hint(hint))
        }
        Privacy::Unknown => {
            Err(Error::refused(format!("secrets are not written to `{shown}`: git cannot tell whether it is ignored"))
                .hint(format!("look at it with `git check-ignore -v {shown}`")))
        }
    }
}

/// Where a file is written before it takes its place: its own name when its temporary neighbours are private too, else in
/// the git directory of its repository, which git never tracks.
pub fn staging_place(path: &Utf8Path, place: &Utf8Path) -> Result<Utf8PathBuf> {
    staged_in(path, place, git::privacy(&temporary_neighbour(place)))
}

fn staged_in(path: &Utf8Path, place: &Utf8Path, of_neighbour: Privacy) -> Result<Utf8PathBuf> {
    match of_neighbour {
        Privacy::Ignored | Privacy::NoRepository => return Ok(place.to_owned()),
        Privacy::Tracked | Privacy::NotIgnored | Privacy::Unknown => {}
    }
    git_directory_of(place).map(|git| git.join(IN_GIT_DIRECTORY)).ok_or_else(|| {
        let shown = paths::shown(path);
        Error::refused(format!("secrets are not written to `{shown}`: no ignore rule covers the file it is written to first"))
            .hint("add `.env.*` and `!.env.example` to `.gitignore`")
    })
}

fn directory_of(place: &Utf8Path) -> &Utf8Path {
    place.parent().unwrap_or(Utf8Path::new("."))
}

fn temporary_neighbour(place: &Utf8Path) -> Utf8PathBuf {
    directory_of(place).join(format!("{}0", files::TEMPORARY))
}

/// The git directory from which a file can take its place.
fn git_directory_of(place: &Utf8Path) -> Option<Utf8PathBuf> {
    let directory = directory_of(place);
    git::directory_of(directory).filter(|git| is_beside(git, directory))
}

/// Whether a file can be renamed from one directory to the other: both are directories of one file system.
fn is_beside(from: &Utf8Path, to: &Utf8Path) -> bool {
    let device = |path: &Utf8Path| path.symlink_metadata().ok().filter(std::fs::Metadata::is_dir).map(|found| found.dev());
    device(from).is_some() && device(from) == device(to)
}

/// Removes what runs that were killed left of a file. Whoever calls holds the lock of its directory.
pub fn clear_leftovers(path: &Utf8Path) -> Result<()> {
    let place = path.canonicalize_utf8().unwrap_or_else(|_| path.to_owned());
    files::remove_temporaries(directory_of(&place))?;
    let Some(git_directory) = git_directory_of(&place).filter(|git| files::has_temporaries(git)) else { return Ok(()) };
    // Another directory of the repository may have its files there.
    if staging_place(path, &place).is_ok_and(|staging| staging != place) {
        files::remove_temporaries(&git_directory)?;
    }
    Ok(())
}
