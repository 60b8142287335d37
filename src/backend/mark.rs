//! The mark that everything carries which a runner has started, in its environment: what has gone its own way is found by it.

use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::host::process_table;

/// The variable.
pub(super) const VARIABLE: &str = "NIXSTART_PROCESS";
/// How long what is left may take to end by itself.
const GRACE: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(5);

/// The value for everything of a runner.
pub(super) fn of_runner(mark: &str) -> String {
    format!("{mark}:")
}

/// The value for everything of a process of a runner: it begins like that of the runner.
pub(super) fn of_process(of_runner: &str, index: usize) -> String {
    format!("{of_runner}{index}.")
}

/// The value for everything of the command that stops a process. It is none of the process, whose end is not that of the command.
pub(super) fn of_stop(of_runner: &str, index: usize) -> String {
    format!("{of_runner}stop-{index}.")
}

/// The assignment as it is in an environment.
pub(super) fn assignment(value: &str) -> String {
    format!("{VARIABLE}={value}")
}

/// Ends everything whose mark begins so: it is asked first.
pub(super) fn end(assignment: &str) {
    let left = process_table::marked(assignment);
    if left.is_empty() {
        return;
    }
    for pid in left {
        kill_one(pid, Signal::TERM);
    }
    wait_while(&|| !process_table::marked(assignment).is_empty());
    for pid in process_table::marked(assignment) {
        kill_one(pid, Signal::KILL);
    }
}

/// Waits for a moment until something is no more.
pub(super) fn wait_while(is_left: &dyn Fn() -> bool) {
    let deadline = Instant::now() + GRACE;
    while is_left() && Instant::now() < deadline {
        thread::sleep(PAUSE);
    }
}

/// Sends a signal to one process. Gone already is what we want.
pub(super) fn kill_one(pid: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        let _gone = kill_process(pid, signal);
    }
}
