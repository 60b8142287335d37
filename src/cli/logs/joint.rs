//! Where lines that are followed join those that were read before: some are heard again, so that none is missed in between.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::process::LogLine;

/// How many lines of each process are heard again.
pub(super) const HEARD_AGAIN: usize = 1000;

/// The newest line of each process that was read.
#[derive(Debug, Default)]
pub(super) struct Joint {
    newest: BTreeMap<String, LogLine>,
}

impl Joint {
    /// Notes a line that is read. Of each process the newest comes first.
    pub(super) fn note(&mut self, line: &LogLine) {
        self.newest.entry(line.process.to_string()).or_insert_with(|| line.clone());
    }

    /// Of what is heard, the lines that were not read. What is heard of a process first begins with those that are heard again.
    pub(super) fn new_lines(&mut self, mut heard: Vec<LogLine>) -> Vec<LogLine> {
        if self.newest.is_empty() {
            return heard;
        }
        let processes: BTreeSet<Arc<str>> = heard.iter().map(|line| Arc::clone(&line.process)).collect();
        for process in processes {
            let Some(newest) = self.newest.remove(&*process) else { continue };
            let Some(place) = heard.iter().rposition(|line| *line == newest) else { continue };
            let later = heard.split_off(place + 1);
            heard.retain(|line| line.process != process);
            heard.extend(later);
        }
        heard
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::Stream;

    fn line(process: &str, time: u64) -> LogLine {
        LogLine { process: process.into(), stream: Stream::Output, time: Some(time), text: format!("at {time}") }
    }

    #[test]
    fn each_line_is_read_or_heard_once() {
        let mut joint = Joint::default();
        for time in [5, 4] {
            joint.note(&line("web", time));
        }
        joint.note(&line("api", 4));
        let heard = |joint: &mut Joint, lines: &[(&str, u64)]| -> Vec<(String, u64)> {
            let lines = lines.iter().map(|(process, time)| line(process, *time)).collect();
            joint.new_lines(lines).into_iter().map(|line| (line.process.to_string(), line.time.unwrap())).collect()
        };
        let own = |lines: &[(&str, u64)]| -> Vec<(String, u64)> {
            lines.iter().map(|(name, time)| ((*name).to_owned(), *time)).collect()
        };
        assert_eq!(heard(&mut joint, &[("web", 3), ("web", 4), ("web", 5), ("web", 6)]), own(&[("web", 6)]));
        // The clock may go back.
        assert_eq!(heard(&mut joint, &[("web", 5), ("api", 3), ("new", 1), ("api", 4)]), own(&[("web", 5), ("new", 1)]));
        assert_eq!(heard(&mut joint, &[("api", 4)]), own(&[("api", 4)]));
    }

    #[test]
    fn when_more_was_said_than_is_heard_again_all_of_it_is_new() {
        let mut joint = Joint::default();
        joint.note(&line("web", 1));
        assert_eq!(joint.new_lines(vec![line("web", 8), line("web", 9)]).len(), 2);
    }
}
