//! The values that must not be committed: of every `.env` of the project.

use camino::{Utf8Path, Utf8PathBuf};
use secrecy::{ExposeSecret, SecretString};

use crate::cli::env::Flags;
use crate::dotenv::{self, Entry};
use crate::error::Result;
use crate::facts::secrets::declared::{holds_secret, is_placeholder, is_secret_name};
use crate::facts::secrets::{is_committed_by_custom, is_env_file};
use crate::host::env_file::EnvFile;
use crate::host::git::staged::Staging;
use crate::host::{declarations, paths};
use crate::project::WORKSPACES;
use crate::secret::declarations::Need;
use crate::secret::guard::{is_evidently_public, is_public_address};
use crate::secret::{Declarations, Kind};
use crate::ui::redaction;

/// Gathers them. Nothing that is said from now on repeats one.
pub(super) fn gather(flags: &Flags, staging: &Staging) -> Result<Vec<(String, SecretString)>> {
    let mut values = Vec::new();
    let current = paths::current_directory()?;
    if let Some(named) = &flags.file {
        let path = current.join(named);
        values.extend(of_file(&path, &declared(staging, path.parent().unwrap_or(&current), &flags.profile))?);
    }
    for directory in directories(staging, current) {
        let files = env_files(&directory);
        if files.is_empty() {
            continue;
        }
        let declared = declared(staging, &directory, &flags.profile);
        for path in files.iter().filter(|path| !is_public(staging, path)) {
            values.extend(of_file(path, &declared)?);
        }
    }
    redaction::keep_out(values.iter().cloned());
    Ok(values)
}

fn declared(staging: &Staging, directory: &Utf8Path, profile: &str) -> Declarations {
    declarations::read(&staging.top, directory, profile)
}

/// The top of the work tree, its apps, and where the person is.
fn directories(staging: &Staging, current: Utf8PathBuf) -> Vec<Utf8PathBuf> {
    let folders = WORKSPACES.iter().filter_map(|folder| staging.top.join(folder).read_dir_utf8().ok());
    let apps = folders.flat_map(|entries| entries.flatten().map(|entry| entry.path().to_owned())).filter(|path| path.is_dir());
    let mut directories: Vec<Utf8PathBuf> = [staging.top.clone(), current].into_iter().chain(apps).collect();
    directories.sort_unstable();
    directories.dedup();
    directories
}

fn env_files(directory: &Utf8Path) -> Vec<Utf8PathBuf> {
    let entries = directory.read_dir_utf8().into_iter().flatten().flatten();
    // `.env` is also what some call the folder of a Python environment.
    let files = entries.filter(|entry| is_env_file(entry.file_name()) && entry.path().is_file());
    let mut paths: Vec<Utf8PathBuf> = files.map(|entry| entry.path().to_owned()).collect();
    paths.sort_unstable();
    paths
}

/// Whether everybody may read a file: it is in the repository, as some frameworks expect.
fn is_public(staging: &Staging, path: &Utf8Path) -> bool {
    let text = || fs_err::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    is_committed_by_custom(path.as_str()) && staging.is_tracked(path) && {
        let text = text();
        !holds_secret(&text, &dotenv::read(&text))
    }
}

fn of_file(path: &Utf8Path, declared: &Declarations) -> Result<Vec<(String, SecretString)>> {
    let bytes = EnvFile::look(path)?.unwrap_or_default();
    let entries = dotenv::entries(&dotenv::Document::parse(&bytes));
    Ok(entries.into_iter().filter(|entry| is_secret(entry, declared)).map(|entry| (entry.key, entry.value)).collect())
}

/// Whether a value must not be committed: it is declared to be a secret, or nobody declares it and it may be one.
fn is_secret(entry: &Entry, declared: &Declarations) -> bool {
    let value = entry.value.expose_secret();
    // What the example has is in the repository.
    if is_placeholder(value) || declared.example(&entry.key) == Some(value) || value.starts_with("encrypted:") {
        return false;
    }
    match declared.spec(&entry.key) {
        Some(spec) if !spec.sensitive => false,
        Some(spec) if spec.kind != Kind::Text || declared.need(&entry.key) != Need::Unsaid => true,
        // An example only names it.
        Some(_) | None if is_named_secret(&entry.key) => !is_public_address(value),
        Some(_) | None => !is_evidently_public(value),
    }
}

/// Whether the name says that the value is a secret, and not where one is.
fn is_named_secret(name: &str) -> bool {
    is_secret_name(name) && !["_FILE", "_PATH", "_DIR"].iter().any(|end| name.ends_with(end))
}
