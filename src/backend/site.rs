//! Where the runner of a project answers and where the lines of its processes are kept.
//!
//! The socket is found from the directory of the project alone, so that every shell of its user finds the same one. Its
//! directory belongs to that user and nobody else may look into it; one that does not is refused.

use std::os::unix::fs::{DirBuilderExt, MetadataExt};

use camino::{Utf8Path, Utf8PathBuf};
use sha2::{Digest, Sha256};

use crate::env_vars;
use crate::error::{Error, Result};
use crate::host::paths;
use crate::project::record::RECORD;

/// How many digits of the digest of a directory name it. Sockets have short paths: 108 bytes on Linux, 104 on macOS.
const DIGITS: usize = 12;

/// The places of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// Its directory.
    pub root: Utf8PathBuf,
    /// For the socket and its lock: `$XDG_RUNTIME_DIR/nixstart-…`, or the same in `/tmp` with the number of the user.
    pub runtime: Utf8PathBuf,
    /// For the lines: below the state of the user, where they stay when nothing runs.
    pub logs: Utf8PathBuf,
}

impl Site {
    /// The places of a directory, of which nothing is made yet.
    pub fn of(root: &Utf8Path) -> Result<Self> {
        let digest = Sha256::digest(root.as_str().as_bytes());
        let name: String = digest.iter().flat_map(|byte| [byte >> 4, byte & 15]).take(DIGITS).map(digit).collect();
        let user = rustix::process::getuid().as_raw();
        let runtime = match env_vars::get(env_vars::XDG_RUNTIME_DIR).filter(|path| path.starts_with('/')) {
            Some(base) => Utf8PathBuf::from(base).join(format!("nixstart-{name}")),
            None => Utf8PathBuf::from(format!("/tmp/nixstart-{user}-{name}")),
        };
        let logs = paths::state_directory()?.join("logs").join(name);
        Ok(Self { root: root.to_owned(), runtime, logs })
    }

    /// The socket.
    pub fn socket(&self) -> Utf8PathBuf {
        self.runtime.join("runner.sock")
    }

    /// Whether what declares the services was changed since our runner began to answer: it has read it before that, and does not
    /// read it again.
    pub fn is_outdated(&self) -> bool {
        let changed = |path: &Utf8Path| path.metadata().and_then(|metadata| metadata.modified()).ok();
        changed(&self.root.join(RECORD)).zip(changed(&self.socket())).is_some_and(|(declared, begun)| declared > begun)
    }

    /// Where a process-compose answers that we have started.
    pub fn process_compose_socket(&self) -> Utf8PathBuf {
        self.runtime.join("pc.sock")
    }

    /// Where it is kept what was asked of somebody else's runner.
    pub fn memory(&self) -> Utf8PathBuf {
        self.runtime.join("asked.json")
    }

    /// When one of us has ended a runner the last time.
    pub fn farewell(&self) -> Utf8PathBuf {
        self.runtime.join("farewell")
    }

    /// What the runner holds while it lives.
    pub fn lock(&self) -> Utf8PathBuf {
        self.runtime.join("runner.lock")
    }

    /// What the runner itself has to say. No process has a file of this name.
    pub fn journal(&self) -> Utf8PathBuf {
        self.logs.join(".runner.log")
    }

    /// Makes the directory of the socket, or says why it cannot be trusted.
    pub fn create(&self) -> Result<()> {
        let mut builder = std::fs::DirBuilder::new();
        match builder.mode(0o700).create(&self.runtime) {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
                return Err(Error::failed(format!("cannot make `{}`: {}", self.runtime, paths::reason(&error))));
            }
            _ => {}
        }
        self.refuse_foreign()
    }

    /// Refuses a directory that somebody else could put a socket in.
    pub fn refuse_foreign(&self) -> Result<()> {
        let Ok(metadata) = self.runtime.symlink_metadata() else { return Ok(()) };
        let is_ours = metadata.is_dir() && metadata.uid() == rustix::process::getuid().as_raw();
        if is_ours && metadata.mode().trailing_zeros() >= 6 {
            return Ok(());
        }
        Err(Error::refused(format!("`{}` is not ours alone, so who answers there is not trusted", self.runtime))
            .hint(format!("look at it with `ls -ld {}`; remove it when it is nobody's", self.runtime)))
    }
}

fn digit(nibble: u8) -> char {
    char::from_digit(u32::from(nibble), 16).unwrap_or_default()
}
