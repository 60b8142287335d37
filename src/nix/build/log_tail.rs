//! The end of a build's log. It never grows beyond a limit: a build may write a gigabyte.

use std::collections::VecDeque;

use crate::plain_text::strip_escapes;

/// So many of the last lines are kept.
const MOST_LINES: usize = 2000;
/// So many bytes are kept of all of them together.
const MOST_BYTES: usize = 1024 * 1024;
/// So many bytes are kept of a line; it can be as long as its builder likes.
const MOST_OF_A_LINE: usize = 16 * 1024;
/// So many lines are enough of a build that succeeded.
const OF_A_SUCCESS: usize = 20;

/// The last lines of a log, without what a terminal would act on.
#[derive(Debug, Default)]
pub struct LogTail {
    lines: VecDeque<String>,
    bytes: usize,
    written: u64,
}

impl LogTail {
    /// Adds a line.
    pub fn push(&mut self, line: &str) {
        self.written += 1;
        let line = strip_escapes(cut(line));
        self.bytes += line.len();
        self.lines.push_back(line);
        while self.lines.len() > MOST_LINES || self.bytes > MOST_BYTES {
            self.drop_first();
        }
    }

    /// Keeps only what is worth a look when all went well.
    pub fn forget_most(&mut self) {
        while self.lines.len() > OF_A_SUCCESS {
            self.drop_first();
        }
        self.lines.shrink_to_fit();
    }

    fn drop_first(&mut self) {
        if let Some(line) = self.lines.pop_front() {
            self.bytes -= line.len();
        }
    }

    /// The lines that are kept, oldest first.
    pub fn lines(&self) -> impl DoubleEndedIterator<Item = &str> + ExactSizeIterator {
        self.lines.iter().map(String::as_str)
    }

    /// The line written last.
    pub fn last(&self) -> Option<&str> {
        self.lines.back().map(String::as_str)
    }

    /// How many lines were written, kept or not.
    pub const fn written(&self) -> u64 {
        self.written
    }
}

/// The beginning of a line that is too long.
fn cut(line: &str) -> &str {
    let mut end = line.len().min(MOST_OF_A_LINE);
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    line.get(..end).unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_end_within_its_limits() {
        let mut tail = LogTail::default();
        for number in 0..10_000 {
            tail.push(&format!("line {number}"));
        }
        assert_eq!((tail.lines().len(), tail.last(), tail.written()), (MOST_LINES, Some("line 9999"), 10_000));
        for _ in 0..1000 {
            tail.push(&"ä".repeat(MOST_OF_A_LINE));
        }
        assert!(tail.lines().map(str::len).sum::<usize>() <= MOST_BYTES);
        assert!(tail.lines().all(|line| line.len() <= MOST_OF_A_LINE));
        tail.forget_most();
        assert_eq!(tail.lines().len(), OF_A_SUCCESS);
    }

    #[test]
    fn holds_nothing_that_a_terminal_acts_on() {
        let mut tail = LogTail::default();
        tail.push("\u{1b}[31mred\u{1b}[0m \u{1b}]0;title\u{7}plain\u{1b}[2J");
        assert_eq!(tail.last(), Some("red plain"));
    }
}
