//! Some thousand bytes of lines of one process, packed so that a million of them take little more than their letters. The same
//! bytes are kept in memory and on disk; what cannot be read back ends a block early and is no error.

use super::log_line::Stream;
use super::log_text::{LogText, Run};
use super::paint::Paint;

/// A block with so many bytes is full.
pub const FULL: usize = 16 * 1024;

const HAS_TIME: u8 = 4;
const HAS_RUNS: u8 = 8;
const PAINT: usize = 9;

/// Lines of one process, in the order in which they arrived.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Block {
    bytes: Vec<u8>,
    last: u64,
    last_time: u64,
}

/// A line as it is in a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PackedLine<'a> {
    /// Its number among all that arrived, whoever said them.
    pub number: u64,
    /// Where it was said.
    pub stream: Stream,
    /// When, in milliseconds since 1970.
    pub time: Option<u64>,
    /// Its words.
    pub text: &'a str,
    runs: &'a [u8],
}

impl PackedLine<'_> {
    /// Its words and how they look.
    pub fn painted(&self) -> LogText {
        let mut runs = Vec::new();
        let mut rest = self.runs;
        let mut start = 0;
        while let Some(run) = read_run(&mut rest, &mut start) {
            runs.push(run);
        }
        LogText { text: self.text.to_owned(), runs }
    }
}

fn read_run(rest: &mut &[u8], start: &mut usize) -> Option<Run> {
    *start = start.checked_add(usize::try_from(take_number(rest)?).ok()?)?;
    let paint = take(rest, PAINT)?;
    Some(Run { start: *start, paint: Paint::decode(paint) })
}

impl Block {
    /// Its bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether another line belongs into another block.
    pub fn is_full(&self) -> bool {
        self.bytes.len() >= FULL
    }

    /// Adds a line; its number is larger than those before it.
    pub fn push(&mut self, number: u64, (stream, time): (Stream, Option<u64>), text: &LogText) {
        put_number(&mut self.bytes, number.wrapping_sub(self.last));
        self.last = number;
        let stream = match stream {
            Stream::Output => 0,
            Stream::Error => 1,
            Stream::Unknown => 2,
        };
        let has_time = if time.is_some() { HAS_TIME } else { 0 };
        let has_runs = if text.runs.is_empty() { 0 } else { HAS_RUNS };
        self.bytes.push(stream | has_time | has_runs);
        if let Some(time) = time {
            put_number(&mut self.bytes, time.wrapping_sub(self.last_time));
            self.last_time = time;
        }
        if !text.runs.is_empty() {
            let runs = runs(&text.runs);
            put_length(&mut self.bytes, runs.len());
            self.bytes.extend(runs);
        }
        put_length(&mut self.bytes, text.text.len());
        self.bytes.extend_from_slice(text.text.as_bytes());
    }
}

fn runs(runs: &[Run]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut last = 0;
    for run in runs {
        put_length(&mut bytes, run.start - last);
        bytes.extend(run.paint.encode());
        last = run.start;
    }
    bytes
}

/// The lines in the bytes of a block.
pub fn lines(bytes: &[u8]) -> impl Iterator<Item = PackedLine<'_>> {
    let mut rest = bytes;
    let (mut number, mut time) = (0, 0);
    std::iter::from_fn(move || read_line(&mut rest, &mut number, &mut time))
}

fn read_line<'a>(rest: &mut &'a [u8], number: &mut u64, last_time: &mut u64) -> Option<PackedLine<'a>> {
    *number = number.wrapping_add(take_number(rest)?);
    let flags = *take(rest, 1)?.first()?;
    let stream = match flags & 3 {
        0 => Stream::Output,
        1 => Stream::Error,
        _ => Stream::Unknown,
    };
    let time = if flags & HAS_TIME == 0 {
        None
    } else {
        *last_time = last_time.wrapping_add(take_number(rest)?);
        Some(*last_time)
    };
    let runs = if flags & HAS_RUNS == 0 { &[] } else { take_counted(rest)? };
    let text = std::str::from_utf8(take_counted(rest)?).ok()?;
    Some(PackedLine { number: *number, stream, time, text, runs })
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(taken)
}

fn take_counted<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(take_number(rest)?).ok()?;
    take(rest, length)
}

/// Seven bits a byte, the lowest first; the eighth says that there are more.
fn put_number(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(u8::try_from(number & 0x7f).unwrap_or_default() | 0x80);
        number >>= 7;
    }
    bytes.push(u8::try_from(number).unwrap_or_default());
}

fn put_length(bytes: &mut Vec<u8>, length: usize) {
    put_number(bytes, u64::try_from(length).unwrap_or_default());
}

fn take_number(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let byte = *take(rest, 1)?.first()?;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_was_put_in_comes_out(
            said in proptest::collection::vec(("\\PC{0,20}", 0..3_u8, proptest::option::of(any::<u64>()), 1..1000_u64), 0..20),
        ) {
            let mut block = Block::default();
            let mut number = 0;
            let mut expected = Vec::new();
            for (text, stream, time, step) in said {
                number += step;
                let stream = [Stream::Output, Stream::Error, Stream::Unknown][usize::from(stream)];
                let text = LogText::read(&format!("\u{1b}[3{}m{text}\u{1b}[0m.", step % 8), str::to_owned);
                block.push(number, (stream, time), &text);
                expected.push((number, stream, time, text));
            }
            let read: Vec<_> = lines(block.bytes()).map(|line| (line.number, line.stream, line.time, line.painted())).collect();
            prop_assert_eq!(read, expected);
        }

        #[test]
        fn bytes_of_somebody_else_break_nothing(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(lines(&bytes).map(|line| line.painted().text.len()).sum::<usize>() <= bytes.len());
        }
    }
}
