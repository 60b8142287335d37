//! A stream of bytes as lines. Whoever reads is never ahead by more than a little, so a fast writer waits and memory stays.

use std::io::Read;
use std::sync::mpsc::{self, Receiver};
use std::thread;

/// How much is read at once.
const CHUNK: usize = 64 * 1024;
/// How many chunks may wait.
const WAITING: usize = 16;
/// A line that is longer loses its end.
const LONGEST: usize = 1024 * 1024;

/// What a stream gives, in pieces as they come; closed when it ends.
pub(super) fn chunks(mut stream: impl Read + Send + 'static) -> Receiver<Vec<u8>> {
    let (sender, chunks) = mpsc::sync_channel(WAITING);
    thread::spawn(move || {
        let mut buffer = vec![0; CHUNK];
        while let Ok(read @ 1..) = stream.read(&mut buffer) {
            if sender.send(buffer.get(..read).unwrap_or_default().to_vec()).is_err() {
                return;
            }
        }
    });
    chunks
}

/// Puts lines together out of pieces.
#[derive(Debug, Default)]
pub(super) struct Lines {
    begun: Vec<u8>,
}

impl Lines {
    /// Takes in a piece and hands every line on that it completes.
    pub(super) fn push(&mut self, mut piece: &[u8], on_line: &mut dyn FnMut(&[u8])) {
        while let Some(end) = piece.iter().position(|byte| *byte == b'\n') {
            let (line, rest) = piece.split_at(end);
            piece = rest.get(1..).unwrap_or_default();
            if self.begun.is_empty() {
                on_line(line.get(..LONGEST).unwrap_or(line));
            } else {
                self.keep(line);
                on_line(&self.begun);
                self.begun.clear();
            }
        }
        self.keep(piece);
    }

    /// Hands the last line on when nothing ended it.
    pub(super) fn finish(self, on_line: &mut dyn FnMut(&[u8])) {
        if !self.begun.is_empty() {
            on_line(&self.begun);
        }
    }

    fn keep(&mut self, piece: &[u8]) {
        let room = LONGEST.saturating_sub(self.begun.len());
        self.begun.extend_from_slice(piece.get(..room).unwrap_or(piece));
    }
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;
    use proptest::prelude::*;

    use super::*;

    fn lines_of(pieces: &[&[u8]]) -> Vec<Vec<u8>> {
        let (mut lines, mut found) = (Lines::default(), Vec::new());
        for piece in pieces {
            lines.push(piece, &mut |line| found.push(line.to_vec()));
        }
        lines.finish(&mut |line| found.push(line.to_vec()));
        found
    }

    proptest! {
        #[test]
        fn where_a_stream_is_cut_makes_no_difference(text in "[ab\n]{0,60}", cuts in prop::collection::vec(0_usize..60, 0..6)) {
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).chain([0, text.len()]).collect();
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|cut| &text.as_bytes()[cut[0]..cut[1]]).collect();
            let expected: Vec<Vec<u8>> = text.lines().map(|line| line.as_bytes().to_vec()).collect();
            prop_assert_eq!(lines_of(&pieces), expected);
        }
    }

    #[test]
    fn a_line_without_an_end_takes_no_more_than_its_limit() {
        let piece = vec![b'x'; 300 * 1024];
        let lines = lines_of(&[&piece, &piece, &piece, &piece, b"\nnext"]);
        assert_eq!(lines.iter().map(Vec::len).collect::<Vec<_>>(), [LONGEST, 4]);
    }
}
