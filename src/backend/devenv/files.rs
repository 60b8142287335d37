//! The logs that devenv's manager writes, for managers whose protocol has none: plain lines, emptied when a process is started.

use std::io::{Read, Seek, SeekFrom};

use camino::{Utf8Path, Utf8PathBuf};
use fs_err::File;

use crate::process::Stream;

/// What is looked through for the last lines, and what is read at once.
const PIECE: u64 = 1 << 20;
/// The logs of a process by the end of their names.
pub(super) const STREAMS: [(&str, Stream); 2] = [("stdout", Stream::Output), ("stderr", Stream::Error)];

/// The log of a process; none for a name that would be a path.
pub(super) fn path(directory: &Utf8Path, process: &str, stream: &str) -> Option<Utf8PathBuf> {
    (!process.contains('/')).then(|| directory.join(format!("{process}.{stream}.log")))
}

/// The processes that have a log, in the order of names.
pub(super) fn processes(directory: &Utf8Path) -> Vec<String> {
    let entries = directory.read_dir_utf8().into_iter().flatten().flatten();
    let mut names: Vec<String> =
        entries.filter_map(|entry| entry.file_name().strip_suffix(".stdout.log").map(str::to_owned)).collect();
    names.sort_unstable();
    names
}

/// A log that is followed.
#[derive(Debug)]
pub(super) struct Tail {
    path: Utf8PathBuf,
    offset: u64,
    begun: Vec<u8>,
}

impl Tail {
    /// Follows a log from here on, and returns its last lines.
    pub(super) fn begin(path: Utf8PathBuf, last: usize) -> (Self, Vec<String>) {
        let mut tail = Self { path, offset: 0, begun: Vec::new() };
        tail.offset = tail.length().saturating_sub(PIECE);
        let is_cut = tail.offset > 0;
        let mut lines = tail.read();
        if is_cut && !lines.is_empty() {
            lines.remove(0);
        }
        lines.drain(..lines.len().saturating_sub(last));
        (tail, lines)
    }

    /// The lines that were written since.
    pub(super) fn read(&mut self) -> Vec<String> {
        let length = self.length();
        if length < self.offset {
            self.offset = 0;
            self.begun.clear();
        }
        let mut lines = Vec::new();
        while self.offset < length && self.read_piece(&mut lines) {}
        lines
    }

    /// Reads a piece, and says whether there was one.
    fn read_piece(&mut self, lines: &mut Vec<String>) -> bool {
        let mut piece = Vec::new();
        let read = File::open(&self.path).and_then(|mut file| {
            file.seek(SeekFrom::Start(self.offset))?;
            file.take(PIECE).read_to_end(&mut piece)
        });
        let amount = read.unwrap_or(0);
        self.offset += amount as u64;
        let mut parts = piece.split(|byte| *byte == b'\n').peekable();
        while let Some(part) = parts.next() {
            if self.begun.len() < usize::try_from(PIECE).unwrap_or(usize::MAX) {
                self.begun.extend_from_slice(part);
            }
            if parts.peek().is_some() {
                let line = std::mem::take(&mut self.begun);
                lines.push(String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(&line)).into_owned());
            }
        }
        amount > 0
    }

    fn length(&self) -> u64 {
        fs_err::metadata(&self.path).map_or(0, |metadata| metadata.len())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_log_is_followed_through_halves_and_restarts() {
        let directory = tempfile::tempdir().unwrap();
        let path = path(Utf8Path::from_path(directory.path()).unwrap(), "api", "stdout").unwrap();
        fs_err::write(&path, "1\n2\n3\r\nha").unwrap();
        let (mut tail, last) = Tail::begin(path.clone(), 2);
        assert_eq!(last, ["2", "3"]);
        let mut file = fs_err::OpenOptions::new().append(true).open(&path).unwrap();
        assert!(tail.read().is_empty());
        file.write_all(b"lf\n\xff\n").unwrap();
        assert_eq!(tail.read(), ["half", "\u{fffd}"]);
        fs_err::write(&path, "new\n").unwrap();
        assert_eq!(tail.read(), ["new"]);
        fs_err::remove_file(&path).unwrap();
        assert!(tail.read().is_empty());
    }

    #[test]
    fn only_the_end_of_a_long_log_is_looked_through() {
        let directory = tempfile::tempdir().unwrap();
        let directory = Utf8Path::from_path(directory.path()).unwrap();
        fs_err::write(directory.join("a.stdout.log"), format!("{}\nlast\n", "x".repeat(3 << 20))).unwrap();
        assert_eq!(Tail::begin(path(directory, "a", "stdout").unwrap(), 10).1, ["last"]);
        assert_eq!((processes(directory), path(directory, "../a", "stdout")), (vec!["a".to_owned()], None));
    }
}
