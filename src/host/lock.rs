//! One nixstart at a time per project: an advisory lock that the system takes back when the process ends.

use camino::Utf8Path;
use fs_err::{File, OpenOptions};

use super::files::{self, sha256};
use super::paths;
use crate::error::{Error, Result};

/// Held while a project is changed.
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock of a project, or says that another nixstart has it.
    pub fn acquire(root: &Utf8Path) -> Result<Self> {
        let directory = paths::state_directory()?.join("locks");
        files::create_private_directory(&directory)?;
        let name: String = sha256(root.as_str().as_bytes()).chars().take(16).collect();
        let file = OpenOptions::new().create(true).write(true).truncate(false).open(directory.join(name))?;
        match file.file().try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(std::fs::TryLockError::WouldBlock) => {
                Err(Error::failed(format!("another nixstart is working on `{}`", paths::shown(root)))
                    .hint("wait until it is done, then run the same command again"))
            }
            Err(std::fs::TryLockError::Error(error)) => Err(error.into()),
        }
    }
}
