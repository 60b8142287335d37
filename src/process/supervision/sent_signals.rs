//! The signals that somebody has sent to a program since it was started.

use crate::process::{Exit, SentSignal};

/// The newest of each number: an older one explains no more than that.
#[derive(Debug, Clone, Default)]
pub(super) struct SentSignals(Vec<SentSignal>);

impl SentSignals {
    pub(super) fn push(&mut self, signal: SentSignal) {
        self.0.retain(|sent| sent.number != signal.number);
        self.0.push(signal);
    }

    /// The one that the program has ended by, if any. Of several that may be it, the newest is.
    pub(super) fn explanation(&self, exit: Exit, ended_at: u64) -> Option<SentSignal> {
        let by_number = |sent: &&SentSignal| exit == Exit::Signal(sent.number);
        let explaining = || self.0.iter().rev().filter(|sent| sent.explains(&exit, ended_at));
        explaining().find(by_number).or_else(|| explaining().next()).copied()
    }

    /// The clock says another time than was to be expected.
    pub(super) fn shift(&mut self, expected: u64, clock: u64) {
        for sent in &mut self.0 {
            sent.at = sent.at.saturating_add(clock).saturating_sub(expected);
        }
    }
}
