//! One nixstart at a time per project: an advisory lock that the system takes back when the process ends.

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
}

impl Lock {
    /// Takes the lock of a project, or says that another nixstart has it.
    pub fn acquire(root: &Utf8Path) -> Result<Self> {
        Self::try_take(root)?.ok_or_else(|| busy(root))
    }

    /// Takes the lock of a directory whose changes are over in a moment: waits until another nixstart is done with it.
    pub fn wait(directory: &Utf8Path) -> Result<Self> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(lock) = Self::try_take(directory)? {
                return Ok(lock);
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
            Ok(()) => Ok(Some(Self { _file: file })),
            Err(std::fs::TryLockError::WouldBlock) => Ok(None),
            Err(std::fs::TryLockError::Error(error)) => Err(error.into()),
        }
    }
}

fn busy(root: &Utf8Path) -> Error {
    Error::failed(format!("another nixstart is working on `{}`", paths::shown(root)))
        .hint("wait until it is done, then run the same command again")
}
