//! Lines of somebody who may send anything: capped, and never half.

use std::io::{self, Read};

/// What is read at once.
const PIECE: usize = 16 << 10;

/// Reads lines.
#[derive(Debug)]
pub(super) struct Lines<R> {
    from: R,
    most: usize,
    read: Vec<u8>,
    /// How much of it was looked through already.
    seen: usize,
    is_too_long: bool,
}

/// What comes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// A line, without its break.
    Whole(Vec<u8>),
    /// One that has more bytes than any may have. It was skipped.
    TooLong,
    /// Nothing more. What was begun is no line.
    End,
}

impl<R: Read> Lines<R> {
    pub(super) const fn new(from: R, most: usize) -> Self {
        Self { from, most, read: Vec::new(), seen: 0, is_too_long: false }
    }

    /// Whether the next line is here already.
    pub(super) fn is_ready(&self) -> bool {
        self.read.contains(&b'\n')
    }

    /// Where they come from.
    pub(super) const fn source(&self) -> &R {
        &self.from
    }

    /// Waits for the next line. A source that gives up waiting can be asked again.
    pub(super) fn next(&mut self) -> io::Result<Line> {
        loop {
            let end = self.read.get(self.seen..).and_then(|rest| rest.iter().position(|byte| *byte == b'\n'));
            if let Some(end) = end.map(|end| end + self.seen) {
                let mut line: Vec<u8> = self.read.drain(..=end).collect();
                line.pop();
                self.seen = 0;
                let is_too_long = std::mem::take(&mut self.is_too_long) || line.len() > self.most;
                return Ok(if is_too_long { Line::TooLong } else { Line::Whole(line) });
            }
            if self.read.len() > self.most {
                self.is_too_long = true;
                self.read.clear();
            }
            self.seen = self.read.len();
            let mut piece = [0; PIECE];
            match self.from.read(&mut piece) {
                Ok(0) => return Ok(Line::End),
                Ok(amount) => self.read.extend_from_slice(piece.get(..amount).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Hands bytes out in pieces.
    struct Pieces<'a>(&'a [u8], usize);

    impl Read for Pieces<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let amount = self.1.min(self.0.len()).min(buffer.len());
            buffer[..amount].copy_from_slice(&self.0[..amount]);
            self.0 = &self.0[amount..];
            Ok(amount)
        }
    }

    fn read(bytes: &[u8], piece: usize, most: usize) -> Vec<Option<String>> {
        let mut lines = Lines::new(Pieces(bytes, piece), most);
        let next = || match lines.next().unwrap() {
            Line::Whole(line) => Some(Some(String::from_utf8(line).unwrap())),
            Line::TooLong => Some(None),
            Line::End => None,
        };
        std::iter::from_fn(next).collect()
    }

    #[test]
    fn half_a_line_is_none_and_one_that_is_too_long_is_skipped() {
        let whole = |text: &str| Some(text.to_owned());
        assert_eq!(read(b"a\n\nbcdef\ng\nhalf", 3, 4), [whole("a"), whole(""), None, whole("g")]);
        assert_eq!(read("x".repeat(1 << 20).as_bytes(), 4096, 1024), []);
    }

    proptest! {
        #[test]
        fn lines_do_not_depend_on_the_pieces_they_come_in(text in "[a-c\n]{0,60}", piece in 1..9_usize, most in 0..8_usize) {
            prop_assert_eq!(read(text.as_bytes(), piece, most), read(text.as_bytes(), 100, most));
        }
    }
}
