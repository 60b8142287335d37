//! What processes say, from the files that the runner writes it to. However much that is, each look takes in a bounded part of it, so
//! that whoever follows the lines hears of everything else in time; what comes too fast to be read is told to be lost.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use camino::Utf8PathBuf;

use crate::backend::{Follow, Sink};
use crate::host::log_file::{Backlog, Follower, News};
use crate::process::{Event, LogLine};

/// How many bytes are read at one look, of all processes together. Whoever takes the lines in may have a lot to do with each.
const MOST_AT_ONCE: u64 = 64 << 10;
/// How many of one process, however many others there are.
const LEAST_OF_EACH: u64 = 4 << 10;
/// How long the last words of a process that has ended are read, while others go on.
const LAST_WORDS: Duration = Duration::from_millis(100);
/// How long it is read what is left when everything has ended.
const THE_REST: Duration = Duration::from_secs(10);
const TOO_FAST: &str = "they came faster than they were read";

/// The lines of the processes that somebody wants to hear.
pub(super) struct Lines {
    logs: Utf8PathBuf,
    wanted: Follow,
    backlog: Backlog,
    sink: Sink,
    followers: BTreeMap<String, Follower>,
    has_more: bool,
}

impl Lines {
    pub(super) fn of(logs: Utf8PathBuf, wanted: Follow, backlog: Backlog, sink: Sink) -> Self {
        Self { logs, wanted, backlog, sink, followers: BTreeMap::new(), has_more: false }
    }

    /// Whether there were more lines at the last look than were taken in.
    pub(super) const fn has_more(&self) -> bool {
        self.has_more
    }

    /// Follows the lines of a process, when they are wanted: some from before, then those that come.
    pub(super) fn follow(&mut self, name: &str) {
        let is_wanted = match &self.wanted {
            Follow::Nobody => false,
            Follow::Everybody => true,
            Follow::These(names) => names.iter().any(|wanted| wanted == name),
        };
        if !is_wanted || self.followers.contains_key(name) {
            return;
        }
        let (follower, before) = Follower::after(&self.logs, name, self.backlog);
        if !before.is_empty() {
            (self.sink.on_lines)(before);
        }
        self.followers.insert(name.to_owned(), follower);
    }

    /// Hands on what was said since, of all processes in the order of time, as far as one look goes.
    pub(super) fn say_new(&mut self) {
        let count = u64::try_from(self.followers.len()).unwrap_or(u64::MAX).max(1);
        let most = (MOST_AT_ONCE / count).max(LEAST_OF_EACH);
        let mut of_each = Vec::new();
        self.has_more = false;
        for (name, follower) in &mut self.followers {
            let News { lines, has_more, has_gap } = follower.read_new(most);
            self.has_more |= has_more;
            if has_gap {
                tell_gap(&self.sink, name);
            }
            of_each.push(lines);
        }
        say(&self.sink, in_order(of_each.into_iter()));
    }

    /// What a process said before it ended comes before its end, unless that is so much that nobody would hear of the end.
    pub(super) fn say_before_the_end_of(&mut self, name: &str) {
        self.say_new();
        let Some(follower) = self.followers.get_mut(name) else { return };
        let deadline = Instant::now() + LAST_WORDS;
        while Instant::now() < deadline {
            let News { lines, has_more, has_gap } = follower.read_new(MOST_AT_ONCE);
            if has_gap {
                tell_gap(&self.sink, name);
            }
            say(&self.sink, lines);
            if !has_more {
                return;
            }
        }
    }

    /// Hands on everything that is left, when nobody writes any more. Where that takes too long, it is told.
    pub(super) fn say_the_rest(&mut self) {
        let deadline = Instant::now() + THE_REST;
        loop {
            self.say_new();
            if !self.has_more {
                return;
            }
            if Instant::now() > deadline {
                return self.followers.keys().for_each(|name| tell_gap(&self.sink, name));
            }
        }
    }
}

fn say(sink: &Sink, lines: Vec<LogLine>) {
    if !lines.is_empty() {
        (sink.on_lines)(lines);
    }
}

fn tell_gap(sink: &Sink, process: &str) {
    (sink.on_event)(Event::LinesLost { process: process.to_owned(), lines: None, why: Some(TOO_FAST.to_owned()) });
}

/// The lines of several processes in the order of time. Those of one stay in theirs, whatever the clock was set to meanwhile.
fn in_order(of_each: impl Iterator<Item = Vec<LogLine>>) -> Vec<LogLine> {
    let mut all: Vec<(Option<u64>, LogLine)> = Vec::new();
    for lines in of_each {
        let mut newest = None;
        all.extend(lines.into_iter().map(|line| {
            newest = newest.max(line.time);
            (newest, line)
        }));
    }
    all.sort_by_key(|(time, _)| *time);
    all.into_iter().map(|(_, line)| line).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use pretty_assertions::assert_eq;

    use super::*;
    use crate::host::log_file::{self, LogWriter};
    use crate::process::Stream;

    #[test]
    fn lines_are_in_the_order_of_time_and_of_their_process_although_the_clock_was_set_back() {
        let said = |process: &str, times: &[u64]| -> Vec<LogLine> {
            let line = |(at, time): (usize, &u64)| LogLine {
                process: process.into(),
                stream: Stream::Output,
                time: Some(*time),
                text: format!("{process}{at}"),
            };
            times.iter().enumerate().map(line).collect()
        };
        let lines = in_order([said("a", &[10, 30, 5, 6]), said("b", &[20, 40])].into_iter());
        let texts: Vec<&str> = lines.iter().map(|line| line.text.as_str()).collect();
        assert_eq!(texts, ["a0", "b0", "a1", "a2", "a3", "b1"]);
    }

    #[test]
    fn one_look_is_bounded_however_much_was_said_and_the_rest_comes_later() {
        let directory = tempfile::tempdir().unwrap();
        let logs = Utf8PathBuf::from_path_buf(directory.path().to_owned()).unwrap();
        let heard = Arc::new(Mutex::new(0));
        let counted = Arc::clone(&heard);
        let sink = Sink {
            on_lines: Arc::new(move |lines| *counted.lock().unwrap() += lines.len()),
            on_event: Arc::new(|event| panic!("{event:?}")),
        };
        let mut lines = Lines::of(logs.clone(), Follow::Everybody, Backlog::Lines(0), sink);
        lines.follow("noisy");
        let mut writer = LogWriter::open(&log_file::path(&logs, "noisy")).unwrap();
        // Twelve MiB: each line has thirteen bytes before it and one behind.
        let line = [b'x'; 1010];
        writer.append(Stream::Output, 1_000_000_000, std::iter::repeat_n(&line[..], 12 * 1024)).unwrap();
        lines.say_new();
        assert_eq!((*heard.lock().unwrap(), lines.has_more()), (64, true));
        lines.say_before_the_end_of("noisy");
        assert!(*heard.lock().unwrap() > 128);
        lines.say_the_rest();
        assert_eq!((*heard.lock().unwrap(), lines.has_more()), (12 * 1024, false));
    }
}
