//! Old lines on disk: files without a name that only we can read and that are gone when we are, however we end. When there is too
//! much, the oldest file goes as a whole.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use camino::Utf8PathBuf;

use super::files;

/// A file has about so many bytes.
const SEGMENT: u64 = 64 * 1024 * 1024;
/// So many files are kept at most: a gigabyte.
const SEGMENTS: usize = 16;

/// Where something was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    segment: u64,
    offset: u64,
    length: usize,
}

/// Files that are written one after the other.
#[derive(Debug)]
pub(super) struct Spool {
    directory: Utf8PathBuf,
    segments: VecDeque<File>,
    /// The number of the first file that is still there.
    first: u64,
    /// How much is in the last file.
    filled: u64,
}

impl Spool {
    /// A spool in a directory, which is made when something is written.
    pub(super) const fn new(directory: Utf8PathBuf) -> Self {
        Self { directory, segments: VecDeque::new(), first: 0, filled: 0 }
    }

    /// Writes bytes.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<Place> {
        if self.segments.is_empty() || self.filled >= SEGMENT {
            files::create_private_directory(&self.directory)?;
            self.segments.push_back(tempfile::tempfile_in(&self.directory)?);
            self.filled = 0;
            if self.segments.len() > SEGMENTS {
                self.segments.pop_front();
                self.first += 1;
            }
        }
        let Some(file) = self.segments.back() else { return Err(io::ErrorKind::NotFound.into()) };
        file.write_all_at(bytes, self.filled)?;
        let segment = self.first + self.segments.len().saturating_sub(1) as u64;
        let place = Place { segment, offset: self.filled, length: bytes.len() };
        self.filled += bytes.len() as u64;
        Ok(place)
    }

    /// Whether what was written there is still there.
    pub(super) const fn holds(&self, place: Place) -> bool {
        place.segment >= self.first
    }

    /// Reads what was written; nothing when it cannot be read any more.
    pub(super) fn read(&self, place: Place) -> Vec<u8> {
        let index = place.segment.checked_sub(self.first).and_then(|index| usize::try_from(index).ok());
        let mut bytes = vec![0; place.length];
        let read = index.and_then(|index| self.segments.get(index)).map(|file| file.read_exact_at(&mut bytes, place.offset));
        if matches!(read, Some(Ok(()))) { bytes } else { Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_and_no_file_is_seen() {
        let directory = tempfile::tempdir().unwrap();
        let path = Utf8PathBuf::from_path_buf(directory.path().join("logs")).unwrap();
        let mut spool = Spool::new(path.clone());
        let places: Vec<Place> = ["one", "", "three"].iter().map(|text| spool.write(text.as_bytes()).unwrap()).collect();
        let read: Vec<Vec<u8>> = places.iter().map(|place| spool.read(*place)).collect();
        assert_eq!(read, [b"one".to_vec(), vec![], b"three".to_vec()]);
        assert_eq!(path.read_dir_utf8().unwrap().count(), 0);
    }

    #[test]
    fn the_oldest_goes_when_there_is_too_much() {
        let directory = tempfile::tempdir().unwrap();
        let mut spool = Spool::new(Utf8PathBuf::from_path_buf(directory.path().to_owned()).unwrap());
        let first = spool.write(b"first").unwrap();
        for _ in 0..SEGMENTS {
            // As if the file were full.
            spool.filled = SEGMENT;
            spool.write(b"more").unwrap();
        }
        assert!(!spool.holds(first) && spool.read(first).is_empty());
    }
}
