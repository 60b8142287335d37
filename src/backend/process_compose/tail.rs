//! The end of one log, put together from two sources that both have holes. The stream cuts what comes faster than it is read
//! (≥ 1.116: the newest of more than 256 lines), and the log itself holds the last thousand. So the log is what counts, and the
//! stream says when to look, and what the log does not hold any more. Pure: it is given both.

use crate::backend::overlap::new_lines;

/// How many lines are compared. It is what process-compose keeps when nothing else is said.
const KNOWN: usize = 1000;
/// How many lines wait for a stream that cuts before it does.
const QUEUE: usize = 256;

/// The end of a log as far as it is known.
#[derive(Debug, Default)]
pub(super) struct Tail {
    /// Lines that were handed on, the newest last.
    known: Vec<String>,
    /// Lines of the stream since the log was read.
    frames: Vec<String>,
    /// Lines of the log whose frames are still to come, as far as they come.
    ahead: usize,
    /// The same, when none was cut.
    lag: usize,
    /// How many lines the log had when it was read in full.
    length: usize,
    trust: Trust,
}

/// Whether a stream has every line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Trust {
    /// It has (≤ 1.110).
    Whole,
    /// It cuts bursts.
    #[default]
    Cut,
}

/// What reading the log has brought.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Merge {
    /// These are new.
    New(Vec<String>),
    /// These are new, and lines before them were lost.
    NewAfterLoss(Vec<String>),
    /// What was read does not reach back to what is known.
    ReadMore,
}

/// How much of a log was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// Its last lines.
    Some,
    /// All of it.
    Whole,
}

impl Tail {
    /// A log whose last lines were handed on already, or are not wanted.
    pub(super) fn after(lines: Vec<String>, trust: Trust) -> Self {
        // (Every stream begins with one line from before.)
        let lag = usize::from(!lines.is_empty());
        let mut tail = Self { length: lines.len(), trust, ahead: lag, lag, ..Self::default() };
        tail.learn(&lines);
        tail
    }

    /// Takes a line of the stream.
    pub(super) fn heard(&mut self, line: String) {
        self.frames.push(line);
    }

    /// How many lines are worth reading: those that were heard of, and a few more to find the join.
    pub(super) fn worth_reading(&self) -> usize {
        self.frames.len() * 2 + 32
    }

    /// Takes lines of the log.
    pub(super) fn read(&mut self, fetched: &[String], reach: Reach) -> Merge {
        let counted = self.frames.len().saturating_sub(self.ahead);
        let is_whole_story = self.frames.is_empty() || self.frames.first() == fetched.first();
        if self.known.is_empty() && reach == Reach::Whole && is_whole_story {
            return self.join(Vec::new(), fetched);
        }
        if let Some(count) = new_lines(&self.known, fetched, counted) {
            return self.join(Vec::new(), last(fetched, count));
        }
        if reach == Reach::Some {
            return Merge::ReadMore;
        }
        if fetched.len() < self.length {
            // The log was emptied: nothing is lost that anybody could still have.
            self.known.clear();
            return self.join(Vec::new(), fetched);
        }
        self.fill(fetched)
    }

    /// Closes the gap between what is known and the log with what the stream has said.
    fn fill(&mut self, fetched: &[String]) -> Merge {
        // A stream that does not join may lag behind, and nobody could tell where.
        let unjoined = if self.lag == 0 { self.frames.len() } else { 0 };
        let fresh = new_lines(&self.known, &self.frames, 0).unwrap_or(unjoined);
        let between = last(&self.frames, fresh).to_vec();
        // A hole that ends where the log begins looks like none.
        let is_certain = self.trust == Trust::Whole || self.frames.len() < QUEUE;
        let judged = |merge| match merge {
            Merge::New(lines) if !is_certain => Merge::NewAfterLoss(lines),
            other => other,
        };
        for until in (1..=between.len()).rev() {
            let between = between.get(..until).unwrap_or_default();
            if let Some(count) = new_lines(between, fetched, 0) {
                return judged(self.join(between.to_vec(), last(fetched, count)));
            }
        }
        let before = before_hole(&between, fetched).to_vec();
        match self.join(before, fetched) {
            Merge::New(lines) => Merge::NewAfterLoss(lines),
            other => other,
        }
    }

    fn join(&mut self, mut new: Vec<String>, fetched: &[String]) -> Merge {
        new.extend_from_slice(fetched);
        let heard = std::mem::take(&mut self.frames).len();
        self.lag = (self.lag + new.len()).saturating_sub(heard);
        // A frame may come after the line was read; one that was cut never does, which a quiet moment tells.
        self.ahead = if new.is_empty() { 0 } else { (self.ahead + new.len()).saturating_sub(heard).min(KNOWN) };
        self.length = self.length.max(fetched.len());
        self.learn(&new);
        Merge::New(new)
    }

    fn learn(&mut self, lines: &[String]) {
        self.known.extend_from_slice(lines);
        let surplus = self.known.len().saturating_sub(KNOWN);
        self.known.drain(..surplus);
    }
}

/// The lines of a stream that the log does not hold: those before its hole. What comes after it is in the log, in the same order.
fn before_hole<'a>(frames: &'a [String], log: &[String]) -> &'a [String] {
    let mut log = log.iter().rev();
    let in_log = frames.iter().rev().take_while(|frame| log.any(|line| line == *frame)).count();
    frames.get(..frames.len() - in_log).unwrap_or_default()
}

/// The last lines.
pub(super) fn last(lines: &[String], count: usize) -> &[String] {
    lines.get(lines.len().saturating_sub(count)..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use proptest::prelude::*;

    use super::*;

    fn lines(range: std::ops::Range<usize>) -> Vec<String> {
        range.map(|line| line.to_string()).collect()
    }

    /// The end of a log of ten lines, and a stream that begins with the last of them.
    fn begun(trust: Trust) -> Tail {
        let mut tail = Tail::after(lines(0..10), trust);
        tail.heard("9".to_owned());
        tail
    }

    fn hear(tail: &mut Tail, lines: impl IntoIterator<Item = String>) {
        for line in lines {
            tail.heard(line);
        }
    }

    #[test]
    fn a_burst_that_the_stream_has_cut_comes_from_the_log() {
        let mut tail = begun(Trust::Cut);
        hear(&mut tail, lines(10..266));
        assert_eq!(tail.read(&lines(500..900), Reach::Some), Merge::ReadMore);
        assert_eq!(tail.read(&lines(0..900), Reach::Whole), Merge::New(lines(10..900)));
        assert_eq!(tail.read(&lines(800..900), Reach::Some), Merge::New(Vec::new()));
    }

    #[test]
    fn a_burst_that_the_log_has_lost_comes_from_the_stream() {
        let mut tail = begun(Trust::Whole);
        hear(&mut tail, lines(10..3000));
        assert_eq!(tail.read(&lines(2000..3000), Reach::Whole), Merge::New(lines(10..3000)));
    }

    #[test]
    fn a_process_may_begin_with_a_burst() {
        let mut tail = Tail::after(Vec::new(), Trust::Whole);
        hear(&mut tail, lines(0..3000));
        assert_eq!(tail.read(&lines(2000..3000), Reach::Whole), Merge::New(lines(0..3000)));
    }

    #[test]
    fn what_both_have_lost_is_said() {
        let mut tail = begun(Trust::Cut);
        hear(&mut tail, lines(10..266));
        let expected: Vec<String> = lines(10..266).into_iter().chain(lines(2000..3000)).collect();
        assert_eq!(tail.read(&lines(2000..3000), Reach::Whole), Merge::NewAfterLoss(expected));
    }

    #[test]
    fn what_comes_after_a_hole_is_told_once() {
        let mut tail = begun(Trust::Cut);
        hear(&mut tail, lines(10..266).into_iter().chain(lines(2500..2510)));
        let expected: Vec<String> = lines(10..266).into_iter().chain(lines(2000..3000)).collect();
        assert_eq!(tail.read(&lines(2000..3000), Reach::Whole), Merge::NewAfterLoss(expected));
    }

    #[test]
    fn a_stream_with_a_hole_is_used_as_far_as_it_joins() {
        let mut tail = begun(Trust::Cut);
        hear(&mut tail, lines(10..240).into_iter().chain(lines(400..405)));
        assert_eq!(tail.read(&lines(200..1200), Reach::Whole), Merge::New(lines(10..1200)));
        // From now on it may lag.
        hear(&mut tail, lines(1200..1500));
        assert_eq!(tail.read(&lines(1490..2490), Reach::Whole), Merge::NewAfterLoss(lines(1490..2490)));
    }

    #[test]
    fn a_log_that_was_emptied_begins_anew() {
        let mut tail = begun(Trust::Cut);
        assert_eq!(tail.read(&lines(20..22), Reach::Whole), Merge::New(lines(20..22)));
        assert_eq!(tail.read(&[], Reach::Whole), Merge::New(Vec::new()));
    }

    #[test]
    fn equal_lines_are_counted_by_the_stream() {
        let ticks = |count: usize| vec!["tick".to_owned(); count];
        let mut tail = Tail::after(ticks(40), Trust::Cut);
        hear(&mut tail, ticks(2));
        assert_eq!(tail.read(&ticks(34), Reach::Some), Merge::New(ticks(1)));
        assert_eq!(tail.read(&ticks(34), Reach::Some), Merge::New(Vec::new()));
    }

    proptest! {
        #[test]
        fn nothing_is_lost_or_repeated_while_the_log_reaches_back(steps in proptest::collection::vec((0..400_usize, 0..300_usize), 1..20)) {
            let (mut tail, mut said, mut got) = (Tail::default(), 0, Vec::new());
            for (new, streamed) in steps {
                hear(&mut tail, lines(said..said + new).into_iter().take(streamed));
                said += new;
                for (count, reach) in [(tail.worth_reading(), Reach::Some), (1000, Reach::Whole)] {
                    match tail.read(&lines(said.saturating_sub(count)..said), reach) {
                        Merge::New(lines) => { got.extend(lines); break }
                        Merge::ReadMore => {}
                        Merge::NewAfterLoss(_) => prop_assert!(false),
                    }
                }
            }
            prop_assert_eq!(got, lines(0..said));
        }

        #[test]
        fn what_is_lost_is_told_and_the_rest_is_in_order(steps in proptest::collection::vec((0..1500_usize, 0..600_usize), 1..20)) {
            let (mut tail, mut said, mut got, mut is_told) = (Tail::after(Vec::new(), Trust::Cut), 0, Vec::new(), false);
            let mut queue: VecDeque<String> = VecDeque::new();
            for (new, streamed) in steps {
                for line in lines(said..said + new) {
                    if queue.len() < QUEUE {
                        queue.push_back(line);
                    }
                }
                said += new;
                hear(&mut tail, queue.drain(..streamed.min(queue.len())));
                let log = |count: usize| lines(said.saturating_sub(count)..said);
                let mut merge = tail.read(&log(tail.worth_reading().min(1000)), Reach::Some);
                if merge == Merge::ReadMore {
                    merge = tail.read(&log(1000), Reach::Whole);
                }
                match merge {
                    Merge::New(lines) => got.extend(lines),
                    Merge::NewAfterLoss(lines) => { got.extend(lines); is_told = true }
                    Merge::ReadMore => prop_assert!(false),
                }
            }
            let got: Vec<usize> = got.iter().map(|line| line.parse().unwrap()).collect();
            prop_assert!(got.is_sorted_by(|one, other| one < other));
            prop_assert!(got.len() == said || is_told, "{} of {said}", got.len());
        }
    }
}
