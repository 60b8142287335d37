//! What processes use of the machine, with everything they have started. process-compose measures the first process of each alone, so the
//! table of processes is asked, as far as the numbers are those of this machine: process-compose may run in a container.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::backend::sampler::Sampler;
use crate::host::process_table;
use crate::process::Process;

/// How far the two clocks may be apart by which process-compose and the system tell when a process was started, in milliseconds.
const SAME_START: u64 = 5_000;

/// What was seen.
pub(super) struct Usages {
    began: Instant,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    sampler: Sampler,
    /// Whether the number of a process is one of this machine.
    is_here: HashMap<(String, u32), bool>,
}

impl Default for Usages {
    fn default() -> Self {
        Self { began: Instant::now(), seen: Mutex::default() }
    }
}

impl Usages {
    /// Looks at what these use, unless that was done a moment ago, and says it of each.
    pub(super) fn look(&self, processes: &mut [Process]) {
        let mut seen = self.seen();
        let numbers: Vec<(String, u32)> =
            processes.iter().filter_map(|process| Some((process.name.clone(), process.pid?))).collect();
        seen.is_here.retain(|known, _| numbers.contains(known));
        let here: Vec<Process> = processes.iter().filter(|process| seen.is_here(process)).cloned().collect();
        seen.sampler.sample_when_old(here.iter(), self.began.elapsed());
        drop(seen);
        for process in processes {
            self.fill(process);
        }
    }

    /// Says of a process what was seen; what process-compose says of it stays where nothing was.
    pub(super) fn fill(&self, process: &mut Process) {
        let seen = self.seen().sampler.usage(process).filter(|usage| usage.memory > 0 && process.state.is_alive());
        process.usage = seen.or(process.usage);
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    fn is_here(&mut self, process: &Process) -> bool {
        let (Some(pid), Some(started)) = (process.pid.filter(|_| process.state.is_alive()), process.started) else {
            return false;
        };
        *self.is_here.entry((process.name.clone(), pid)).or_insert_with(|| {
            let begun = process_table::begun(pid).and_then(process_table::moment);
            begun.is_some_and(|begun| begun.abs_diff(started) < SAME_START)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::clock;
    use crate::process::{ProcessState, Usage};

    #[cfg(target_os = "linux")]
    #[test]
    fn a_number_of_another_machine_is_not_looked_up() {
        let told = Some(Usage { cpu: 1.0, memory: 1 });
        let pid = std::process::id();
        let begun = process_table::begun(pid).and_then(process_table::moment);
        let process = |started| Process { pid: Some(pid), started, usage: told, ..Process::new("web", ProcessState::Running) };
        let usage = |started| {
            let mut processes = [process(started)];
            Usages::default().look(&mut processes);
            processes[0].usage
        };
        assert!(usage(begun).is_some_and(|usage| usage.memory > 1));
        assert_eq!(usage(Some(clock::now_milliseconds() - 3_600_000_000)), told);
        assert_eq!(usage(None), told);
    }
}
