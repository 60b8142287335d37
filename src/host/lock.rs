//! One nixstart at a time per project: an advisory lock that the system takes back when the process ends.
//!
//! The lock of a project is a file in the state of its user. Whoever changes a `.env` holds the directory itself, too: it is
//! the only thing that another user, another HOME and a container all see.

use std::thread;
use std::time::{Duration, Instant};

use camino::Utf8Path;
use fs_err::{File, OpenOptions};

use super::files::{self, sha256};
use super::paths;
use crate::error::{Error, Result};

/// How long a change of a moment is waited for, and how often it is looked at.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(5);

/// Held while a project is changed.
pub struct Lock {
    _file: File,
    _directory: Option<File>,
}

/// Whether one has the lock of a directory.
enum Hold {
    Mine(File),
    Theirs,
    /// It cannot be opened, or its file system knows no locks: there the lock of the user has to do.
    Impossible,
}

impl Lock {
    /// Takes the lock of a project, or says that another nixstart has it.
    pub fn acquire(root: &Utf8Path) -> Result<Self> {
        Self::try_take(root)?.ok_or_else(|| busy(root))
    }

    /// Takes the lock of a directory whose changes are over in a moment: waits until every other nixstart is done with it,
    /// whoever runs it.
    pub fn wait(directory: &Utf8Path) -> Result<Self> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(lock) = Self::try_take(directory)? {
                match hold(directory) {
                    Hold::Mine(directory) => return Ok(Self { _directory: Some(directory), ..lock }),
                    Hold::Impossible => return Ok(lock),
                    Hold::Theirs => {}
                }
            }
            if Instant::now() >= deadline {
                return Err(busy(directory));
            }
            thread::sleep(PAUSE);
        }
    }

    fn try_take(root: &Utf8Path) -> Result<Option<Self>> {
        let directory = paths::state_directory()?.join("locks");
        files::create_private_directory(&directory)?;
        let name: String = sha256(root.as_str().as_bytes()).chars().take(16).collect();
        let file = OpenOptions::new().create(true).write(true).truncate(false).open(directory.join(name))?;
        match file.file().try_lock() {
            Ok(()) => Ok(Some(Self { _file: file, _directory: None })),
            Err(std::fs::TryLockError::WouldBlock) => Ok(None),
            Err(std::fs::TryLockError::Error(error)) => Err(error.into()),
        }
    }
}

fn hold(directory: &Utf8Path) -> Hold {
    let Ok(directory) = File::open(directory) else { return Hold::Impossible };
    match directory.file().try_lock() {
        Ok(()) => Hold::Mine(directory),
        Err(std::fs::TryLockError::WouldBlock) => Hold::Theirs,
        Err(std::fs::TryLockError::Error(_)) => Hold::Impossible,
    }
}

fn busy(root: &Utf8Path) -> Error {
    Error::failed(format!("another nixstart is working on `{}`", paths::shown(root)))
        .hint("wait until it is done, then run the same command again")
}
