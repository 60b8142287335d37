//! Follows the lines of a process as they are written, also when the file begins anew.

use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err::File;

use super::{Backlog, PIECE, last_until, older, parse};
use crate::process::LogLine;

/// What has come since somebody looked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
    /// Whole lines.
    pub lines: Vec<LogLine>,
    /// Whether there may be more already.
    pub has_more: bool,
    /// Whether lines before these were written and taken away again unread.
    pub has_gap: bool,
}

/// Follows a file from where it ended when it was first looked at.
#[derive(Debug)]
pub struct Follower {
    process: Arc<str>,
    path: Utf8PathBuf,
    file: Option<File>,
    /// The beginning of a line that is not whole yet.
    open: Vec<u8>,
}

impl Follower {
    /// Follows the lines of a process that are written from now on.
    pub fn at_end(directory: &Utf8Path, process: &str) -> Self {
        let path = super::path(directory, process);
        let mut file = File::open(&path).ok();
        if let Some(file) = &mut file {
            let _at_end_or_at_start = behind_last_line(file).and_then(|place| file.seek(SeekFrom::Start(place)));
        }
        Self { process: process.into(), path, file, open: Vec::new() }
    }

    /// The same, with what was said before.
    pub fn after(directory: &Utf8Path, process: &str, backlog: Backlog) -> (Self, Vec<LogLine>) {
        let mut follower = Self::at_end(directory, process);
        let place = follower.file.as_mut().and_then(|file| file.stream_position().ok()).unwrap_or_default();
        let before = last_until(&follower.path, process, (backlog, place), &|_| true).unwrap_or_default();
        (follower, before)
    }

    /// The whole lines that have come since, from no more than so many bytes.
    pub fn read_new(&mut self, most: u64) -> News {
        if self.file.is_none() {
            self.file = File::open(&self.path).ok();
        }
        let mut has_gap = false;
        let mut read = self.read(most);
        if read == 0 && self.was_replaced() {
            // Something may have been written to the old one before that.
            read = self.read(most);
        }
        if read == 0 && self.was_replaced() {
            self.open.clear();
            has_gap = self.go_on_in_the_next();
            read = self.read(most);
        }
        let end = self.open.iter().rposition(|byte| *byte == b'\n').map_or(0, |place| place + 1);
        let whole: Vec<u8> = self.open.drain(..end).collect();
        let lines = whole.strip_suffix(b"\n").map(|lines| lines.split(|byte| *byte == b'\n'));
        let lines = lines.into_iter().flatten().filter_map(|line| parse(&self.process, line)).collect();
        News { lines, has_more: read > 0, has_gap }
    }

    /// Reads on, and says how much that was.
    fn read(&mut self, most: u64) -> usize {
        let before = self.open.len();
        // What cannot be read now is read the next time.
        let _so_far = self.file.as_mut().map(|file| file.take(most).read_to_end(&mut self.open));
        self.open.len() - before
    }

    fn was_replaced(&self) -> bool {
        self.file.is_some() && number_of(&self.path) != self.number()
    }

    /// Goes on in the file that was begun anew, and says whether there was another one between: only the last one stays beside it.
    fn go_on_in_the_next(&mut self) -> bool {
        let ours = self.number();
        self.file = File::open(&self.path).ok();
        self.file.is_some() && number_of(&older(&self.path)) != ours
    }

    fn number(&self) -> Option<u64> {
        Some(self.file.as_ref()?.metadata().ok()?.ino())
    }
}

/// What tells a file from the one that had its name before.
fn number_of(path: &Utf8Path) -> Option<u64> {
    Some(path.metadata().ok()?.ino())
}

/// Where the last whole line ends: what is behind it is still being written.
fn behind_last_line(file: &mut File) -> io::Result<u64> {
    let mut end = file.metadata()?.len();
    while end > 0 {
        let start = end.saturating_sub(PIECE);
        file.seek(SeekFrom::Start(start))?;
        let mut piece = Vec::new();
        (&mut *file).take(end - start).read_to_end(&mut piece)?;
        if let Some(place) = piece.iter().rposition(|byte| *byte == b'\n') {
            return Ok(start + u64::try_from(place).unwrap_or_default() + 1);
        }
        end = start;
    }
    Ok(0)
}
