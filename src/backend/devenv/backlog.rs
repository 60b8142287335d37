//! What a stream repeats from before. It begins with the last 50 lines of every log and does not say where they end, so they are
//! counted beforehand; how many are wanted is another matter. Pure.

use std::collections::HashMap;

use crate::backend::overlap::new_lines;
use crate::process::Stream;

/// How many lines of each log a stream repeats.
pub(super) const REPEATED: usize = 50;
/// How many lines of each log are known for the next stream.
const KNOWN: usize = 100;

/// One log: the process and where it is said.
pub(super) type Log = (String, Stream);

/// What is expected to be repeated, and what is known.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    expected: HashMap<Log, Expected>,
    known: HashMap<Log, Vec<String>>,
}

#[derive(Debug)]
struct Expected {
    count: usize,
    held: Vec<String>,
    /// What is known from elsewhere, and how many lines of it all are wanted; only what is new after an interruption.
    earlier: Vec<String>,
    wanted: Option<usize>,
}

impl Backlog {
    /// Expects the lines of a log to be repeated. Of all before now, so many are wanted.
    pub(super) fn expect_first(&mut self, log: Log, lines: Vec<String>, wanted: usize) {
        let count = lines.len().min(REPEATED);
        self.expected.insert(log, Expected { count, held: Vec::new(), earlier: lines, wanted: Some(wanted) });
    }

    /// Expects lines to be repeated after an interruption: so many, of which some are known.
    pub(super) fn expect_again(&mut self, log: Log, count: usize) {
        let earlier = self.known.get(&log).cloned().unwrap_or_default();
        self.expected.insert(log, Expected { count: count.min(REPEATED), held: Vec::new(), earlier, wanted: None });
    }

    /// Forgets what is known: it is another manager's.
    pub(super) fn forget(&mut self) {
        self.known.clear();
    }

    /// Whether lines are held back.
    pub(super) fn is_waiting(&self) -> bool {
        !self.expected.is_empty()
    }

    /// Whether what comes next of a log is from before.
    pub(super) fn is_expected(&self, log: &Log) -> bool {
        self.expected.contains_key(log)
    }

    /// Takes a line of the stream and returns what is to be told.
    pub(super) fn take(&mut self, log: &Log, line: String) -> Vec<String> {
        let Some(expected) = self.expected.get_mut(log) else {
            self.learn(log, std::slice::from_ref(&line));
            return vec![line];
        };
        expected.held.push(line);
        if expected.held.len() < expected.count { Vec::new() } else { self.release(log) }
    }

    /// Gives up waiting, and returns what was held back: a log was emptied in between.
    pub(super) fn give_up(&mut self) -> Vec<(Log, Vec<String>)> {
        let logs: Vec<Log> = self.expected.keys().cloned().collect();
        logs.into_iter().map(|log| (log.clone(), self.release(&log))).collect()
    }

    /// Tells of a log of which nothing will be repeated.
    pub(super) fn release(&mut self, log: &Log) -> Vec<String> {
        let Some(Expected { held, mut earlier, wanted, .. }) = self.expected.remove(log) else { return Vec::new() };
        let fresh = if earlier.is_empty() { held.len() } else { new_lines(&earlier, &held, 0).unwrap_or(held.len()) };
        let fresh = last(&held, fresh).to_vec();
        let told = match wanted {
            None => fresh,
            Some(wanted) => {
                earlier.extend(fresh);
                last(&earlier, wanted).to_vec()
            }
        };
        self.learn(log, if told.is_empty() { &earlier } else { &told });
        told
    }

    fn learn(&mut self, log: &Log, lines: &[String]) {
        let known = self.known.entry(log.clone()).or_default();
        known.extend_from_slice(lines);
        if known.len() > KNOWN * 2 {
            known.drain(..known.len() - KNOWN);
        }
    }
}

fn last(lines: &[String], count: usize) -> &[String] {
    lines.get(lines.len().saturating_sub(count)..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(range: std::ops::Range<usize>) -> Vec<String> {
        range.map(|line| line.to_string()).collect()
    }

    fn log() -> Log {
        ("api".to_owned(), Stream::Output)
    }

    fn take(backlog: &mut Backlog, range: std::ops::Range<usize>) -> Vec<String> {
        lines(range).into_iter().flat_map(|line| backlog.take(&log(), line)).collect()
    }

    #[test]
    fn as_many_lines_as_are_wanted_are_told_and_then_each() {
        for (wanted, expected) in [(0, 100..103), (10, 90..103), (70, 30..103), (500, 0..103)] {
            let mut backlog = Backlog::default();
            backlog.expect_first(log(), lines(0..100), wanted);
            assert_eq!(take(&mut backlog, 50..103), lines(expected), "{wanted}");
        }
    }

    #[test]
    fn lines_between_counting_and_the_stream_are_told() {
        let mut backlog = Backlog::default();
        backlog.expect_first(log(), lines(0..100), 0);
        assert_eq!(take(&mut backlog, 53..104), lines(103..104));
        let mut backlog = Backlog::default();
        backlog.expect_first(log(), lines(0..20), 0);
        assert_eq!(take(&mut backlog, 0..23), lines(20..23));
    }

    #[test]
    fn after_an_interruption_only_news_are_told() {
        let mut backlog = Backlog::default();
        backlog.expect_first(log(), lines(0..60), 5);
        take(&mut backlog, 10..80);
        backlog.expect_again(log(), 50);
        assert_eq!(take(&mut backlog, 40..95), lines(80..95));
        backlog.forget();
        backlog.expect_again(log(), 2);
        assert_eq!(take(&mut backlog, 0..2), lines(0..2));
    }

    #[test]
    fn a_log_that_was_emptied_in_between_is_given_up_on() {
        let mut backlog = Backlog::default();
        backlog.expect_first(log(), lines(0..50), 3);
        assert!(take(&mut backlog, 500..502).is_empty() && backlog.is_waiting());
        assert_eq!(backlog.give_up(), [(log(), ["49", "500", "501"].map(str::to_owned).to_vec())]);
        assert!(!backlog.is_waiting());
    }
}
