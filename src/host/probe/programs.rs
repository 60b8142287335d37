//! An account of the programs that probes run: what is waited for now, and what took how long.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Programs that run, and those that have ended with how long they took; shared by all that look from one vantage.
#[derive(Debug, Clone, Default)]
pub struct Programs(Arc<Mutex<Runs>>);

#[derive(Debug, Default)]
struct Runs {
    running: Vec<String>,
    ended: Vec<Run>,
}

/// A program that was run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Its name, without its directory and arguments, which say where somebody works.
    pub program: String,
    /// How long it took.
    pub time: Duration,
}

impl Programs {
    fn lock(&self) -> MutexGuard<'_, Runs> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The programs that run at the moment.
    pub fn running(&self) -> Vec<String> {
        self.lock().running.clone()
    }

    pub(super) fn begin(&self, name: &str) {
        self.lock().running.push(name.to_owned());
    }

    pub(super) fn end(&self, name: &str, time: Duration) {
        let mut runs = self.lock();
        if let Some(place) = runs.running.iter().position(|running| running == name) {
            runs.running.swap_remove(place);
        }
        runs.ended.push(Run { program: name.to_owned(), time });
    }

    /// All that have ended, the slowest first; they are forgotten.
    pub(super) fn take(&self) -> Vec<Run> {
        let mut ended = std::mem::take(&mut self.lock().ended);
        ended.sort_by_key(|run| std::cmp::Reverse(run.time));
        ended
    }
}
