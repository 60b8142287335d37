//! The lines of a process on disk: one line each, with its time and stream before it; the file is 0600, and what is secret was
//! taken out before. It grows to a limit, then begins anew and its older half stays beside it.

mod follower;

use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err::os::unix::fs::OpenOptionsExt as _;
use fs_err::{File, OpenOptions};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::process::{LogLine, Stream};

pub use follower::{Follower, News};

/// The most bytes of one file; there are two of each process.
const MOST_BYTES: u64 = 64 << 20;
/// What is read of a file at once, from its end.
const PIECE: u64 = 256 << 10;
/// What stands for a time that nobody tells.
const UNTOLD: &str = "-";
/// What stays as it is in the name of a file. A name is never hidden, and no process has the name of another file here.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_');

/// Where the lines of a process are.
pub fn path(directory: &Utf8Path, process: &str) -> Utf8PathBuf {
    directory.join(format!("{}.log", utf8_percent_encode(process, ENCODED)))
}

/// The processes of which a directory holds lines, by name.
pub fn processes(directory: &Utf8Path) -> Vec<String> {
    let entries = directory.read_dir_utf8().into_iter().flatten().flatten();
    let name = |name: &str| Some(percent_decode_str(name.strip_suffix(".log")?).decode_utf8().ok()?.into_owned());
    let mut names: Vec<String> =
        entries.filter(|entry| !entry.file_name().starts_with('.')).filter_map(|entry| name(entry.file_name())).collect();
    names.sort_unstable();
    names
}

fn older(path: &Utf8Path) -> Utf8PathBuf {
    Utf8PathBuf::from(format!("{path}.1"))
}

/// Writes the lines of a process.
#[derive(Debug)]
pub struct LogWriter {
    path: Utf8PathBuf,
    file: File,
    size: u64,
    line: Vec<u8>,
    /// Whether the last line may not be whole.
    is_torn: bool,
}

impl LogWriter {
    /// Goes on behind what is there.
    pub fn open(path: &Utf8Path) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
        let size = file.metadata()?.len();
        Ok(Self { path: path.to_owned(), file, size, line: Vec::new(), is_torn: false })
    }

    /// Appends lines that were said at one time.
    pub fn append<'a>(&mut self, stream: Stream, time: u64, lines: impl Iterator<Item = &'a [u8]>) -> io::Result<()> {
        self.append_as_told(stream, Some(time), lines)
    }

    /// The same of lines of which nobody may tell when they were said.
    pub fn append_as_told<'a>(
        &mut self,
        stream: Stream,
        time: Option<u64>,
        lines: impl Iterator<Item = &'a [u8]>,
    ) -> io::Result<()> {
        self.line.clear();
        if self.is_torn {
            self.line.push(b'\n');
        }
        let mark = match stream {
            Stream::Error => 'e',
            Stream::Output => 'o',
            Stream::Unknown => 'u',
        };
        let time = time.map_or_else(|| UNTOLD.to_owned(), |time| time.to_string());
        for line in lines {
            write!(self.line, "{time} {mark} ")?;
            self.line.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
            self.line.push(b'\n');
        }
        if self.size >= MOST_BYTES {
            fs_err::rename(&self.path, older(&self.path))?;
            self.file = OpenOptions::new().append(true).create(true).mode(0o600).open(&self.path)?;
            self.size = 0;
        }
        self.size += u64::try_from(self.line.len()).unwrap_or_default();
        let written = self.file.write_all(&self.line);
        self.is_torn = written.is_err();
        written
    }
}

/// The last lines of a process that somebody wants, the oldest first.
pub fn last(directory: &Utf8Path, process: &str, most: usize, wanted: &dyn Fn(&LogLine) -> bool) -> io::Result<Vec<LogLine>> {
    last_until(&path(directory, process), process, (Backlog::Lines(most), u64::MAX), wanted)
}

/// How much of what was said before is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backlog {
    /// So many lines.
    Lines(usize),
    /// What was said since a moment, in milliseconds since 1970.
    Since(u64),
}

impl Backlog {
    fn has_enough(self, found: &[LogLine]) -> bool {
        match self {
            Self::Lines(most) => found.len() >= most,
            Self::Since(moment) => found.last().is_some_and(|line| line.time.is_some_and(|time| time < moment)),
        }
    }
}

/// The same of what comes before a place in the newer file.
fn last_until(
    path: &Utf8Path,
    process: &str,
    (backlog, until): (Backlog, u64),
    wanted: &dyn Fn(&LogLine) -> bool,
) -> io::Result<Vec<LogLine>> {
    let name: Arc<str> = process.into();
    let mut found = Vec::new();
    if backlog == Backlog::Lines(0) {
        return Ok(found);
    }
    for (path, until) in [(path.to_owned(), until), (older(path), u64::MAX)] {
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        let end = file.metadata()?.len().min(until);
        backwards(&mut file, end, &mut |line| {
            found.extend(parse(&name, line).filter(|line| wanted(line)));
            !backlog.has_enough(&found)
        })?;
        if backlog.has_enough(&found) {
            break;
        }
    }
    if let Backlog::Since(moment) = backlog {
        found.retain(|line| line.time.is_none_or(|time| time >= moment));
    }
    found.reverse();
    Ok(found)
}

/// Hands on the lines of a file before a place, the last one first, until somebody has enough. What is still being written is no line.
fn backwards(file: &mut File, mut end: u64, on_line: &mut dyn FnMut(&[u8]) -> bool) -> io::Result<()> {
    // The end of a line that begins further ahead.
    let mut tail: Vec<u8> = Vec::new();
    let mut is_whole = false;
    while end > 0 {
        let start = end.saturating_sub(PIECE);
        file.seek(SeekFrom::Start(start))?;
        let mut piece = Vec::new();
        (&mut *file).take(end - start).read_to_end(&mut piece)?;
        piece.append(&mut tail);
        if !is_whole {
            piece.truncate(piece.iter().rposition(|byte| *byte == b'\n').map_or(0, |place| place + 1));
            is_whole = !piece.is_empty();
        }
        if start > 0 {
            let first = piece.iter().position(|byte| *byte == b'\n').map_or(piece.len(), |place| place + 1);
            tail = piece.drain(..first).collect();
        }
        let lines = piece.strip_suffix(b"\n").map(|lines| lines.rsplit(|byte| *byte == b'\n'));
        if !lines.into_iter().flatten().all(&mut *on_line) {
            return Ok(());
        }
        end = start;
    }
    Ok(())
}

/// Reads a line as it is in the file.
fn parse(process: &Arc<str>, line: &[u8]) -> Option<LogLine> {
    let mut fields = line.splitn(3, |byte| *byte == b' ');
    let time = match std::str::from_utf8(fields.next()?).ok()? {
        UNTOLD => None,
        time => Some(time.parse().ok()?),
    };
    let stream = match fields.next()? {
        b"e" => Stream::Error,
        b"u" => Stream::Unknown,
        _ => Stream::Output,
    };
    let text = String::from_utf8_lossy(fields.next()?).into_owned();
    Some(LogLine { process: Arc::clone(process), stream, time, text })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn directory() -> (tempfile::TempDir, Utf8PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let path = Utf8PathBuf::from_path_buf(directory.path().to_owned()).unwrap();
        (directory, path)
    }

    fn texts(lines: &[LogLine]) -> Vec<&str> {
        lines.iter().map(|line| line.text.as_str()).collect()
    }

    #[test]
    fn lines_come_back_with_time_and_stream() {
        let (_keep, logs) = directory();
        let mut writer = LogWriter::open(&path(&logs, "a/b.c")).unwrap();
        writer.append(Stream::Output, 7, [&b"one\r"[..], b" two "].into_iter()).unwrap();
        writer.append(Stream::Error, 8, std::iter::once(&b"\xff"[..])).unwrap();
        let lines = last(&logs, "a/b.c", 9, &|_| true).unwrap();
        assert_eq!(texts(&lines), ["one", " two ", "\u{fffd}"]);
        assert_eq!((lines[0].time, lines[0].stream, lines[2].stream), (Some(7), Stream::Output, Stream::Error));
        assert_eq!(processes(&logs), ["a/b.c"]);
        assert_eq!(texts(&last(&logs, "a/b.c", 9, &|line| line.stream == Stream::Error).unwrap()), ["\u{fffd}"]);
        assert!(last(&logs, "nobody", 9, &|_| true).unwrap().is_empty());
    }

    #[test]
    fn what_nobody_tells_of_a_line_is_not_made_up() {
        let (_keep, logs) = directory();
        let mut writer = LogWriter::open(&path(&logs, "web")).unwrap();
        writer.append_as_told(Stream::Unknown, None, std::iter::once(&b"- u x"[..])).unwrap();
        let line = last(&logs, "web", 9, &|_| true).unwrap().remove(0);
        assert_eq!((line.time, line.stream, line.text.as_str()), (None, Stream::Unknown, "- u x"));
    }

    #[test]
    fn a_full_file_begins_anew_and_what_was_before_is_still_read() {
        let (_keep, logs) = directory();
        let mut writer = LogWriter::open(&path(&logs, "web")).unwrap();
        let mut follower = Follower::at_end(&logs, "web");
        writer.append(Stream::Output, 1, std::iter::once(&b"before"[..])).unwrap();
        writer.size = MOST_BYTES;
        writer.append(Stream::Output, 2, std::iter::once(&b"after"[..])).unwrap();
        assert_eq!(texts(&last(&logs, "web", 2, &|_| true).unwrap()), ["before", "after"]);
        assert_eq!(texts(&last(&logs, "web", 1, &|_| true).unwrap()), ["after"]);
        let seen = [follower.read_new(PIECE), follower.read_new(PIECE), follower.read_new(PIECE)];
        assert_eq!(
            seen.each_ref().map(|news| (texts(&news.lines).concat(), news.has_more, news.has_gap)),
            [("before".to_owned(), true, false), ("after".to_owned(), true, false), (String::new(), false, false)]
        );
    }

    #[test]
    fn who_reads_so_late_that_a_whole_file_was_taken_away_is_told() {
        let (_keep, logs) = directory();
        let mut writer = LogWriter::open(&path(&logs, "web")).unwrap();
        let mut follower = Follower::at_end(&logs, "web");
        for line in ["first", "second", "third"] {
            writer.append(Stream::Output, 1, std::iter::once(line.as_bytes())).unwrap();
            writer.size = MOST_BYTES;
        }
        let seen = [follower.read_new(PIECE), follower.read_new(PIECE)];
        assert_eq!(
            seen.map(|news| (texts(&news.lines).concat(), news.has_gap)),
            [("first".to_owned(), false), ("third".to_owned(), true)]
        );
    }

    #[test]
    fn no_more_is_read_at_once_than_somebody_wants() {
        let (_keep, logs) = directory();
        let mut writer = LogWriter::open(&path(&logs, "web")).unwrap();
        let mut follower = Follower::at_end(&logs, "web");
        writer.append(Stream::Output, 1, ["one", "two"].iter().map(|line| line.as_bytes())).unwrap();
        let read: Vec<(String, bool)> =
            (0..4).map(|_| follower.read_new(9)).map(|news| (texts(&news.lines).concat(), news.has_more)).collect();
        assert_eq!(read, [("one".to_owned(), true), ("two".to_owned(), true), (String::new(), false), (String::new(), false)]);
    }

    proptest! {
        #[test]
        fn reading_backwards_finds_what_was_written(
            lines in prop::collection::vec("[a-z]{0,40}", 0..60),
            most in 1_usize..70,
            long in 0_usize..3,
        ) {
            let (_keep, logs) = directory();
            let mut lines = lines;
            lines.extend((0..long).map(|_| "x".repeat(usize::try_from(PIECE).unwrap() + 5)));
            let mut writer = LogWriter::open(&path(&logs, "p")).unwrap();
            writer.append(Stream::Output, 1, lines.iter().map(String::as_bytes)).unwrap();
            writer.file.write_all(b"1 o half a li").unwrap();
            let found = last(&logs, "p", most, &|_| true).unwrap();
            let from = lines.len().saturating_sub(most);
            prop_assert_eq!(texts(&found), lines[from..].iter().map(String::as_str).collect::<Vec<_>>());
        }
    }
}
