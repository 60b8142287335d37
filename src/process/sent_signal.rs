//! A signal that was sent from here, and whether the end of a process is its effect.

use std::fmt;

use super::state::{Exit, signal_name};

/// How long a program may take to clean up after a signal that asks it to end, in milliseconds: as long as a service has for that
/// when it declares nothing.
const SOON: u64 = 10_000;
/// SIGHUP, SIGINT, SIGQUIT, SIGKILL and SIGTERM: they ask a program to end.
const TERMINATING: [i32; 5] = [1, 2, 3, 9, 15];
/// A shell whose command was ended by a signal exits with this and its number.
const OF_A_SHELL: i32 = 128;

/// A signal that was sent to a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SentSignal {
    /// Its number.
    pub number: i32,
    /// When it was sent, in milliseconds since 1970.
    pub at: u64,
}

impl SentSignal {
    /// Whether a process that has ended so, then, has ended because of it: by this signal, or somehow soon after one that asks it to
    /// end. What fails later, or after a signal that asks for something else, has failed by itself.
    pub fn explains(&self, exit: &Exit, ended_at: u64) -> bool {
        let is_its_mark = match *exit {
            Exit::Signal(number) => number == self.number,
            Exit::Code(code) => code == OF_A_SHELL + self.number,
        };
        let is_soon = ended_at.saturating_sub(self.at) <= SOON;
        is_its_mark || (is_soon && TERMINATING.contains(&self.number))
    }
}

impl fmt::Display for SentSignal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match signal_name(self.number) {
            Some(name) => write!(formatter, "{name} was sent to it"),
            None => write!(formatter, "signal {} was sent to it", self.number),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_explains_an_end_by_it_and_any_end_soon_after_it_asked_for_one() {
        let explains = |number: i32, exit: Exit, after: u64| SentSignal { number, at: 1000 }.explains(&exit, 1000 + after);
        let day = 24 * 3600 * 1000;
        for (number, exit, after) in [
            (15, Exit::Signal(15), day),
            (15, Exit::Code(143), day),
            (10, Exit::Signal(10), 0),
            (15, Exit::Code(0), SOON),
            (2, Exit::Code(1), 5),
            (1, Exit::Signal(11), 5),
        ] {
            assert!(explains(number, exit, after), "{number} {exit} {after}");
        }
        for (number, exit, after) in [
            (15, Exit::Code(1), SOON + 1),
            (15, Exit::Signal(9), day),
            (10, Exit::Code(1), 0),
            (10, Exit::Signal(15), 0),
            (1, Exit::Code(0), day),
        ] {
            assert!(!explains(number, exit, after), "{number} {exit} {after}");
        }
        // Somebody has set the clock back.
        assert!(SentSignal { number: 15, at: day }.explains(&Exit::Code(1), 0));
    }

    #[test]
    fn it_is_named() {
        let named = [15, 50].map(|number| SentSignal { number, at: 0 }.to_string());
        assert_eq!(named, ["SIGTERM was sent to it", "signal 50 was sent to it"]);
    }
}
