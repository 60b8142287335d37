//! What a runner itself has to say. Its end is shown when the runner does not come up, or dies. Of somebody else's runner it is kept
//! without the secrets of the project; it never grows beyond a limit.

use std::io::{self, Read, Seek as _, SeekFrom, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use camino::Utf8Path;
use fs_err::os::unix::fs::OpenOptionsExt as _;
use fs_err::{File, OpenOptions};

use super::site::Site;
use crate::host::project_secrets;
use crate::ui::redaction;

/// The most bytes of the file.
const MOST_BYTES: u64 = 1 << 20;
/// What stays of a file that is full: its end.
const KEPT: u64 = 64 << 10;
/// What is shown of it.
const LAST_WORDS: u64 = 4096;
/// What is read of a pipe at once.
const PIECE: usize = 16 << 10;
/// How long somebody may hold a pipe open when everybody was ended.
const PATIENCE: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(5);

/// What is kept of what a runner says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Said {
    /// All of it, as it is: it is nixstart itself, which says no secret.
    AsIs,
    /// All of it, without secrets.
    Redacted,
    /// What is said on standard error, without secrets. On standard output are the lines of all processes, which the runner remembers
    /// itself.
    Errors,
}

impl Said {
    /// Its name, as on the command line.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::AsIs => "as-is",
            Self::Redacted => "redacted",
            Self::Errors => "errors",
        }
    }

    /// Leads what a program is going to say to where [`keep`] reads it.
    pub(super) fn prepare(self, command: &mut Command) {
        match self {
            Self::AsIs => {}
            Self::Redacted => drop(command.stdout(Stdio::piped()).stderr(Stdio::piped())),
            Self::Errors => drop(command.stdout(Stdio::null()).stderr(Stdio::piped())),
        }
    }
}

/// Opens the file for a runner that is to be started. Nothing is in it.
pub(super) fn begin(site: &Site) -> io::Result<File> {
    let file = open(&site.journal())?;
    file.set_len(0)?;
    Ok(file)
}

/// Several write into it, each behind what is there.
fn open(path: &Utf8Path) -> io::Result<File> {
    OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path)
}

/// Keeps what a program says through pipes, on threads of their own.
pub(super) fn keep(child: &mut Child, site: &Site) -> io::Result<Vec<JoinHandle<()>>> {
    let streams: [Option<Box<dyn Read + Send>>; 2] =
        [child.stdout.take().map(|stream| Box::new(stream) as _), child.stderr.take().map(|stream| Box::new(stream) as _)];
    let journal = Arc::new(Mutex::new(open(&site.journal())?));
    let readers = streams.into_iter().flatten().map(|stream| {
        let (journal, root) = (Arc::clone(&journal), site.root.clone());
        thread::spawn(move || copy(stream, &journal, &root))
    });
    Ok(readers.collect())
}

/// Waits until everything is kept. Whoever got away and holds a pipe open is not waited for.
pub(super) fn finish(readers: &[JoinHandle<()>]) {
    let deadline = Instant::now() + PATIENCE;
    while readers.iter().any(|reader| !reader.is_finished()) && Instant::now() < deadline {
        thread::sleep(PAUSE);
    }
}

/// Whoever says something never waits for the disk to have room: what cannot be kept is lost.
fn copy(mut source: impl Read, journal: &Mutex<File>, root: &Utf8Path) {
    let mut piece = vec![0; PIECE];
    let mut read = source.read(&mut piece).unwrap_or_default();
    if read > 0 {
        project_secrets::keep_out(root);
    }
    let redactor = redaction::redactor();
    let mut stream = redactor.stream();
    while read > 0 {
        let _lost = write(journal, &stream.push(piece.get(..read).unwrap_or_default()));
        read = source.read(&mut piece).unwrap_or_default();
    }
    let _lost = write(journal, &stream.finish());
}

fn write(journal: &Mutex<File>, bytes: &[u8]) -> io::Result<()> {
    let mut file = journal.lock().unwrap_or_else(PoisonError::into_inner);
    let length = file.metadata()?.len();
    if length.saturating_add(bytes.len() as u64) > MOST_BYTES {
        let end = end_of(&mut file, KEPT)?;
        file.set_len(0)?;
        file.write_all(&end)?;
    }
    file.write_all(bytes)
}

/// The last bytes of a file.
fn end_of(file: &mut File, most: u64) -> io::Result<Vec<u8>> {
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(most)))?;
    let mut end = Vec::new();
    file.take(most).read_to_end(&mut end)?;
    Ok(end)
}

/// The end of what a runner has said.
pub(super) fn last_words(site: &Site) -> String {
    let said = File::open(site.journal()).and_then(|mut file| end_of(&mut file, LAST_WORDS)).unwrap_or_default();
    String::from_utf8_lossy(&said).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use camino::Utf8PathBuf;

    use super::*;

    fn site() -> (tempfile::TempDir, Site) {
        let directory = tempfile::tempdir().unwrap();
        let root = Utf8PathBuf::from_path_buf(directory.path().to_owned()).unwrap();
        let site = Site { root: root.clone(), runtime: root.clone(), logs: root };
        (directory, site)
    }

    #[test]
    fn it_stays_small_and_keeps_its_end_whoever_else_writes_into_it() {
        let (_keep, site) = site();
        let mut guardian = begin(&site).unwrap();
        let journal = Mutex::new(open(&site.journal()).unwrap());
        let most = usize::try_from(MOST_BYTES).unwrap();
        copy(&b"x".repeat(most + 10)[..], &journal, &site.root);
        guardian.write_all(b"\nit has ended\n").unwrap();
        assert!(site.journal().metadata().unwrap().len() <= MOST_BYTES);
        assert!(last_words(&site).ends_with("xxx\nit has ended"), "{}", last_words(&site));
        assert_eq!(begin(&site).unwrap().metadata().unwrap().len(), 0);
        assert_eq!(last_words(&site), "");
    }

    #[test]
    fn no_secret_of_the_project_is_in_it() {
        let (_keep, site) = site();
        let secret = ["of-the", "journal", "7Qe2"].join("-");
        fs_err::write(site.root.join(".env"), format!("API_KEY={secret}\n")).unwrap();
        let journal = Mutex::new(open(&site.journal()).unwrap());
        copy(format!("cannot use {secret}\n").as_bytes(), &journal, &site.root);
        let said = last_words(&site);
        assert!(said.starts_with("cannot use") && !said.contains(&secret), "{said}");
    }
}
