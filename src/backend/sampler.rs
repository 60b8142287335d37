//! What processes use of the machine, from one look at the system's table to the next.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::host::process_table::{self, ProcessTable, Spent};
use crate::process::{Process, Usage};

/// From one look to the next.
const PERIOD: Duration = Duration::from_secs(1);

/// Looks at the table and remembers what it saw.
#[derive(Debug, Default)]
pub(super) struct Sampler {
    last: Option<Duration>,
    /// By the names of processes.
    seen: BTreeMap<String, Seen>,
}

#[derive(Debug, Clone, Copy)]
struct Seen {
    pid: u32,
    spent: Spent,
    usage: Usage,
}

impl Sampler {
    /// How long until the next look.
    pub(super) fn next(&self, elapsed: Duration) -> Duration {
        self.last.map_or(Duration::ZERO, |last| (last + PERIOD).saturating_sub(elapsed))
    }

    pub(super) fn is_due(&self, elapsed: Duration) -> bool {
        self.next(elapsed).is_zero()
    }

    /// What a process used at the last look, when it is the same.
    pub(super) fn usage(&self, process: &Process) -> Option<Usage> {
        self.seen.get(&process.name).filter(|seen| process.pid == Some(seen.pid)).map(|seen| seen.usage)
    }

    /// Looks, unless that was done a moment ago.
    pub(super) fn sample_when_old<'a>(&mut self, processes: impl Iterator<Item = &'a Process>, elapsed: Duration) {
        if self.is_due(elapsed) {
            self.sample(processes, elapsed);
        }
    }

    /// Looks. What a process has used before it was first looked at counts from its start.
    pub(super) fn sample<'a>(&mut self, processes: impl Iterator<Item = &'a Process>, elapsed: Duration) {
        let table = ProcessTable::read();
        let clock = crate::host::clock::now_milliseconds();
        let since_last = self.last.map(|last| elapsed.saturating_sub(last));
        let look = |process: &Process| {
            let pid = process.pid?;
            let spent = table.spent(pid);
            let (before, milliseconds) = match (self.seen.get(&process.name), since_last) {
                (Some(known), Some(since)) if known.pid == pid => {
                    (known.spent, u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
                }
                _ => (Spent::default(), clock.saturating_sub(process.started.unwrap_or(clock))),
            };
            Some((process.name.clone(), Seen { pid, spent, usage: process_table::usage(before, spent, milliseconds) }))
        };
        let seen = processes.filter_map(look).collect();
        self.seen = seen;
        self.last = Some(elapsed);
    }
}
