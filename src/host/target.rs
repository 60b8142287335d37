//! What is at the place a project is going to be: nothing, an empty directory, or somebody's files.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;

use camino::Utf8Path;

use super::{files, git};
use crate::changeset::{OnDisk, beside};
use crate::dotenv;
use crate::error::{Error, Result};
use crate::file_tree::{File, FileTree, RelativePath};
use crate::project::Site;
use crate::project::record::{RECORD, Record};

/// Looks at the place of a project.
pub fn survey(path: &Utf8Path) -> Result<Site> {
    let exists = match fs_err::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => true,
        Ok(metadata) => {
            let what = if metadata.is_symlink() { "a link that leads nowhere" } else { "a file" };
            return Err(Error::failed(format!("`{path}` is {what}, not a directory")).hint("choose another directory"));
        }
        // Below a file there is nothing either; `check_writable` names that file.
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => false,
        Err(error) => return Err(error.into()),
    };
    let place = git::place_of(path);
    Ok(Site {
        path: path.to_owned(),
        exists,
        is_repository: place.is_root,
        parent_repository: place.parent,
        record: record(path)?,
        gitignore: text_of(path, ".gitignore")?,
        env_keys: env_keys(path)?,
        env_is_tracked: git::is_tracked(&path.join(".env")),
        env_is_ignored: git::why_not_private(&path.join(".env")).is_none(),
    })
}

/// The text of a plain file; what is no plain file stands in the way of the plan and is named there.
fn text_of(directory: &Utf8Path, name: &str) -> Result<Option<String>> {
    match files::read_plain(&directory.join(name)) {
        Ok(file) => Ok(Some(String::from_utf8_lossy(&file.contents).into_owned())),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::InvalidInput) => {
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// The record of the project that is there. One that cannot be read is no reason to take the directory for a new one.
fn record(directory: &Utf8Path) -> Result<Option<Record>> {
    let Some(text) = text_of(directory, RECORD)? else { return Ok(None) };
    Record::parse(&text).map(Some).map_err(|error| {
        let place = directory.join(RECORD);
        let message = error.message();
        let line = error.span().map_or(1, |span| text.bytes().take(span.start).filter(|byte| *byte == b'\n').count() + 1);
        Error::failed(format!("cannot read `{place}`: {message} at line {line}"))
            .hint("mend it, take it back from git, or move it away to start anew")
    })
}

fn env_keys(directory: &Utf8Path) -> Result<Option<Vec<String>>> {
    let path = directory.join(".env");
    match fs_err::symlink_metadata(&path) {
        Err(_) => Ok(None),
        Ok(metadata) if metadata.is_file() => {
            let text = fs_err::read_to_string(&path)?;
            Ok(Some(dotenv::read(&text).into_iter().filter(dotenv::Entry::has_value).map(|entry| entry.key).collect()))
        }
        Ok(_) => Err(Error::refused(format!("`{path}` is no plain file")).hint("move it away and run the same command again")),
    }
}

/// What is on disk at every path of a tree, and beside it.
pub fn on_disk_of(root: &Utf8Path, tree: &FileTree) -> Result<BTreeMap<RelativePath, OnDisk>> {
    let mut found = BTreeMap::new();
    for (path, _) in tree.iter() {
        found.insert(path.clone(), on_disk(root, path)?);
        for beside in beside(path) {
            let state = on_disk(root, &beside)?;
            let is_free = state == OnDisk::Absent;
            found.insert(beside, state);
            if is_free {
                break;
            }
        }
    }
    Ok(found)
}

/// What stands at a path, looking at every folder on the way. A link is never followed.
pub fn on_disk(root: &Utf8Path, path: &RelativePath) -> Result<OnDisk> {
    for parent in path.parents() {
        match fs_err::symlink_metadata(root.join(parent)) {
            Ok(metadata) if metadata.is_dir() => {}
            Ok(metadata) if metadata.is_symlink() => return Ok(OnDisk::Blocked(link(parent, &root.join(parent)))),
            Ok(_) => return Ok(OnDisk::Blocked(format!("`{parent}` is a file, not a directory"))),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(OnDisk::Absent),
            Err(error) => return Err(error.into()),
        }
    }
    let full = root.join(path.as_str());
    match fs_err::symlink_metadata(&full) {
        Ok(metadata) if metadata.is_file() => {
            let executable = metadata.permissions().mode() & 0o111 != 0;
            Ok(OnDisk::File(File { contents: fs_err::read(&full)?, executable }))
        }
        Ok(metadata) if metadata.is_symlink() => Ok(OnDisk::Blocked(link(path.as_str(), &full))),
        Ok(metadata) if metadata.is_dir() => Ok(OnDisk::Blocked(format!("`{path}` is a directory, not a file"))),
        Ok(_) => Ok(OnDisk::Blocked(format!("`{path}` is no plain file"))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(OnDisk::Absent),
        Err(error) => Err(error.into()),
    }
}

fn link(shown: &str, full: &Utf8Path) -> String {
    let leads = full.read_link_utf8().map(|target| format!(" to `{target}`")).unwrap_or_default();
    format!("`{shown}` is a link{leads}; nixstart writes through no link")
}

/// Says early, before any question, that a directory cannot be written to.
pub fn check_writable(path: &Utf8Path) -> Result<()> {
    let existing = path.ancestors().find(|path| path.exists()).unwrap_or(path);
    if existing.is_dir() && rustix::fs::access(existing.as_std_path(), rustix::fs::Access::WRITE_OK).is_ok() {
        return Ok(());
    }
    let what = if existing.is_dir() { "cannot be written to" } else { "is not a directory" };
    Err(Error::failed(format!("`{existing}` {what}")).hint("choose another place for the project"))
}
