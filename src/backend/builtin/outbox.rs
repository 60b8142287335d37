//! What waits to be said to somebody who is connected. Whoever reads slowly, or not at all for a while, hears in the end how things
//! are then: what waits is bounded, and nothing is lost but what is no longer so.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::protocol::Answer;
use crate::process::Process;

/// As long as no more waits, every step of a process is kept; beyond it, only the newest of each.
const MOST_STEPS: usize = 256;

/// Whoever says something to somebody. When it is gone, everything was said.
#[derive(Debug)]
pub(super) struct Teller(Arc<Outbox>);

/// What is said to somebody, one after the other, to its end.
#[derive(Debug)]
pub(super) struct Told(Arc<Outbox>);

#[derive(Debug, Default)]
struct Outbox {
    waiting: Mutex<Waiting>,
    wake: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    answers: VecDeque<Answer>,
    is_closed: bool,
}

/// A way to say something to somebody.
pub(super) fn outbox() -> (Teller, Told) {
    let outbox = Arc::<Outbox>::default();
    (Teller(Arc::clone(&outbox)), Told(outbox))
}

impl Teller {
    /// Says something, and waits for nobody.
    pub(super) fn tell(&self, answer: Answer) {
        let mut waiting = self.0.lock();
        if !waiting.is_closed {
            waiting.add(answer);
            self.0.wake.notify_one();
        }
    }
}

impl Drop for Teller {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl Iterator for Told {
    type Item = Answer;

    fn next(&mut self) -> Option<Answer> {
        let mut waiting = self.0.lock();
        loop {
            if let Some(answer) = waiting.answers.pop_front() {
                return Some(answer);
            }
            if waiting.is_closed {
                return None;
            }
            waiting = self.0.wake.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        self.0.close();
        self.0.lock().answers.clear();
    }
}

impl Outbox {
    fn close(&self) {
        self.lock().is_closed = true;
        self.wake.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn add(&mut self, answer: Answer) {
        let has_many = self.answers.len() >= MOST_STEPS;
        match answer {
            Answer::Changed { process } => match self.last_of(&process.name) {
                Some(last) if has_many || differs_in_usage_alone(last, &process) => *last = process,
                _ => self.answers.push_back(Answer::Changed { process }),
            },
            Answer::LinesLost { process, lines, why } => match self.lost_of(&process) {
                Some(lost) => *lost = lost.saturating_add(lines),
                None => self.answers.push_back(Answer::LinesLost { process, lines, why }),
            },
            answer @ (Answer::Processes { .. } | Answer::Outcome(_) | Answer::Error { .. }) => self.answers.push_back(answer),
        }
    }

    /// The last that waits to be said of a process.
    fn last_of(&mut self, name: &str) -> Option<&mut Box<Process>> {
        self.answers.iter_mut().rev().find_map(|answer| match answer {
            Answer::Changed { process } if process.name == name => Some(process),
            _ => None,
        })
    }

    /// How many lost lines of a process wait to be told.
    fn lost_of(&mut self, name: &str) -> Option<&mut u64> {
        self.answers.iter_mut().find_map(|answer| match answer {
            Answer::LinesLost { process, lines, .. } if process == name => Some(lines),
            _ => None,
        })
    }
}

fn differs_in_usage_alone(one: &Process, other: &Process) -> bool {
    Process { usage: None, ..one.clone() } == Process { usage: None, ..other.clone() }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use pretty_assertions::assert_eq;

    use super::*;
    use crate::process::{ProcessState, Usage};

    fn changed(name: &str, restarts: u32, memory: u64) -> Answer {
        let usage = Some(Usage { cpu: 1.0, memory });
        Answer::Changed { process: Box::new(Process { restarts, usage, ..Process::new(name, ProcessState::Running) }) }
    }

    fn said(told: Told) -> Vec<String> {
        let word = |answer| match answer {
            Answer::Changed { process } => format!("{} {} {}", process.name, process.restarts, process.usage.unwrap().memory),
            Answer::LinesLost { process, lines, .. } => format!("{process} lost {lines}"),
            other => format!("{other:?}"),
        };
        told.map(word).collect()
    }

    #[test]
    fn every_step_is_told_and_of_what_is_used_only_the_newest() {
        let (teller, told) = outbox();
        for answer in [changed("a", 0, 1), changed("b", 0, 1), changed("a", 0, 2), changed("a", 1, 3), changed("b", 0, 4)] {
            teller.tell(answer);
        }
        drop(teller);
        assert_eq!(said(told), ["a 0 2", "b 0 4", "a 1 3"]);
    }

    #[test]
    fn nobody_keeps_everything_for_who_does_not_read() {
        let (teller, told) = outbox();
        for restarts in 0..10_000 {
            teller.tell(changed("a", restarts, 1));
            teller.tell(changed("b", restarts, 1));
            teller.tell(Answer::LinesLost { process: "a".to_owned(), lines: 2, why: String::new() });
        }
        drop(teller);
        let said = said(told);
        assert!(said.len() <= MOST_STEPS + 3, "{}", said.len());
        for newest in ["a 9999 1", "b 9999 1", "a lost 20000"] {
            assert!(said.iter().any(|said| said == newest), "{newest}");
        }
    }

    #[test]
    fn whoever_is_gone_is_told_nothing_and_an_end_is_heard_by_who_waits() {
        let (teller, told) = outbox();
        drop(told);
        teller.tell(changed("a", 0, 1));
        assert!(teller.0.lock().answers.is_empty());
        let (teller, mut told) = outbox();
        let listener = thread::spawn(move || (told.next().is_some(), told.next().is_none()));
        teller.tell(changed("a", 0, 1));
        drop(teller);
        assert_eq!(listener.join().unwrap(), (true, true));
    }
}
