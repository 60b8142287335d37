//! Follows the lines of a process as they are written, also when the file begins anew.

use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err::File;

use super::{Backlog, PIECE as LAST_PIECE, last_until, parse};
use crate::process::LogLine;

/// The most that is taken at once.
const PIECE: u64 = 1 << 20;

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

    /// The whole lines that have come since, no more than a piece of them.
    pub fn read_new(&mut self) -> Vec<LogLine> {
        if self.file.is_none() {
            self.file = File::open(&self.path).ok();
        }
        let Some(file) = &mut self.file else { return Vec::new() };
        let before = self.open.len();
        let read = (&mut *file).take(PIECE).read_to_end(&mut self.open);
        let is_at_end = read.is_err() || self.open.len() == before;
        let end = self.open.iter().rposition(|byte| *byte == b'\n').map_or(0, |place| place + 1);
        let whole: Vec<u8> = self.open.drain(..end).collect();
        if is_at_end && self.was_replaced() {
            self.open.clear();
            self.file = File::open(&self.path).ok();
            return if self.file.is_some() { self.read_new() } else { Vec::new() };
        }
        let lines = whole.strip_suffix(b"\n").map(|lines| lines.split(|byte| *byte == b'\n'));
        lines.into_iter().flatten().filter_map(|line| parse(&self.process, line)).collect()
    }

    fn was_replaced(&self) -> bool {
        let ours = self.file.as_ref().and_then(|file| file.metadata().ok()).map(|metadata| metadata.ino());
        self.path.metadata().ok().map(|metadata| metadata.ino()) != ours
    }
}

/// Where the last whole line ends: what is behind it is still being written.
fn behind_last_line(file: &mut File) -> io::Result<u64> {
    let mut end = file.metadata()?.len();
    while end > 0 {
        let start = end.saturating_sub(LAST_PIECE);
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
