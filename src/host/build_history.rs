//! The history of builds on disk: a file in our state that only its user can read. Two nixstarts at once write one after the other.
//! A build never fails because of it.

use std::io::{self, Read, Write};
use std::thread;
use std::time::{Duration, Instant};

use camino::Utf8PathBuf;
use fs_err::OpenOptions;
use fs_err::os::unix::fs::OpenOptionsExt as _;

use super::files::{self, Existing, PRIVATE};
use super::paths;
use crate::env_vars;
use crate::error::Result;
use crate::nix::build_history::{Entry, History, line};

/// No history is as long; then it is something else.
const MOST_BYTES: u64 = 64 * 1024 * 1024;
/// How long somebody else who writes is waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// The file.
#[derive(Debug, Clone)]
pub struct HistoryFile {
    path: Utf8PathBuf,
}

impl HistoryFile {
    /// The file of this user.
    pub fn of_this_user() -> Result<Self> {
        Ok(Self { path: paths::state_directory()?.join("builds.jsonl") })
    }

    /// A file by its path.
    pub const fn at(path: Utf8PathBuf) -> Self {
        Self { path }
    }

    /// What is remembered, and why it may not be everything. Times of nix-output-monitor are taken in, too, where it was used.
    pub fn read(&self) -> (History, Option<String>) {
        let (text, trouble) = match self.text() {
            Ok(text) => (text, None),
            Err(error) if error.kind() == io::ErrorKind::NotFound => (String::new(), None),
            Err(error) => (String::new(), Some(paths::reason(&error))),
        };
        let mut history = History::read(&text);
        if let Some(csv) = other_reports() {
            history.seed(&csv);
        }
        let broken = (history.broken > 0).then(|| format!("{} of its lines cannot be read and are passed over", history.broken));
        let warning = trouble.or(broken).map(|why| format!("the history of builds in `{}` is not whole: {why}", self.path));
        (history, warning)
    }

    fn text(&self) -> io::Result<String> {
        let mut bytes = Vec::new();
        let file = fs_err::File::open(&self.path)?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "it is no file"));
        }
        file.take(MOST_BYTES).read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Adds entries; what nobody needs any more goes when there is much of it.
    pub fn append(&self, entries: &[Entry]) -> io::Result<()> {
        let directory = self.path.parent().ok_or(io::ErrorKind::NotFound)?;
        files::create_private_directory(directory)?;
        let _lock = self.lock()?;
        let text = self.text().or_else(|error| match error.kind() {
            io::ErrorKind::NotFound => Ok(String::new()),
            _ => Err(error),
        })?;
        let history = History::read(&text);
        let added: String = entries.iter().map(line).collect();
        let is_broken_off = !text.is_empty() && !text.ends_with('\n');
        if history.broken > 0 || is_broken_off || history.is_long() {
            let whole = history.compacted() + &added;
            return files::write_atomically(&self.path, whole.as_bytes(), PRIVATE, Existing::Replace);
        }
        let mut file = OpenOptions::new().append(true).create(true).mode(PRIVATE).open(&self.path)?;
        file.write_all(added.as_bytes())
    }

    fn lock(&self) -> io::Result<fs_err::File> {
        let path = self.path.with_extension("lock");
        let file = OpenOptions::new().create(true).write(true).truncate(false).mode(PRIVATE).open(path)?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            match file.file().try_lock() {
                Ok(()) => return Ok(file),
                Err(std::fs::TryLockError::Error(error)) => return Err(error),
                Err(std::fs::TryLockError::WouldBlock) if Instant::now() < deadline => thread::sleep(Duration::from_millis(5)),
                Err(std::fs::TryLockError::WouldBlock) => {
                    return Err(io::Error::new(io::ErrorKind::WouldBlock, "another nixstart writes it"));
                }
            }
        }
    }
}

/// What nix-output-monitor has remembered.
fn other_reports() -> Option<String> {
    let base = match env_vars::get(env_vars::XDG_STATE_HOME).filter(|path| path.starts_with('/')) {
        Some(base) => Utf8PathBuf::from(base),
        None => paths::home_directory().ok()?.join(".local/state"),
    };
    let path = base.join("nix-output-monitor/build-reports.csv");
    let is_short = path.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.len() < MOST_BYTES);
    is_short.then(|| fs_err::read(path).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))?
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;

    use super::*;
    use crate::nix::build_history::{Outcome, Run, Timed};

    fn file() -> (tempfile::TempDir, HistoryFile) {
        let folder = tempfile::tempdir().unwrap();
        let path = Utf8PathBuf::from_path_buf(folder.path().join("state/builds.jsonl")).unwrap();
        (folder, HistoryFile::at(path))
    }

    fn timed(seconds: f64) -> Entry {
        Entry::Build(Timed { host: String::new(), package: "app".into(), seconds, when: 1 })
    }

    #[test]
    fn what_is_added_is_there_the_next_time_and_for_nobody_else() {
        let (_folder, file) = file();
        assert_eq!(file.read().1, None);
        file.append(&[timed(3.0)]).unwrap();
        let run = Run { subject: "/w#default".into(), outcome: Outcome::Succeeded, ..Run::default() };
        file.append(&[timed(5.0), timed(5.0), Entry::Run(run)]).unwrap();
        let (history, warning) = file.read();
        assert_eq!((history.estimate("", "app-1"), warning), (Some(Duration::from_secs(5)), None));
        assert!(history.last_success("/w#default").is_some());
        assert_eq!(files::mode(&file.path).unwrap() & 0o777, PRIVATE);
    }

    #[test]
    fn a_broken_file_is_warned_of_once_and_mended() {
        let (_folder, file) = file();
        file.append(&[timed(3.0)]).unwrap();
        let mut text = fs_err::read(&file.path).unwrap();
        text.extend_from_slice(b"\xff\x00nonsense\n{\"kind\":\"build\",\"pack");
        fs_err::write(&file.path, text).unwrap();
        assert!(file.read().1.unwrap().contains("2 of its lines cannot be read"));
        file.append(&[timed(3.0)]).unwrap();
        let (history, warning) = file.read();
        assert_eq!((history.lines, warning), (2, None));
    }

    #[test]
    fn where_nothing_can_be_written_or_read_that_is_said() {
        let file = HistoryFile::at("/dev/null/builds.jsonl".into());
        assert!(file.append(&[timed(1.0)]).is_err());
        let full = HistoryFile::at("/dev".into());
        assert!(full.read().1.unwrap().contains("is not whole"));
    }

    #[test]
    fn several_at_once_lose_nothing() {
        let (_folder, file) = file();
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..10).for_each(|_| file.append(&[timed(1.0)]).unwrap()));
            }
        });
        assert_eq!((file.read().0.lines, file.read().0.broken), (40, 0));
    }
}
